"""``tunefork report``: the tables, figures and verdict of a study on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tunefork.cli.app import Json, app
from tunefork.cli.options import (
    Include,
    Margin,
    MaxLatency,
    MaxMemory,
    MaxSeconds,
    MaxTrainable,
    NoExamples,
    OwnMetrics,
    judging_options,
)


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(help="The study's folder.")],
    metric: OwnMetrics = None,
    include: Include = None,
    no_examples: NoExamples = False,
    margin: Margin = None,
    max_trainable: MaxTrainable = None,
    max_memory: MaxMemory = None,
    max_seconds: MaxSeconds = None,
    max_latency: MaxLatency = None,
    as_json: Json = False,
) -> None:
    """Write the report of a study again, and show its table and verdict; by another margin or limits where given.

    With --no-examples the copies of test rows that the folder keeps are erased first.
    """
    from tunefork.baselines import include_predictions
    from tunefork.cli.showing import show_results
    from tunefork.metrics import own_metrics
    from tunefork.report import write_report
    from tunefork.store import SqliteStore
    from tunefork.study_file import judged

    own = own_metrics(metric or (), where="--metric")
    store = SqliteStore.open(folder)
    try:
        if include or no_examples or own:
            store.close()
            store = SqliteStore(folder)
            include_predictions(store, include or ())
        if no_examples:
            store.forget_examples()
        if own:
            from tunefork.study.own_metrics import keep_own_metrics  # which takes seconds to load

            keep_own_metrics(store, own)
        given = judging_options(margin, max_trainable, max_memory, max_seconds, max_latency)
        judging = judged(store.study().judging | given) if given else None
        write_report(store, judging)
        show_results(store, as_json, judging)
    finally:
        store.close()
