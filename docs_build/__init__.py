"""What the documentation site has beside the pages in ``docs/``: pages made from the code, and how all are ordered."""
