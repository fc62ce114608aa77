"""``tunefork run``: a study from its file."""

from __future__ import annotations

from tunefork.cli.app import Json, app
from tunefork.cli.options import (
    AllowPickle,
    BadImages,
    DataFolder,
    DropEmpty,
    DropMissing,
    Epochs,
    Fork,
    Halving,
    Include,
    Leakage,
    Margin,
    MaxLatency,
    MaxMemory,
    MaxSeconds,
    MaxTrainable,
    Method,
    NoExamples,
    Out,
    OwnMetrics,
    Rare,
    Seeds,
    Selection,
    SharedRate,
    Smoke,
    StudyFile,
    Time,
    Trackers,
    TrainingRows,
    Trials,
    TrustCode,
    Workers,
    judging_options,
    overrides,
    row_options,
    search_options,
    trust_options,
)
from tunefork.cli.runners import Address, RunnerName, follows, runner_option


@app.command()
def run(
    study: StudyFile,
    out: Out = None,
    data: DataFolder = None,
    seeds: Seeds = None,
    rows: TrainingRows = None,
    epochs: Epochs = None,
    shared_learning_rate: SharedRate = None,
    drop_missing: DropMissing = False,
    drop_empty: DropEmpty = False,
    bad_images: BadImages = None,
    leakage: Leakage = None,
    rare: Rare = None,
    workers: Workers = None,
    runner: RunnerName = None,
    address: Address = None,
    metric: OwnMetrics = None,
    selection: Selection = None,
    include: Include = None,
    no_examples: NoExamples = False,
    margin: Margin = None,
    max_trainable: MaxTrainable = None,
    max_memory: MaxMemory = None,
    max_seconds: MaxSeconds = None,
    max_latency: MaxLatency = None,
    time: Time = None,
    trials: Trials = None,
    search: Method = None,
    halving: Halving = False,
    tracker: Trackers = None,
    fork: Fork = False,
    smoke: Smoke = False,
    trust_remote_code: TrustCode = None,
    allow_pickle: AllowPickle = False,
    as_json: Json = False,
) -> None:
    """Run a study: train every configuration with every seed, then report. A study that was interrupted continues."""
    from tunefork.cli.showing import show_results
    from tunefork.cli.smoking import smoked
    from tunefork.metrics import own_metrics
    from tunefork.recipes import study_file
    from tunefork.study import Study

    if follows():
        return
    judging = judging_options(margin, max_trainable, max_memory, max_seconds, max_latency)
    looking = search_options(time, trials, search, halving)
    unusable = row_options(drop_missing, drop_empty, bad_images, leakage, rare)
    changes = overrides(
        seeds, rows, epochs, shared_learning_rate, judging, looking, no_examples, selection, unusable, tracker
    )
    own = own_metrics(metric or (), where="--metric")
    file, base = study_file(study)
    made = Study.from_file(file, changes, data or base, own, trust_options(trust_remote_code, allow_pickle))
    if smoke:
        made, out = smoked(made, out, include or ())
    with runner_option(runner, address, workers) as executes:
        results = made.run(
            out, progress=not as_json, workers=workers, runner=executes, include=include or (), fork=fork
        )
    show_results(results.store, as_json)
