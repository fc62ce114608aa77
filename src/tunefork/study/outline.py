"""A plan even where the model's weights are out of reach: counts from the config, the rest unknown."""

from __future__ import annotations

from pathlib import Path

from tunefork.errors import ModelNotFoundError
from tunefork.models import anatomy_of, load_config, skeleton
from tunefork.plan import Group, Plan, PlannedRun, expand, setting_warnings, total_steps
from tunefork.strategies import count, derivation, select
from tunefork.study.study import Study


def outline(study: Study, timings: bool = True, workers: int | None = None) -> Plan:
    """The study's plan; without the weights, what cannot be known is None.

    Raises:
        ModelNotFoundError: not even the config can be had.
    """
    try:
        return study.plan(timings, workers)
    except ModelNotFoundError as error:
        if study.config.start_from is not None or Path(study.model).is_dir():
            raise  # it is at hand, and something is wrong with it
        try:
            config = load_config(study.model, study.config.revision, study.trust)
        except ModelNotFoundError:
            raise error from None
        return _from_config(study, config, str(error.found))


def _from_config(study: Study, config: object, reason: str) -> Plan:
    splits = study.read(sized=False)
    rows = splits.rows
    runs = []
    for run in expand(study.config):
        bare = skeleton(config, len(splits.labels.names), study.trust)
        anatomy = anatomy_of(bare)
        selection = select(run.config.strategy, anatomy, bare)
        counts = count(selection, anatomy)
        steps = total_steps(rows["train"], run.config.training)
        found = derivation(selection, anatomy)
        runs.append(
            PlannedRun(run.config, run.name, run.blocks, counts, steps, notices=selection.notices, formulas=found)
        )
    notice = f"the model itself is out of reach, so times, memory and lengths are unknown: {reason}"
    return Plan(
        runs=tuple(runs),
        groups=tuple(Group((run.config.id,)) for run in runs),
        rows=rows,
        truncated={},
        tokens={},
        notices=(notice, *splits.notices),
        warnings=(*splits.warnings, *setting_warnings(study.config)),
        near_duplicates=splits.near_duplicates,
        augmentation=splits.augmentation,
    )
