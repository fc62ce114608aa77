"""Trained models behind HTTP: any number of adapters on one backbone in memory, requests for all in one pass."""

from tunefork.serve.app import Offer, create_app
from tunefork.serve.batcher import Batcher, Room
from tunefork.serve.fleet import Fleet, load_fleet
from tunefork.serve.sources import Source, find_sources

__all__ = ["Batcher", "Fleet", "Offer", "Room", "Source", "create_app", "find_sources", "load_fleet"]
