"""One group at a time over several devices: processes that this one starts, or that torchrun has started."""

from tunefork.runner.parallel.launched import LaunchedRunner, follow_leader
from tunefork.runner.parallel.runner import DataParallelRunner

__all__ = ["DataParallelRunner", "LaunchedRunner", "follow_leader"]
