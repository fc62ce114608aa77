"""Times where rows or weights are out of reach: the longest rows there could be, through weights of random values.

What a step takes depends on how many tokens go through which architecture, not on what they say or what weights are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from tunefork.config import RunConfig, StudyConfig
from tunefork.data import EncodedSplit, ImageSplit, TokenSplit
from tunefork.data.images.pixels import Pixels
from tunefork.engine import Precision, Rows, automatic_precision, unit_of
from tunefork.models import Backbone, image_tokens
from tunefork.plan import PlannedRun, StepTiming, expand
from tunefork.plan.simulate import Costs
from tunefork.problem import Labels
from tunefork.runner import Places
from tunefork.strategies import Selection
from tunefork.study.choices import Choices
from tunefork.study.encoding import Encoded
from tunefork.study.grouping import Arrangement, Planner
from tunefork.study.prepare import augmentation_notice, plan_runs
from tunefork.study.selecting import select_all
from tunefork.study.timings import time_configurations, timed

TOKENS = 2048
"""Of a step that is timed on a CPU; a larger one's time follows from that and from a step a quarter as large."""
SMALL = 4
STEPS = 3
"""Timed of each configuration: on a CPU a step of a large model takes seconds."""
KINDS = 64
"""Different rows; a step sees no more of them."""


def stand_in(
    study: StudyConfig,
    backbone: Backbone,
    labels: Mapping[str, Labels],
    names: Sequence[str],
    tokens: int,
    workers: int | None = None,
    places: Places | None = None,
    costs: Costs | None = None,
) -> tuple[tuple[PlannedRun, ...], Arrangement, tuple[str, ...]]:
    """The runs with their costs, who trains with whom, and what augmentation costs.

    Args:
        study: what is compared.
        backbone: the model, or one of its architecture.
        labels: of every split: as many as it has rows, whatever they are.
        names: of the classes.
        tokens: of every text; images have as many as the model makes of them.
        workers: groups that train at the same time; one unless given, since choosing them takes many timings.
        places: what the runner has room for, in their place.
        costs: what passes take elsewhere; nothing is timed here then.
    """
    splits = made_up(backbone, labels, tokens)
    unit = unit_of(backbone, splits["train"].labels)
    given = (splits.get("validation"), splits.get("test"), backbone.pad_id, tuple(names), unit)
    rows = Rows(splits["train"], *given)
    runs, share = expand(study), places.share if places else 1
    automatic = costs.precision if costs else automatic_precision()
    selections = select_all(runs, backbone)
    found, plain = (
        (costs.alone, {}) if costs
        else time_configurations(runs, backbone, selections, rows, automatic, scaled, share)
    )  # fmt: skip
    planned = plan_runs(runs, backbone, Encoded(rows), selections, found, automatic, share)
    planner = Planner(
        backbone, selections, rows, Choices(),
        measure=True, automatic=automatic, workers=workers or (None if places else 1), places=places, timer=scaled,
        costs=costs,
    )  # fmt: skip
    return planned, planner.arrange(planned), augmentation_notice(planned, backbone, selections, found, plain)


def made_up(backbone: Backbone, labels: Mapping[str, Labels], tokens: int) -> dict[str, EncodedSplit]:
    """Rows as a model reads them, in which nothing is said; they take next to no memory, however many there are."""
    make = partial(_texts, backbone, tokens) if backbone.images is None else partial(_pictures, backbone)
    return {name: make(each) for name, each in labels.items()}


def scaled(
    backbone: Backbone, runs: Sequence[RunConfig], selections: Sequence[Selection], rows: Rows, precision: Precision
) -> StepTiming:
    """What a step takes, from steps with fewer rows where whole ones would take minutes.

    A step has a part that every row adds to, and one that it has anyway, such as the optimizer's: two sizes tell both.
    """
    measure, training = partial(timed, steps=STEPS), runs[0].training
    whole = training.batch_size * training.accumulation
    most = max(2, TOKENS // int(rows.train.lengths.max()))
    if precision.device.type != "cpu" or whole <= most:
        return measure(backbone, runs, selections, rows, precision)
    few = max(1, most // SMALL)
    small, large = (
        measure(backbone, [_smaller(run, size) for run in runs], selections, rows, precision) for size in (few, most)
    )
    return larger(small, large, few, most, whole)


def larger(small: StepTiming, large: StepTiming, few: int, most: int, whole: int) -> StepTiming:
    """The timing of steps with ``whole`` rows, from those with ``few`` and with ``most``.

    Where others use the machine, either may have been slowed down: a row adds at least half of its share, and at most
    the whole of it.

    >>> larger(StepTiming(0.5, 0.1), StepTiming(1.25, 0.1), few=1, most=4, whole=16)  # 0.25 s, and 0.25 s a row
    StepTiming(step_seconds=4.25, row_seconds=0.1, prefix_seconds=0.0)
    """
    share = large.step_seconds / most
    each = min(share, max(share / 2, (large.step_seconds - small.step_seconds) / (most - few)))
    return replace(large, step_seconds=large.step_seconds + each * (whole - most))


def _smaller(run: RunConfig, rows: int) -> RunConfig:
    training = run.training
    sizes = {"batch_size": rows, "accumulation": 1, "eval_batch_size": min(rows, training.eval_batch_size)}
    return run.model_copy(update={"training": training.model_copy(update=sizes)})


def _texts(backbone: Backbone, tokens: int, labels: Labels) -> TokenSplit:
    number, words = len(labels), int(backbone.model.config.vocab_size)
    random = np.random.default_rng(0)
    kinds = list(random.integers(words // 2, words, size=(KINDS, tokens), dtype=np.int32))  # special tokens come first
    rows = [kinds[row % KINDS] for row in range(number)]
    return TokenSplit(labels, ("",) * number, np.full(number, tokens), rows, None, 0.0, tokens)


def _pictures(backbone: Backbone, labels: Labels) -> ImageSplit:
    reader, number = backbone.images, len(labels)
    assert reader is not None
    made = np.random.default_rng(0).integers(256, size=(KINDS, reader.height, reader.width, 3), dtype=np.uint8)
    return ImageSplit(
        labels, ("",) * number, np.full(number, image_tokens(backbone)), Pixels(made), np.arange(number) % KINDS,
        reader.gain, reader.offset, backbone.interpolate,
    )  # fmt: skip
