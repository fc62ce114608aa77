"""Step times measured on this machine, kept between studies."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Protocol

from tunefork.config import RunConfig, digest
from tunefork.engine import TIMED_STEPS, Precision, Rows, choose_precision, time_steps
from tunefork.models import Backbone
from tunefork.plan import ExpandedRun, StepTiming
from tunefork.strategies import Selection, frozen_depth

ENGINE = 4
"""Raised when the engine's speed changes, so that old times are not believed."""


def cache_folder() -> Path:
    """``$TUNEFORK_CACHE``, or ``tunefork`` in the user's cache folder."""
    home = os.environ.get("XDG_CACHE_HOME")
    return Path(os.environ.get("TUNEFORK_CACHE") or (Path(home) if home else Path.home() / ".cache") / "tunefork")


class Timer(Protocol):
    """Tells what a group's steps take."""

    def __call__(
        self,
        backbone: Backbone,
        runs: Sequence[RunConfig],
        selections: Sequence[Selection],
        rows: Rows,
        precision: Precision,
    ) -> StepTiming:
        """The group's step time; see ``timed``."""
        ...


def timed(
    backbone: Backbone,
    runs: Sequence[RunConfig],
    selections: Sequence[Selection],
    rows: Rows,
    precision: Precision,
    steps: int = TIMED_STEPS,
) -> StepTiming:
    """A group's step time: from the cache where this machine has timed the like, else measured now and kept.

    ``steps`` are timed at most.
    """
    path = cache_folder() / "timings.json"
    known = _read(path)
    key = _key(backbone, runs, rows, precision, steps)
    if key in known:
        return StepTiming(**known[key])
    timing = time_steps(backbone, runs, selections, rows, precision, steps)
    _write(path, {**_read(path), key: asdict(timing)})
    return timing


def time_configurations(
    runs: Iterable[ExpandedRun],
    backbone: Backbone,
    selections: Mapping[str, Selection],
    rows: Rows,
    automatic: str,
    timer: Timer | None = None,
    share: int = 1,
) -> tuple[dict[str, StepTiming], dict[str, StepTiming]]:
    """Step times by configuration; and, of those that augment images and freeze blocks, without augmentation.

    Args:
        runs: of the study.
        backbone: what is fine-tuned.
        selections: what each configuration trains.
        rows: the encoded splits.
        automatic: what ``precision: auto`` stands for.
        timer: times a group; ``timed`` unless given.
        share: processes that divide each batch; the part of one is timed.
    """
    timer = timer or timed
    found, plain = {}, {}
    for run in {run.config.configuration: run.config for run in runs}.values():
        precision = choose_precision(run.training.precision, automatic=automatic)
        selection, part = selections[run.configuration], part_of(run, share)
        found[run.configuration] = timer(backbone, [part], [selection], rows, precision)
        if run.training.augment and frozen_depth(backbone.anatomy, selection):
            training = part.training.model_copy(update={"augment": ()})
            bare = part.model_copy(update={"training": training})
            plain[run.configuration] = timer(backbone, [bare], [selection], rows, precision)
    return found, plain


def part_of(run: RunConfig, share: int) -> RunConfig:
    """What one of several processes computes of a run, as far as its time goes: a whole batch may not fit here."""
    if share == 1:
        return run
    batch = -(-run.training.batch_size // share)
    return run.model_copy(update={"training": run.training.model_copy(update={"batch_size": batch})})


def _key(backbone: Backbone, runs: Sequence[RunConfig], rows: Rows, precision: Precision, steps: int) -> str:
    """Equal for groups that cost the same: learning rates and the like do not count."""
    import torch

    strategies = [
        {
            key: value
            for key, value in run.strategy.model_dump(mode="json").items()
            if key not in ("learning_rate", "alpha", "use_rslora")
        }
        for run in runs
    ]
    seeds = {seed: number for number, seed in enumerate(dict.fromkeys(run.seed for run in runs))}
    training = runs[0].training
    lengths = [round(float(rows.train.lengths.mean()) / 4), int(rows.train.lengths.max()) // 16]
    return digest(
        [
            [backbone.name, backbone.revision, strategies, [seeds[run.seed] for run in runs], lengths],
            [training.batch_size, training.accumulation, training.eval_batch_size],
            [training.backbone_dropout, training.augment, *([] if steps == TIMED_STEPS else [steps])],
            [str(precision.device), precision.name, torch.get_num_threads(), torch.__version__, ENGINE],
        ],
        24,
    )


def _read(path: Path) -> dict[str, dict[str, float]]:
    """The cache; one that cannot be read is as good as none, since everything in it can be measured again."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(path: Path, timings: dict[str, dict[str, float]]) -> None:
    staged = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        staged.write_text(json.dumps(timings, indent=1, sort_keys=True), encoding="utf-8")
        staged.replace(path)
    except OSError:  # a read-only home must not stop a study; the times are measured again next time
        staged.unlink(missing_ok=True)
