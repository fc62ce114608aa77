"""``tunefork compare``: a study without a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tunefork.cli.app import Json, app
from tunefork.cli.options import (
    AllowPickle,
    BadImages,
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
    Time,
    Trackers,
    TrainingRows,
    Trials,
    TrustCode,
    Workers,
    class_weights_option,
    judging_options,
    row_options,
    search_options,
    seed_option,
    trust_options,
)
from tunefork.cli.runners import Address, RunnerName, follows, runner_option

if TYPE_CHECKING:
    from tunefork.config import DataConfig

DEFAULT_RUNS = (
    "full",
    "head",
    "last_layers:count=1",
    "lora:rank=8,targets=query+value",
    "lora:rank=8,targets=all-linear",
)
TIMED_SEEDS = 3
"""Of a study with a time budget: as many of them as there is time for."""


@app.command()
def compare(
    data: Annotated[str, typer.Argument(help="CSV, TSV, JSONL, Parquet, hub:NAME, or class folders of pictures.")],
    model: Annotated[
        str | None,
        typer.Option("--model", "-m", help="A hub id, a folder, builtin:minilm or (images) builtin:vit-fashion."),
    ] = None,
    run: Annotated[
        list[str] | None,
        typer.Option("--run", help="A configuration, such as full or lora:rank=8,targets=query+value. Repeat it."),
    ] = None,
    text: Annotated[
        str | None, typer.Option("--text", help="The text column, or two of them: premise+hypothesis.")
    ] = None,
    image: Annotated[
        str | None, typer.Option("--image", help="The column with pictures: paths, or their bytes.")
    ] = None,
    label: Annotated[
        str | None, typer.Option("--label", help="The label column; or several of 0 and 1: toxic+insult.")
    ] = None,
    problem: Annotated[
        str | None,
        typer.Option("--problem", help="What a label is: single_label, multi_label (several a row) or regression."),
    ] = None,
    label_separator: Annotated[
        str | None, typer.Option("--label-separator", help="Between the labels of a row, such as | in action|comedy.")
    ] = None,
    test: Annotated[str | None, typer.Option("--test", help="A test file, or a share; 0.2 unless given.")] = None,
    validation: Annotated[
        str | None, typer.Option("--validation", help="A validation file, or a share such as 0.1.")
    ] = None,
    rows: TrainingRows = None,
    seeds: Seeds = None,
    epochs: Epochs = None,
    batch_size: Annotated[int | None, typer.Option("--batch-size", min=1, help="Rows per step.")] = None,
    shared_learning_rate: SharedRate = None,
    max_length: Annotated[int | None, typer.Option("--max-length", min=1, help="Tokens kept of a text.")] = None,
    image_size: Annotated[
        int | None, typer.Option("--image-size", min=1, help="Height and width of images; the model's unless given.")
    ] = None,
    augment: Annotated[
        str | None,
        typer.Option("--augment", help="Change training images: flip+crop+color+randaugment+mixup."),
    ] = None,
    class_weights: Annotated[
        str | None,
        typer.Option(
            "--class-weights", help="What rows count in training: auto makes classes count alike; or spam=5,ham=1."
        ),
    ] = None,
    sampling: Annotated[
        str | None, typer.Option("--sampling", help="shuffled, or balanced: every class equally often in an epoch.")
    ] = None,
    label_smoothing: Annotated[
        float | None,
        typer.Option("--label-smoothing", help="The share of a label that is spread over all, such as 0.1."),
    ] = None,
    bad_images: BadImages = None,
    drop_missing: DropMissing = False,
    drop_empty: DropEmpty = False,
    id_column: Annotated[str | None, typer.Option("--id", help="The column with the rows' ids.")] = None,
    group: Annotated[
        str | None, typer.Option("--group", help="A column whose values stay on one side of a split.")
    ] = None,
    rare: Rare = None,
    encoding: Annotated[str | None, typer.Option("--encoding", help="Of the files.")] = None,
    leakage: Leakage = None,
    near_duplicates: Annotated[
        str | None,
        typer.Option("--near-duplicates", help="Texts nearly equal to a test text: report, drop_train or off."),
    ] = None,
    augment_text: Annotated[
        str | None,
        typer.Option(
            "--augment-text",
            help="Add changed copies of training texts: synonyms=wordnet,replace=0.1,delete=0.1,swap=0.1,copies=2.",
        ),
    ] = None,
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
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Compare ways of fine-tuning on one data set. `tunefork compare reviews.csv` alone guesses the rest."""
    if follows():
        return
    from tunefork.config import parse_run, parse_text_augmentation
    from tunefork.metrics import own_metrics
    from tunefork.study_file import build_study

    entries = [parse_run(each) for each in (run or DEFAULT_RUNS)]
    settings: dict[str, Any] = {
        "train": data,
        "text": text,
        "image": image,
        "image_size": image_size,
        "label": label,
        "problem": problem,
        "label_separator": label_separator,
        "test": share_or_file(test),
        "validation": share_or_file(validation),
        "rows": rows,
        "max_length": max_length,
        **row_options(drop_missing, drop_empty, bad_images, leakage, rare),
        "near_duplicates": near_duplicates,
        "augment": parse_text_augmentation(augment_text) if augment_text is not None else None,
        "id": id_column,
        "group": group,
        "encoding": encoding,
        "examples": False if no_examples else None,
    }
    training = {
        "epochs": epochs,
        "batch_size": batch_size,
        "shared_learning_rate": shared_learning_rate,
        "augment": augment,
        "class_weights": class_weights_option(class_weights),
        "sampling": sampling,
        "label_smoothing": label_smoothing,
    }
    name = Path(data.removeprefix("hub:").partition("#")[0]).name.partition(".")[0] or "study"
    plain: dict[str, Any] = {
        "name": name,
        "model": model or "builtin:minilm",
        "data": {key: value for key, value in settings.items() if value is not None},
        "training": {key: value for key, value in training.items() if value is not None},
        "seeds": seed_option(seeds) or (TIMED_SEEDS if time else 1),
        "compare": [entry.written() for entry in entries],
        "selection": {"metric": selection} if selection is not None else {},
        "verdict": judging_options(margin, max_trainable, max_memory, max_seconds, max_latency),
        "search": search_options(time, trials, search, halving) or None,
        "trackers": tracker or [],
    }
    own = own_metrics(metric or (), where="--metric")
    config = build_study(plain, where="command line", own=[each.name for each in own])
    if model is None:
        config = config.model_copy(update={"model": _model_for(config.data, as_json)})
    if run is None and not as_json:
        typer.echo(f"No --run given; comparing {', '.join(DEFAULT_RUNS)}.", err=True)
    from tunefork.cli.showing import show_results
    from tunefork.cli.smoking import smoked
    from tunefork.study import Study

    study = Study.from_config(config, metrics=own, trust=trust_options(trust_remote_code, allow_pickle))
    if smoke:
        study, out = smoked(study, out, include or ())
    with runner_option(runner, address, workers) as executes:  # first: other processes may wait for this one
        if not as_json:
            study.preflight()
            for notice in study.splits.notices:
                typer.echo(f"{notice}", err=True)
        results = study.run(
            out, progress=not as_json, workers=workers, runner=executes, include=include or (), fork=fork
        )
    show_results(results.store, as_json)


def _model_for(data: DataConfig, quiet: bool) -> str:
    """The model that ships for texts, or for images; an error in the data is told by the study."""
    from tunefork.data import is_of_images

    model = "builtin:vit-fashion" if is_of_images(data) else "builtin:minilm"
    if not quiet:
        typer.echo(f"No --model given; {model}, which is small and needs no network, is used.", err=True)
    return model


def share_or_file(text: str | None) -> str | float | None:
    """A number is a share, anything else a file."""
    try:
        return None if text is None else float(text)
    except ValueError:
        return text
