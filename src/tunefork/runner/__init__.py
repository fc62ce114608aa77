"""Executes plans: in this process, in workers, on a Ray cluster, behind one protocol."""

from tunefork.runner.cluster import RayRunner
from tunefork.runner.laid_aside import LaidAside
from tunefork.runner.local import LocalRunner
from tunefork.runner.parallel import DataParallelRunner, LaunchedRunner, follow_leader
from tunefork.runner.protocol import STUDY, Job, Places, Runner, Watcher
from tunefork.runner.team import Seat
from tunefork.runner.watchers import Display, Silence

__all__ = [
    "STUDY",
    "DataParallelRunner",
    "Display",
    "Job",
    "LaidAside",
    "LaunchedRunner",
    "LocalRunner",
    "Places",
    "RayRunner",
    "Runner",
    "Seat",
    "Silence",
    "Watcher",
    "follow_leader",
]
