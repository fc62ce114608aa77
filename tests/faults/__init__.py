"""What may go wrong: processes that are killed, disks that are full, files that are damaged, hostile input."""
