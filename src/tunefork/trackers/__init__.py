"""Tells trackers (TensorBoard, MLflow) of a study while it goes on."""

from tunefork.trackers.following import follow
from tunefork.trackers.opening import check_installed
from tunefork.trackers.protocol import Key, Memory, Point, Tracker

__all__ = ["Key", "Memory", "Point", "Tracker", "check_installed", "follow"]
