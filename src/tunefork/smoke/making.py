"""From a study to its smoke run: the study with small sizes, and a folder with made-up rows and a tiny model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tunefork.config import DataConfig, LoRAStrategy, Rows, StudyConfig, dimension
from tunefork.errors import ConfigError
from tunefork.plan import expand
from tunefork.smoke.model import BLOCKS, HEADS, LENGTH, WIDTH, write_model
from tunefork.smoke.reduced import reduced
from tunefork.smoke.rows import vocabulary, write_rows, write_synonyms
from tunefork.smoke.schema import Schema, schema_of

MADE_UP = "made-up"
"""The folder with rows and model, inside the study's."""
SUFFIX = "-smoke"
SHARE = 0.25
"""Of the training rows, where the study holds any out: a smaller share of few rows would be none."""


def smoke_folder(folder: Path) -> Path:
    """The folder of a study's smoke run: never that of the study.

    >>> smoke_folder(Path("out/s0")).as_posix(), smoke_folder(Path("s0-smoke")).as_posix()
    ('out/s0-smoke', 's0-smoke')

    Raises:
        ConfigError: the study's is the root of the file system.
    """
    if folder.name in ("", ".."):
        folder = folder.resolve()
    if not folder.name:
        raise ConfigError(
            "A smoke run goes into a folder beside the study's, which has none", where="-o", found=str(folder),
            fix="Write -o NAME.",
        )  # fmt: skip
    return folder if folder.name.endswith(SUFFIX) else folder.with_name(folder.name + SUFFIX)


def smoke_study(study: StudyConfig, folder: Path, base: Path | None = None) -> StudyConfig:
    """A study with the same comparisons that takes seconds; what it reads is written into ``folder/made-up``.

    Strategies, ranks, targets, layers, learning rates, metrics, augmentation, search and early stopping stay. Trackers
    are not told, and training starts from the tiny model whatever ``start_from`` says.

    Args:
        study: any study.
        folder: of the smoke run.
        base: the folder that the study's relative paths start from.

    Raises:
        ModelNotFoundError: not even the config of the model can be had.
        TuneforkError: the study's rows, which have to be looked at for their columns and classes, cannot be read.
    """
    schema = schema_of(study.data, base)
    place = folder.resolve() / MADE_UP
    model = base / study.model if base is not None and (base / study.model).is_dir() else study.model
    words = [] if schema.images else vocabulary(schema)
    write_model(str(model), place / "model", words, revision=study.revision, width=_width(study), blocks=_blocks(study))
    changes = {
        "name": study.name if study.name.endswith(SUFFIX) else study.name + SUFFIX,
        "model": str(place / "model"),
        "revision": None,
        "start_from": None,
        "trackers": (),
        "data": _data(study.data, schema, place),
        "made_up": True,
    }
    return reduced(study).model_copy(update=changes)


def _data(data: DataConfig, schema: Schema, place: Path) -> DataConfig:
    shares = {
        role: SHARE if getattr(data, role) else 0.0 for role in ("validation", "test") if role not in schema.apart
    }
    left = 1.0
    for share in shares.values():
        left *= 1 - share
    files = write_rows(schema, place, held_out=1 - left)
    changes: dict[str, Any] = {
        **shares,
        **{role: str(files[role]) for role in ("train", *schema.apart)},
        "image" if schema.images else "text": schema.content[0] if schema.images else schema.content,
        "label": schema.label[0] if len(schema.label) == 1 else schema.label,
        "problem": schema.problem,
        "label_separator": schema.separator,
        "id": schema.id,
        "group": schema.group,
        "classes": (),
        "rows": Rows(),
        "max_length": min(data.max_length, LENGTH),
        "image_size": None,
    }
    if data.augment is not None and data.augment.synonyms:
        changes["augment"] = data.augment.model_copy(update={"synonyms": str(write_synonyms(place))})
    return data.model_copy(update=changes)


def _width(study: StudyConfig) -> int:
    """Wide enough for the largest rank that is compared or looked for."""
    ranks = [run.config.strategy.rank for run in expand(study) if isinstance(run.config.strategy, LoRAStrategy)]
    space = {} if study.search is None else study.search.space.get("lora", {})
    ranks += [int(end) for name in ("rank", "r") if name in space for end in dimension(space[name]).ends]
    most = max([WIDTH, *ranks])
    return -(-most // (2 * HEADS)) * 2 * HEADS


def _blocks(study: StudyConfig) -> int:
    """As many as the study names by number."""
    found = [BLOCKS]
    for run in expand(study):
        strategy = run.config.strategy
        found.append(getattr(strategy, "count", 0))
        found += [number + 1 for number in getattr(strategy, "layers", None) or ()]
    return max(found)
