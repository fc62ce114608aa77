"""``--smoke``: a study with made-up rows and a tiny model instead of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from tunefork.study import Study


def smoked(study: Study, out: Path | None, include: Sequence[str]) -> tuple[Study, Path]:
    """The study's smoke run and its folder; the terminal is told what it is.

    Raises:
        ConfigError: predictions are to be included, which are of other rows; or the model has code of its own.
        TuneforkError: see ``smoke_study``.
    """
    from tunefork.errors import ConfigError
    from tunefork.smoke import MADE_UP, smoke_folder, smoke_study
    from tunefork.study import Study

    if include:
        raise ConfigError(
            "A smoke run has rows of its own, of which nobody has predictions",
            where="--include",
            found=", ".join(include),
            fix="Leave --include or --smoke out.",
        )
    if study.trust.code_revision is not None:
        raise ConfigError(
            "A model with code of its own has no smoke run: there is no tiny model of its architecture",
            where="--trust-remote-code", fix="Leave --smoke out, and train few rows: --rows 200 --epochs 1.",
        )  # fmt: skip
    folder = smoke_folder(out or Path(f"tunefork-{study.config.name}"))
    config = smoke_study(study.config, folder, study.base)
    typer.echo(
        f"Smoke run of {study.config.name}: made-up rows, a tiny model like {study.config.model}, both in "
        f"{folder / MADE_UP}. Its numbers mean nothing.",
        err=True,
    )
    return Study.from_config(config, folder, study.own_metrics), folder
