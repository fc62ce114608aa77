"""What ends a study, and folders that cannot be used."""

from __future__ import annotations

from tunefork.errors.base import TuneforkError


class StoreError(TuneforkError):
    """A study's folder that cannot be used.

    Cause: The folder holds no study, cannot be written, or lacks a run's model; also whatever the operating system
    refuses.
    Remedy: Check the path, its permissions and the disk. `tunefork doctor DIR` says what is wrong in a study's
    folder.
    Example: There is no study in this folder (out). Run `tunefork run STUDY.yaml` first, or name the folder that it
    wrote.
    """


class DamagedError(StoreError):
    """Files that are not what was written: truncated, changed, missing.

    Cause: A file was truncated, changed or removed after it was written, or the machine went down while it was.
    Remedy: `tunefork doctor DIR --repair` puts damaged files away; the same command then trains what is missing.
    Example: A folder was not written to its end (checkpoint). Found: no manifest.
    """


class OtherStudyError(StoreError):
    """A folder that holds another study than the one that is to be run, or the same with other rows or libraries.

    Cause: The study file, the rows, the model's files or a library are not those that the folder began with.
    Remedy: Choose another folder with `-o`, begin anew beside it with `--fork`, or undo the change.
    Example: The folder holds another study (out). Found: data.split_seed was 0 and is 1. Choose another folder with
    -o, begin anew beside it with --fork, or delete this one.
    """


class BusyError(StoreError):
    """Another process is at work in a study's folder.

    Cause: Two commands were given the same folder. A process that was killed holds nothing.
    Remedy: Wait, stop the other with `tunefork stop DIR`, or choose another folder with `-o`.
    Example: Another process is at work in this folder (out). Found: process 4711 on here, since 2026-11-28
    09:30:00. Wait for it or stop it, or choose another folder with -o.
    """


class DiskFullError(StoreError):
    """There is no room for what has to be written; what was written before is whole.

    Cause: The study needs more than is free, which is looked at beforehand; or something else filled the disk
    meanwhile.
    Remedy: Make room and run the same command again: it goes on where it was.
    Example: There is no room on the disk for the models, answers and checkpoints of 1 run (out). Found: about 4 MiB
    are needed and 0 MiB are free. Make room, choose a folder on another disk with -o, or train fewer runs at a time
    (--workers 1).
    """


class StoppedError(TuneforkError):
    """A study was asked to stop, has kept where it was, and can be continued.

    Cause: ^C, SIGTERM or `tunefork stop`.
    Remedy: Run the same command again; it goes on with the very bits.
    Example: Stopped; everything up to here is kept (out). Run the same command again to continue, or: tunefork run
    out/study.yaml -o out

    Args:
        signal: its number; the exit status is 128 more.
    """

    def __init__(self, signal: int, *, where: str = "", fix: str = "") -> None:
        self.signal, self.exit_status = signal, 128 + signal
        super().__init__("Stopped; everything up to here is kept", where=where, fix=fix)


class RunnerError(TuneforkError):
    """What trains the runs cannot go on: a worker process died.

    Cause: Worker processes died more than once over the same runs, or a cluster does not answer or has other
    versions.
    Remedy: Read what was found: mostly memory. Try `--workers 1`, smaller batches, or look at the cluster.
    Example: The Ray cluster cannot be reached (--address 127.0.0.1:9). Found: [Errno 111] Connection refused. Look
    whether it runs (`ray status`), and whether its version of Ray is the one here.
    """


class LostError(RunnerError):
    """A process that trains the same group is gone; the others cannot go on without it.

    Cause: One of the processes of a data-parallel study was killed, often for want of memory, or its machine cannot be
    reached.
    Remedy: Run the same command again: the group goes on from its last checkpoint. If memory ran out, use a smaller
    `batch_size`, or more processes.
    Example: Another process that trains the same group is gone, or does not answer (process 1 of 2). Found: Connection
    closed by peer [127.0.0.1]:4711. Run the same command again to go on from the last checkpoint; if memory ran out,
    use a smaller batch_size, or more processes.
    """


class PartnerError(RunnerError):
    """A process that trains the same group failed, and so all of them stopped.

    Cause: An error in one of the processes of a data-parallel study; what was found is its own message.
    Remedy: Do what that message says. The group's runs fail, the others go on; `tunefork run` tries failed runs again.
    Example: Process 2 of 2 failed. Found: ValueError: strange.
    """


class DivergedError(TuneforkError):
    """A run whose loss is no longer a number.

    Cause: The learning rate is too high, or the weights were broken before. In a study such a run ends alone as
    `diverged`; the estimator has one run only, and raises.
    Remedy: Lower the learning rate; a longer warm-up helps too.
    Example: The training diverged (head). Found: the training loss was nan at step 3, learning rate 8e+37, rows 21,
    18, 29, 33, …. Give a lower learning_rate.
    """
