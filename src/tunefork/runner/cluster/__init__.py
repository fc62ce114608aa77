"""Groups on a Ray cluster. Without Ray installed all of it can be imported, and nothing can be run."""

from tunefork.runner.cluster.runner import RayRunner

__all__ = ["RayRunner"]
