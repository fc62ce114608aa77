"""A study's schedule on a cluster, on paper: from measured costs to makespan, utilisation and what bounds it."""

from tunefork.plan.simulate.bounds import WORDS, Bounds, Point, bounds_of, curve, knee
from tunefork.plan.simulate.cluster import Cluster, parse_cluster
from tunefork.plan.simulate.costs import Costs, Shared, costs_of, read_costs
from tunefork.plan.simulate.devices import HERE, KNOWN, Device, is_named, known_as
from tunefork.plan.simulate.forecast import Forecast, forecast
from tunefork.plan.simulate.overheads import Overheads
from tunefork.plan.simulate.simulation import Schedule, simulate
from tunefork.plan.simulate.tasks import Task, regrouped, tasks_of

__all__ = [
    "HERE",
    "KNOWN",
    "WORDS",
    "Bounds",
    "Cluster",
    "Costs",
    "Device",
    "Forecast",
    "Overheads",
    "Point",
    "Schedule",
    "Shared",
    "Task",
    "bounds_of",
    "costs_of",
    "curve",
    "forecast",
    "is_named",
    "knee",
    "known_as",
    "parse_cluster",
    "read_costs",
    "regrouped",
    "simulate",
    "tasks_of",
]
