"""Executes plans: in this process, later on clusters, behind one protocol."""

from tunefork.runner.laid_aside import LaidAside
from tunefork.runner.local import LocalRunner
from tunefork.runner.protocol import STUDY, Job, Runner, Watcher
from tunefork.runner.watchers import Display, Silence

__all__ = ["STUDY", "Display", "Job", "LaidAside", "LocalRunner", "Runner", "Silence", "Watcher"]
