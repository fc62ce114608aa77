"""The command line: one short module per command; heavy imports happen inside the commands."""

from tunefork.cli import compare, demo, params, plan, predict, report, run
from tunefork.cli.app import app, main

__all__ = ["app", "compare", "demo", "main", "params", "plan", "predict", "report", "run"]
