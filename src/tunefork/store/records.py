"""What a study remembers: plain values, written by the engine's observer and read by reports."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tunefork.counts import Counts, Formula
from tunefork.problem import Labels, Problem, answers_of, problem_of, right

Status = Literal["planned", "running", "paused", "done", "failed", "diverged", "stopped"]
"""``paused``: laid aside by a search, to go on or not; ``stopped``: the time was up, or somebody asked for its end."""


@dataclass(frozen=True)
class StudyRecord:
    """What is true of the whole study."""

    name: str
    task: str
    """``text-classification`` or ``image-classification``."""
    model: str
    labels: tuple[str, ...]
    rows: dict[str, int]
    """Rows per split: train, validation, test."""
    data_hash: str
    selection_metric: str = "loss"
    majority: dict[str, float] = field(default_factory=dict)
    """Metrics on test by name of always answering the most frequent training label."""
    baseline: dict[str, float] = field(default_factory=dict)
    """Metrics on test of the pretrained model with a fresh head, before any training."""
    truncated: dict[str, float] = field(default_factory=dict)
    """Share (0–1) of texts per split that are longer than ``max_length``."""
    environment: dict[str, Any] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
    """What the user should know: guesses, conversions, dropped rows. Shown above the tables."""
    warnings: tuple[str, ...] = ()
    """What makes conclusions weaker, such as one learning rate for all strategies. Shown above the verdict."""
    choices: dict[str, Any] = field(default_factory=dict)
    """What was chosen by measurement before training, such as the groups; a continued study chooses the same."""
    near_duplicates: tuple[dict[str, Any], ...] = ()
    """For each two splits with texts that are nearly the same: their names, how many rows, the most similar pairs."""
    augmentation: dict[str, Any] = field(default_factory=dict)
    """How copies of training texts were made: settings, counts, samples. Empty where there are none."""
    judging: dict[str, Any] = field(default_factory=dict)
    """What the verdict goes by: margin in points, and what the recommended configuration may cost."""
    search: dict[str, Any] = field(default_factory=dict)
    """How settings were looked for: method, trials, halving, space; empty where they were given."""
    problem: Problem = "single_label"
    """What a label is; of ``regression`` the one name in ``labels`` is that of the number."""
    own_metrics: dict[str, Any] = field(default_factory=dict)
    """The user's own metrics by name: ``lower`` (whether lower is better) and ``source`` (``module:function``)."""
    made_up: bool = False
    """Whether rows and model are made up, so that numbers mean nothing: every table and figure says so."""


@dataclass(frozen=True)
class RunRecord:
    """One training."""

    id: str
    configuration: str
    """Equal for the runs of one configuration with several seeds."""
    name: str
    """Shown in tables; equal for the seeds of one configuration, different between configurations."""
    strategy: str
    """full, head, last_layers, lora or peft."""
    seed: int
    config: dict[str, Any]
    """The resolved RunConfig."""
    counts: Counts
    blocks: tuple[str, ...] = ()
    """Titles of the tables this run is shown in; empty when the study has no blocks."""
    status: Status = "planned"
    reason: str = ""
    """Why it failed, diverged or was stopped."""
    on_demand: bool = False
    """Whether it was stopped because somebody asked for its end; then it is never trained again."""
    steps: int = 0
    """Optimizer steps: planned before the run, where it goes on from while it runs, made after it."""
    best_step: int | None = None
    """The evaluation whose weights were kept."""
    converged: bool | None = None
    """False when the validation loss was still falling at the end; None when nobody looked."""
    stopped_early: bool = False
    seconds: float = 0.0
    """The run's share of its group's wall time."""
    seconds_alone: float = 0.0
    """The estimate for the run on its own; rankings by time use this."""
    peak_memory_mb: float = 0.0
    latency_ms: float = 0.0
    """What the saved model takes for one row of middling length, loaded by transformers or PEFT, on the CPU in fp32."""
    precision: str = ""
    artefact: str = ""
    """``peft`` (an adapter) or ``transformers`` (a whole model) once saved in ``runs/<id>/``."""
    notices: tuple[str, ...] = ()
    formulas: tuple[Formula, ...] = ()
    """Where the counts come from, with the model's sizes filled in."""
    counted: dict[str, int] = field(default_factory=dict)
    """What was counted in the tensors that trained: adapter, head and backbone. Empty before the run."""
    temperature: float | None = None
    """What logits are divided by to calibrate probabilities, fitted on validation; None where none was found."""

    @property
    def settled(self) -> bool:
        """Whether continuing the study asks nothing more of it: it is done, or was stopped on demand."""
        return self.status == "done" or self.on_demand

    @property
    def broken(self) -> bool:
        """Whether it ended without a model that could be judged: it failed, diverged, or was stopped on demand."""
        return self.status in ("failed", "diverged") or self.on_demand

    @property
    def never_trained(self) -> bool:
        """Whether it was stopped on demand before its first step, so that no pass has it."""
        return self.on_demand and not self.steps


@dataclass(frozen=True)
class StepRecord:
    """Training, once every ``log_every`` optimizer steps."""

    run: str
    step: int
    """Optimizer steps made so far, from 1."""
    epoch: float
    loss: float
    """Mean training loss since the last record."""
    learning_rate: float
    seconds: float
    """Since the run began."""


@dataclass(frozen=True)
class EvaluationRecord:
    """The metrics of one pass over a split."""

    run: str
    step: int
    epoch: float
    split: str
    """``validation`` or ``test``. The test split is evaluated once per run, after everything is decided."""
    loss: float
    """Mean cross-entropy in nats (of ``multi_label`` over rows and labels), or mean squared error."""
    accuracy: float
    """Of ``multi_label`` the share of rows of which all labels are right; NaN in ``regression``."""
    macro_f1: float
    """Of ``multi_label`` the mean over labels; NaN in ``regression``."""
    f1: float | None
    """F1 of the positive (second) class; None unless there are two classes."""
    seconds: float = 0.0
    scores: dict[str, float] = field(default_factory=dict)
    """Further metrics that are known, by name: weighted_f1, mcc, auroc, ece, brier; micro_f1 of ``multi_label``; rmse,
    mae, r2, pearson and spearman of ``regression``; and the user's own."""

    def metric(self, name: str) -> float:
        """The value of a metric; NaN where it is not known."""
        return _metric(self, name)


@dataclass(frozen=True)
class BaselineRecord:
    """Something that answered the test rows without being a run of the study."""

    id: str
    name: str
    """Shown in tables."""
    kind: str
    """``tfidf``: trained by tunefork on the same rows; ``file``: somebody else's predictions."""
    loss: float
    accuracy: float
    macro_f1: float
    f1: float | None = None
    """F1 of the positive (second) class; None unless there are two classes."""
    seconds: float = 0.0
    settings: dict[str, Any] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
    """What the user should know of it; shown below the tables."""
    scores: dict[str, float] = field(default_factory=dict)
    """Further metrics that are known, by name; without probabilities none that needs them."""

    def metric(self, name: str) -> float:
        """The value of a metric; NaN where it is not known."""
        return _metric(self, name)


@dataclass(frozen=True)
class TrialRecord:
    """One try of a search: settings, and what they gave on validation."""

    id: str
    arm: str
    """The identity of the configuration whose open settings were tried."""
    name: str
    """That configuration's, shown in tables."""
    number: int
    """From 0, in the order in which they were asked for."""
    settings: dict[str, Any]
    """What was tried, by setting."""
    metric: str
    """What validation chose by."""
    value: float | None
    """The best evaluation's; None where there was none."""
    status: str
    """``done``; ``eliminated`` by halving; ``diverged``, ``failed``; ``stopped``: the time was up, or on demand."""
    step: int = 0
    """Optimizer steps that it made."""
    steps: int = 0
    """Optimizer steps of its whole training."""
    seconds: float = 0.0
    seed: int = 0
    lower: bool = True
    """Whether a lower value is a better one."""
    chosen: bool = False
    """Whether the final runs have its settings."""
    reason: str = ""
    """Why it failed, diverged or was stopped."""


@dataclass(frozen=True)
class Predictions:
    """One evaluation's answers. ``ids`` are the rows' ids in the data (strings), in the order of the split."""

    ids: tuple[str, ...]
    labels: Labels
    """[N] true classes, [N, C] true labels, or [N] true numbers."""
    logits: NDArray[np.float32]
    """[N, classes]; of ``regression`` [N, 1], the numbers in the labels' own unit."""

    @property
    def problem(self) -> Problem:
        """What the labels are."""
        return problem_of(self.labels)

    @property
    def predicted(self) -> Labels:
        """What is answered, in the form of ``labels``."""
        return answers_of(self.logits, self.problem)

    @property
    def correct(self) -> NDArray[np.bool_]:
        """[N] whether the class is right, or all labels are. Numbers are neither right nor wrong: not of them."""
        return right(self.predicted, self.labels)


def _metric(record: EvaluationRecord | BaselineRecord, name: str) -> float:
    first = {"loss": record.loss, "accuracy": record.accuracy, "macro_f1": record.macro_f1, "f1": record.f1}
    value = first[name] if name in first else record.scores.get(name)
    return float("nan") if value is None else value
