"""From a study to its runs: grids and seeds expanded, equal runs found, names that tell configurations apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tunefork.config import LATER, RunConfig, Strategy, StudyConfig, TrainingConfig, seed_list
from tunefork.errors import ConfigError


@dataclass(frozen=True)
class ExpandedRun:
    """One training, and where it is shown."""

    config: RunConfig
    name: str
    """Equal for the seeds of one configuration, different between configurations."""
    blocks: tuple[str, ...]


def expand(study: StudyConfig) -> tuple[ExpandedRun, ...]:
    """The study's runs in the order of the file; a run that several entries ask for is there once, with all its blocks.

    Raises:
        ConfigError: an entry's own seeds or training settings cannot be meant.
    """
    found: dict[str, ExpandedRun] = {}
    for entry in study.compare:
        training = _training(study.training, entry.training)
        if study.data.validation == 0 and training.early_stopping:
            raise ConfigError(
                "early_stopping needs validation rows",
                where="compare",
                found="data.validation: 0",
                fix="Hold some out.",
            )
        seeds = study.seeds if entry.seeds is None else _seeds(entry.seeds)
        for strategy in entry.strategies:
            for seed in seeds:
                run = _run(strategy, training, seed)
                known = found.get(run.id)
                blocks = known.blocks if known else ()
                if entry.block and entry.block not in blocks:
                    blocks = (*blocks, entry.block)
                found[run.id] = ExpandedRun(run, strategy.label(), blocks)
    return _named(tuple(found.values()))


def warnings_of(study: StudyConfig, rows: Sequence[str] = ()) -> tuple[str, ...]:
    """What to say above the verdict: that nothing in it means anything, then of the rows, then of the settings.

    Args:
        study: what was asked.
        rows: what there is to say of these.
    """
    return tuple(filter(None, [_made_up(study), *rows, shared_rate_warning(study), _weighted_twice(study)]))


def _made_up(study: StudyConfig) -> str | None:
    if not study.made_up:
        return None
    return (
        "This is a smoke run: its rows are made up and its model is tiny, with random weights. It shows that the study "
        "works; its numbers mean nothing."
    )


def shared_rate_warning(study: StudyConfig) -> str | None:
    """What to say above the verdict when one learning rate is used for all strategies."""
    own = [entry.training.get("shared_learning_rate") for entry in study.compare]
    rate = next((each for each in [study.training.shared_learning_rate, *own] if each is not None), None)
    if rate is None:
        return None
    return (
        f"All strategies share the learning rate {rate:g}. This is not a fair comparison: LoRA wants about ten times "
        "the rate of full fine-tuning, a head more still. Leave shared_learning_rate out to give each its own."
    )


def _weighted_twice(study: StudyConfig) -> str | None:
    settings = [_training(study.training, entry.training) for entry in study.compare]
    if not any(each.class_weights == "auto" and each.sampling == "balanced" for each in settings):
        return None
    return (
        "class_weights: auto and sampling: balanced each make all classes count alike; together the rare classes count "
        "more than the frequent ones. Use one of them."
    )


def _run(strategy: Strategy, training: TrainingConfig, seed: int) -> RunConfig:
    if training.shared_learning_rate is not None:
        strategy = strategy.model_copy(update={"learning_rate": training.shared_learning_rate})
    return RunConfig.model_validate({"strategy": strategy.model_dump(), "training": training, "seed": seed})


def _training(base: TrainingConfig, own: object) -> TrainingConfig:
    if not own:
        return base
    assert isinstance(own, dict)
    unknown = [key for key in own if key not in TrainingConfig.model_fields]
    if unknown:
        from tunefork.errors import did_you_mean

        fix = did_you_mean(str(unknown[0]), list(TrainingConfig.model_fields))
        raise ConfigError(f"training has no setting '{unknown[0]}'", where="compare", fix=fix)
    try:
        return TrainingConfig.model_validate({**base.model_dump(), **own})
    except ValueError as error:
        raise ConfigError(
            "A configuration's training settings cannot be meant", where="compare", found=str(error)
        ) from None


def _seeds(seeds: int | Sequence[int]) -> tuple[int, ...]:
    try:
        return tuple(seed_list(seeds if isinstance(seeds, int) else list(seeds)))
    except ValueError as error:
        raise ConfigError("A configuration's seeds cannot be meant", where="compare", found=str(error)) from None


def _named(runs: tuple[ExpandedRun, ...]) -> tuple[ExpandedRun, ...]:
    """Names with whatever setting tells configurations of the same label apart."""
    same_label: dict[str, dict[str, RunConfig]] = defaultdict(dict)
    for run in runs:
        same_label[run.name][run.config.configuration] = run.config
    suffix: dict[str, str] = {}
    for group in same_label.values():
        settings = {configuration: _settings(config) for configuration, config in group.items()}
        keys = list(dict.fromkeys(key for each in settings.values() for key in each))
        differing = [key for key in keys if len({each.get(key) for each in settings.values()}) > 1]
        # alpha follows the rank, so it is told only where it differs by itself
        # and of the settings that change nothing unless they are asked for, where they were
        for configuration, each in settings.items():
            shown = [key for key in differing if key not in LATER or each.get(key) != _UNASKED[key]]
            parts = [f"{_SHORT.get(key, key)}={each.get(key)}" for key in shown]
            suffix[configuration] = f" ({', '.join(parts)})" if parts else ""
    return tuple(replace(run, name=run.name + suffix[run.config.configuration]) for run in runs)


_SHORT = {"learning_rate": "lr"}


def _settings(config: RunConfig) -> dict[str, str]:
    flat = {**config.strategy.model_dump(), **config.training.model_dump()}
    return {key: _written(value) for key, value in flat.items()}


def _written(value: object) -> str:
    """A setting's value in a name.

    >>> _written(0.1), _written({"spam": 5.0, "ham": 1.0}), _written(None)
    ('0.1', 'spam:5+ham:1', 'None')
    """
    if isinstance(value, dict):
        return "+".join(f"{key}:{_written(each)}" for key, each in value.items())
    return f"{value:g}" if isinstance(value, float) else str(value)


_UNASKED = {key: _written(value) for key, value in TrainingConfig().model_dump().items()}
