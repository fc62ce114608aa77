"""``tunefork run``: a study from its file."""

from __future__ import annotations

from tunefork.cli.app import Json, app
from tunefork.cli.options import (
    DataFolder,
    Epochs,
    Include,
    Margin,
    MaxMemory,
    MaxSeconds,
    MaxTrainable,
    NoExamples,
    Out,
    Seeds,
    SharedRate,
    StudyFile,
    TrainingRows,
    Workers,
    judging_options,
    overrides,
)


@app.command()
def run(
    study: StudyFile,
    out: Out = None,
    data: DataFolder = None,
    seeds: Seeds = None,
    rows: TrainingRows = None,
    epochs: Epochs = None,
    shared_learning_rate: SharedRate = None,
    workers: Workers = None,
    include: Include = None,
    no_examples: NoExamples = False,
    margin: Margin = None,
    max_trainable: MaxTrainable = None,
    max_memory: MaxMemory = None,
    max_seconds: MaxSeconds = None,
    as_json: Json = False,
) -> None:
    """Run a study: train every configuration with every seed, then report. A study that was interrupted continues."""
    from tunefork.cli.showing import show_results
    from tunefork.study import Study

    judging = judging_options(margin, max_trainable, max_memory, max_seconds)
    made = Study.from_file(study, overrides(seeds, rows, epochs, shared_learning_rate, judging, no_examples), data)
    results = made.run(out, progress=not as_json, workers=workers, include=include or ())
    show_results(results.store, as_json)
