"""What the configurations of a study train in its model; whether all that a search may choose makes sense for it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from tunefork.config import StudyConfig
from tunefork.models import Backbone
from tunefork.plan import ExpandedRun
from tunefork.preflight import Preflight
from tunefork.search import arms_of, extremes
from tunefork.strategies import Selection, select


def select_all(runs: Sequence[ExpandedRun], backbone: Backbone) -> dict[str, Selection]:
    """What every configuration trains in a model, by configuration.

    Raises:
        ModelError: a configuration makes no sense for this model; ``ProblemsError`` where several make none.
    """
    found: dict[str, Selection] = {}
    checks = Preflight()
    for run in {each.config.configuration: each.config for each in runs}.values():
        looked_at = (
            backbone.bare() if run.strategy.kind == "peft" else backbone.model
        )  # PEFT alone looks, and changes it
        selection = checks.look(partial(select, run.strategy, backbone.anatomy, looked_at))
        if selection is not None:
            found[run.configuration] = selection
    checks.settle()
    return found


def check_space(study: StudyConfig, backbone: Backbone) -> None:
    """Look at the ends of what a search may choose.

    Raises:
        ModelError: one makes no sense for this model; ``ProblemsError`` where several make none.
    """
    if study.search is None:
        return
    checks = Preflight()
    bare = backbone.bare()
    for arm in arms_of(study, study.search):
        for chosen in extremes(arm):
            strategy = arm.run(chosen, study, study.search.seed).strategy
            checks.look(partial(select, strategy, backbone.anatomy, bare))
    checks.settle()
