"""Searches propose configurations and read results. They never touch a model: whoever calls them trains."""

from tunefork.search.arms import Arm, arms_of, extremes
from tunefork.search.outlook import TRIALS, search_lines, search_outlook
from tunefork.search.proposals import Proposals, Trial
from tunefork.search.rounds import Request, Score, Searching, winner
from tunefork.search.rungs import rung_steps, survivors

__all__ = [
    "TRIALS",
    "Arm",
    "Proposals",
    "Request",
    "Score",
    "Searching",
    "Trial",
    "arms_of",
    "extremes",
    "rung_steps",
    "search_lines",
    "search_outlook",
    "survivors",
    "winner",
]
