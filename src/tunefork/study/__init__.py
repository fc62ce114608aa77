"""The façade: studies and their results."""

from tunefork.study.on_paper import costs_file, measured_here, no_costs_because, plan_on
from tunefork.study.outline import outline
from tunefork.study.results import Results, Run
from tunefork.study.study import DEFAULT, Study
from tunefork.study.timings import cache_folder

__all__ = [
    "DEFAULT",
    "Results",
    "Run",
    "Study",
    "cache_folder",
    "costs_file",
    "measured_here",
    "no_costs_because",
    "outline",
    "plan_on",
]
