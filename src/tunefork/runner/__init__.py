"""Executes plans: in this process, in workers, on a Ray cluster, behind one protocol."""

from tunefork.runner.cluster import RayRunner
from tunefork.runner.laid_aside import LaidAside
from tunefork.runner.local import LocalRunner
from tunefork.runner.protocol import STUDY, Job, Places, Runner, Watcher
from tunefork.runner.watchers import Display, Silence

__all__ = ["STUDY", "Display", "Job", "LaidAside", "LocalRunner", "Places", "RayRunner", "Runner", "Silence", "Watcher"]
