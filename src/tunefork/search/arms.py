"""Arms of a search: each configuration of ``compare``, with what it leaves open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tunefork.config import Configuration, Dimension, RunConfig, Search, StudyConfig, TrainingConfig, dimension
from tunefork.config.space import DEFAULTS
from tunefork.config.strategies import SYNONYMS
from tunefork.config.values import digest
from tunefork.errors import ConfigError
from tunefork.plan import expand

NAMING = {"rank", "targets", "count", "type"}
"""Settings that a strategy's label tells."""
NAMES = {"lora": "LoRA", "last_layers": "last layers", "peft": "PEFT"}


@dataclass(frozen=True, eq=False)
class Arm:
    """One configuration whose open settings are looked for."""

    name: str
    """Shown in tables; different between the arms of a study."""
    kind: str
    fixed: Mapping[str, Any]
    """The strategy's settings that the study gives."""
    space: Mapping[str, Dimension]
    """Where to look, by setting: of the strategy, or ``training.NAME``."""
    entry: Configuration
    """The entry of ``compare`` that it comes from: block, seeds, training."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """What the open settings would be without a search, where the space holds all of them; else empty."""
    further: tuple[str, ...] = ()
    """Blocks of other entries that ask for the same: it is looked for once, and shown in each."""

    @property
    def key(self) -> str:
        """Its identity, for the search's own records."""
        return f"{self.kind}-{digest([dict(self.fixed), self.entry.written()], 8)}"

    def configuration(self, chosen: Mapping[str, Any]) -> Configuration:
        """The arm with its open settings decided, as an entry of ``compare``."""
        own = {name: value for name, value in chosen.items() if not name.startswith("training.")}
        training = {name.removeprefix("training."): each for name, each in chosen.items() if name not in own}
        return Configuration(
            self.kind,
            {**self.fixed, **own},
            block=self.entry.block,
            seeds=self.entry.seeds,
            training={**self.entry.training, **training},
        )

    def entries(self, chosen: Mapping[str, Any]) -> tuple[Configuration, ...]:
        """The same for each block that it is shown in."""
        one = self.configuration(chosen)
        others = (
            Configuration(one.kind, one.settings, block=block, seeds=one.seeds, training=one.training)
            for block in self.further
        )
        return (one, *others)

    def run(self, chosen: Mapping[str, Any], study: StudyConfig, seed: int) -> RunConfig:
        """One training of the arm, with its open settings decided."""
        entry = self.configuration(chosen)
        alone = Configuration(entry.kind, entry.settings, training=entry.training)
        return expand(study.model_copy(update={"compare": (alone,), "seeds": (seed,)}))[0].config


def extremes(arm: Arm) -> list[dict[str, Any]]:
    """Settings that must make sense for all of a space to do: each end of each dimension, once."""
    usual = {name: each.ends[0] for name, each in arm.space.items()}
    found = [{**usual, name: end} for name, each in arm.space.items() for end in each.ends]
    return found or [usual]


def arms_of(study: StudyConfig, search: Search) -> tuple[Arm, ...]:
    """The arms of a study: one for each configuration, grids taken apart, equal ones of several blocks together.

    Raises:
        ConfigError: an entry has the search's seed among its own.
    """
    found: dict[str, Arm] = {}
    for entry in study.compare:
        own = entry.seeds if isinstance(entry.seeds, int | None) else tuple(entry.seeds)
        if own is not None and search.seed in (range(own) if isinstance(own, int) else own):
            raise ConfigError(
                "A configuration has the search's seed among its own",
                where="compare",
                found=f"seed {search.seed}",
                fix="Give search.seed another number: what a seed has chosen, it cannot judge.",
            )
        for settings in _grid(entry):
            same = digest([entry.kind, settings, entry.training, own], 64)
            known = found.get(same)
            if known is None:
                found[same] = _arm(entry, settings, study, search)
            elif entry.block not in (known.entry.block, *known.further):
                found[same] = replace(known, further=(*known.further, entry.block))
    names = [arm.name for arm in found.values()]
    return tuple(
        arm if names.count(arm.name) == 1 else _renamed(arm, number, names) for number, arm in enumerate(found.values())
    )


def _grid(entry: Configuration) -> list[dict[str, Any]]:
    """The entry's settings as they were written, one for each point of its grid; settings it leaves out stay out."""
    import itertools

    if entry.kind == "peft":
        return [dict(entry.settings)]
    lists = {name: value if isinstance(value, list) else [value] for name, value in entry.settings.items()}
    named = {SYNONYMS.get(name, name): values for name, values in lists.items()}
    return [dict(zip(named, point)) for point in itertools.product(*named.values())]


def _arm(entry: Configuration, settings: Mapping[str, Any], study: StudyConfig, search: Search) -> Arm:
    kind = entry.kind
    wanted = {SYNONYMS.get(name, name): each for name, each in search.space.get(kind, {}).items()}
    plain = {name: each for name, each in {**DEFAULTS[kind], **wanted}.items() if name not in settings}
    training = {name: each for name, each in search.space.get("training", {}).items() if name not in entry.training}
    written = plain | {f"training.{name}": each for name, each in training.items()}
    space = {name: dimension(each) for name, each in written.items()}
    strategy = Configuration(kind, settings).strategies[0]
    usual = TrainingConfig.model_validate({**study.training.model_dump(), **entry.training})
    owner = {name: usual if name.startswith("training.") else strategy for name in space}
    defaults = {name: _plain(getattr(owner[name], name.removeprefix("training."))) for name in space}
    held = all(space[name].holds(value) for name, value in defaults.items())
    name = strategy.label()
    if NAMING & set(plain):  # the label would tell a rank that is looked for
        told = [f"{key}={_plain(value)}" for key, value in settings.items() if key in NAMING]
        name = " ".join([NAMES.get(kind, kind), *told])
    return Arm(name, kind, dict(settings), space, entry, defaults if held else {})


def _plain(value: Any) -> Any:
    return "+".join(map(str, value)) if isinstance(value, tuple) else value


def _renamed(arm: Arm, number: int, names: list[str]) -> Arm:
    """Arms of the same label: with the settings that were given, or numbered."""
    told = {key: each for key, each in {**arm.fixed, **arm.entry.training}.items() if key not in NAMING}
    before = names[:number].count(arm.name)
    suffix = ", ".join(f"{key}={value}" for key, value in told.items()) or f"no. {before + 1}"
    return replace(arm, name=f"{arm.name} ({suffix})")
