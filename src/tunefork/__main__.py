"""``python -m tunefork``: the command line, for torchrun and whoever starts modules."""

from tunefork.cli import main

main()
