"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from tunefork.models import Trust

StudyFile = Annotated[
    Path, typer.Argument(help="The study file (YAML), or a recipe: s0, s0.fair, … (tunefork recipes).")
]
DataFolder = Annotated[
    Path | None,
    typer.Option("--data", help="The folder that relative paths start from; the study file's unless given."),
]
Seeds = Annotated[str | None, typer.Option("--seeds", help="The list of seeds, such as 0,1.")]
TrainingRows = Annotated[int | None, typer.Option("--rows", min=1, help="Train on so many rows only.")]
Epochs = Annotated[float | None, typer.Option("--epochs", help="Epochs of every run.")]
SharedRate = Annotated[
    float | None, typer.Option("--shared-learning-rate", help="One rate for all strategies: not a fair comparison.")
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers", min=1, help="Groups that train at the same time; as many as measure fastest unless given."
    ),
]
Trackers = Annotated[
    list[str] | None,
    typer.Option(
        "--tracker",
        help="Tell a tracker too: tensorboard or mlflow, also mlflow:uri=http://…,experiment=name. Repeat it.",
    ),
]
Out = Annotated[Path | None, typer.Option("-o", "--out", help="The study's folder; tunefork-NAME unless given.")]
Fork = Annotated[
    bool,
    typer.Option(
        "--fork",
        help="Where the folder holds another study, or runs that were stopped on demand, begin anew beside it: NAME-2, "
        "NAME-3, …",
    ),
]
Smoke = Annotated[
    bool,
    typer.Option(
        "--smoke",
        help="Try the study in seconds, without a network: made-up rows, a tiny model of the same kind, a folder "
        "of its own (NAME-smoke). Its numbers mean nothing.",
    ),
]
OwnMetrics = Annotated[
    list[str] | None,
    typer.Option(
        "--metric",
        help="A metric of your own, module:function; lower:module:function where lower is better. Repeat it.",
    ),
]
Selection = Annotated[
    str | None,
    typer.Option(
        "--selection",
        help="The metric by which validation chooses: loss, accuracy, macro_f1, weighted_f1, f1, mcc, auroc; of "
        "several labels loss, accuracy, micro_f1, macro_f1, weighted_f1, auroc; of numbers loss, rmse, mae, r2, "
        "pearson, spearman; or a --metric's name.",
    ),
]
DropMissing = Annotated[bool, typer.Option("--drop-missing", help="Leave out rows without a label.")]
DropEmpty = Annotated[bool, typer.Option("--drop-empty", help="Leave out rows without text or image.")]
BadImages = Annotated[str | None, typer.Option("--bad-images", help="Pictures that cannot be read: error or skip.")]
Leakage = Annotated[
    str | None, typer.Option("--leakage", help="Texts or images in two splits: error, drop_train or allow.")
]
Rare = Annotated[str | None, typer.Option("--rare", help="Classes with one example: error, train or drop.")]
TrustCode = Annotated[
    str | None,
    typer.Option(
        "--trust-remote-code",
        metavar="COMMIT",
        help="Run the code that a model of the hub brings along, of this commit (40 digits) and no other.",
    ),
]
AllowPickle = Annotated[
    bool,
    typer.Option(
        "--allow-pickle",
        help="Where a model has no safetensors, read the tensors in its pytorch_model.bin; code in there is refused.",
    ),
]


Include = Annotated[
    list[str] | None,
    typer.Option(
        "--include", help="Somebody else's predictions of the test rows: a file of ids and labels. Repeat it."
    ),
]
NoExamples = Annotated[
    bool,
    typer.Option(
        "--no-examples", help="Keep no copies of test rows (beginnings of texts, small pictures) for the report."
    ),
]
Margin = Annotated[
    float | None,
    typer.Option("--margin", min=0.0, help="Differences of so many points or fewer do not matter; 1 unless given."),
]
MaxTrainable = Annotated[
    str | None, typer.Option("--max-trainable", help="Recommend at most so many trainable parameters, such as 1M.")
]
MaxMemory = Annotated[str | None, typer.Option("--max-memory", help="… so much memory in training, such as 4GB.")]
MaxSeconds = Annotated[str | None, typer.Option("--max-seconds", help="… so long a training, such as 90s or 10m.")]

MaxLatency = Annotated[str | None, typer.Option("--max-latency", help="… so long an answer for one row, such as 50ms.")]
Time = Annotated[
    str | None,
    typer.Option("--time", help="Spend so long, such as 10m, on a search and on final runs, and stop in time."),
]
Trials = Annotated[
    int | None, typer.Option("--trials", min=1, help="Look for open settings: so many trials of each configuration.")
]
Method = Annotated[
    str | None, typer.Option("--search", help="How settings are looked for: tpe (unless given), random or grid.")
]
Halving = Annotated[
    bool, typer.Option("--halving", help="Of the trials of a search, let one in three go on at each rung.")
]


def row_options(
    drop_missing: bool, drop_empty: bool, bad_images: str | None, leakage: str | None, rare: str | None
) -> dict[str, Any]:
    """The options about rows that cannot be used that were given, by their names in the study file."""
    given = {
        "drop_missing": drop_missing or None,
        "drop_empty": drop_empty or None,
        "bad_images": bad_images,
        "leakage": leakage,
        "rare": rare,
    }
    return {name: value for name, value in given.items() if value is not None}


def trust_options(code: str | None, pickle: bool) -> Trust:
    """What of the model's files may do more than hold numbers.

    Raises:
        ConfigError: the revision is no commit.
    """
    from tunefork.models import Trust

    return Trust(code, pickle)


def search_options(time: str | None, trials: int | None, method: str | None, halving: bool) -> dict[str, Any]:
    """The options of a search that were given, by their names in the study file."""
    given = {"time": time, "trials": trials, "method": method, "halving": halving or None}
    return {name: value for name, value in given.items() if value is not None}


def judging_options(
    margin: float | None,
    max_trainable: str | None,
    max_memory: str | None,
    max_seconds: str | None,
    max_latency: str | None,
) -> dict[str, Any]:
    """The options of the verdict that were given, by their names in the study file."""
    given = {
        "margin": margin,
        "max_trainable": max_trainable,
        "max_memory": max_memory,
        "max_seconds": max_seconds,
        "max_latency": max_latency,
    }
    return {name: value for name, value in given.items() if value is not None}


def overrides(
    seeds: str | None,
    rows: int | None,
    epochs: float | None,
    shared_learning_rate: float | None,
    judging: dict[str, Any] | None = None,
    search: dict[str, Any] | None = None,
    no_examples: bool = False,
    selection: str | None = None,
    unusable: dict[str, Any] | None = None,
    trackers: list[str] | None = None,
) -> dict[str, Any]:
    """The options that replace a study file's settings, by dotted name."""
    given = {
        **{f"search.{name}": value for name, value in (search or {}).items()},
        **{f"verdict.{name}": value for name, value in (judging or {}).items()},
        **{f"data.{name}": value for name, value in (unusable or {}).items()},
        "selection.metric": selection,
        "seeds": seed_option(seeds),
        "data.rows.train": rows,
        "training.epochs": epochs,
        "training.shared_learning_rate": shared_learning_rate,
        "data.examples": False if no_examples else None,
        "trackers": trackers or None,
    }
    found = {name: value for name, value in given.items() if value is not None}
    return found | {"training.steps": None} if epochs is not None else found


def class_weights_option(text: str | None) -> str | dict[str, float] | None:
    """``auto``, or ``spam=5,ham=1`` as a mapping.

    >>> class_weights_option("auto"), class_weights_option("spam=5,ham=1")
    ('auto', {'spam': 5.0, 'ham': 1.0})

    Raises:
        ConfigError: it is neither.
    """
    from tunefork.errors import ConfigError

    if text is None or text == "auto":
        return text
    found = {}
    for part in text.split(","):
        label, equals, weight = part.rpartition("=")
        try:
            found[label.strip()] = float(weight if equals else "")
        except ValueError:
            raise ConfigError(
                "--class-weights is auto, or labels with their weights",
                found=repr(text),
                fix="Write --class-weights auto or --class-weights spam=5,ham=1.",
            ) from None
    return found


def seed_option(text: str | None) -> list[int] | None:
    """``0,1`` as a list. A lone number is that one seed, which is told: in a study file it would say how many.

    Raises:
        ConfigError: it is no list of numbers.
    """
    from tunefork.errors import ConfigError

    if text is None:
        return None
    try:
        seeds = [int(part) for part in text.split(",")]
    except ValueError:
        raise ConfigError("--seeds is a list of whole numbers", found=repr(text), fix="Write --seeds 0,1,2.") from None
    if len(seeds) == 1 and 1 < seeds[0] <= 10:
        each = ",".join(map(str, range(seeds[0])))
        typer.echo(
            f"--seeds {seeds[0]} is the one seed {seeds[0]}; for {seeds[0]} seeds write --seeds {each}", err=True
        )
    return seeds
