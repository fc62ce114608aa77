"""The command line: one short module per command; heavy imports happen inside the commands."""

from tunefork.cli import (
    changes,
    compare,
    demo,
    doctor,
    export,
    params,
    plan,
    predict,
    recipes,
    report,
    retention,
    run,
    serve,
    stop,
    ui,
)
from tunefork.cli.app import app, main

__all__ = [
    "app",
    "changes",
    "compare",
    "demo",
    "doctor",
    "export",
    "main",
    "params",
    "plan",
    "predict",
    "recipes",
    "report",
    "retention",
    "run",
    "serve",
    "stop",
    "ui",
]
