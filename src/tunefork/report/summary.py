"""A study as a report sees it: configurations over their seeds, and the best, chosen on validation."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from tunefork.config import HEADLINE, LOWER_IS_BETTER, Judging
from tunefork.counts import Counts
from tunefork.report.problems import KINDS
from tunefork.report.reading import baseline_answers, read_run
from tunefork.report.run_summary import Answers, RunSummary, Spread
from tunefork.report.scoring import JUDGED, bounds_of, scores_of
from tunefork.report.selection import Choice, choose
from tunefork.report.units import Units
from tunefork.store import BaselineRecord, Store, StudyRecord, TrialRecord
from tunefork.uncertainty import Estimate, Matrix, Pool, mean_of, pool_of


@dataclass(frozen=True, eq=False)
class ConfigurationSummary:
    """One configuration over its seeds. Metrics are those of the runs that finished."""

    id: str
    name: str
    strategy: str
    counts: Counts
    blocks: tuple[str, ...]
    runs: tuple[RunSummary, ...]
    classes: int
    reduction: float
    """How many percent fewer parameters train than in full fine-tuning (the model's total where the study has none)."""
    kept: float | None = None
    """The headline metric on test in percent of full fine-tuning's; None where the study has no finished full run."""
    pools: Mapping[str, Pool | None] = field(default_factory=dict)
    """What seeds do in all configurations of the study, by metric."""

    @cached_property
    def done(self) -> tuple[RunSummary, ...]:
        """The runs that finished."""
        return tuple(run for run in self.runs if run.done)

    @cached_property
    def broken(self) -> tuple[RunSummary, ...]:
        """The runs that failed, diverged or were stopped on demand."""
        return tuple(run for run in self.runs if run.broken)

    @property
    def statuses(self) -> tuple[str, ...]:
        """The runs' statuses, in the order of the runs."""
        return tuple(run.record.status for run in self.runs)

    @property
    def converged(self) -> bool | None:
        """False when the validation loss of any finished run was still falling; None when nobody looked."""
        known = [run.record.converged for run in self.done if run.record.converged is not None]
        return all(known) if known else None

    def spread(self, split: str, metric: str) -> Spread | None:
        """A metric on ``test`` or ``validation`` over the seeds; None where unknown."""
        return _spread(found.metric(metric) for run in self.done if (found := run.on(split)))

    @property
    def seconds_alone(self) -> Spread | None:
        """Estimated seconds of one run on its own."""
        return _spread(run.record.seconds_alone for run in self.done if run.record.seconds_alone > 0)

    @property
    def peak_memory_mb(self) -> float | None:
        """The largest peak of its runs."""
        return max((run.record.peak_memory_mb for run in self.done if run.record.peak_memory_mb > 0), default=None)

    @property
    def latency_ms(self) -> float | None:
        """Milliseconds that a saved model takes for one row: the median over its runs; None where nobody timed it."""
        known = [run.record.latency_ms for run in self.done if run.record.latency_ms > 0]
        return float(np.median(known)) if known else None

    @property
    def final_training_loss(self) -> Spread | None:
        """The last training loss over the seeds."""
        return _spread(run.final_training_loss for run in self.done)

    @cached_property
    def answers(self) -> tuple[Answers, ...]:
        """The test answers of the finished runs."""
        return tuple(run.answers for run in self.done if run.answers and len(run.answers.labels))

    @property
    def correct(self) -> Matrix | None:
        """[seeds, rows] correctness on test; None without answers, or when seeds answered different rows."""
        return self.scores("accuracy")

    @property
    def accuracy(self) -> Estimate | None:
        """Test accuracy with its interval."""
        return self.estimate("accuracy")

    @property
    def macro_f1(self) -> Estimate | None:
        """Test macro F1 with its interval."""
        return self.estimate("macro_f1")

    def scores(self, metric: str) -> Matrix | None:
        """[seeds, rows] what each test row contributes to a metric of ``JUDGED``, whose mean it is.

        None without answers, when seeds answered different rows, and where the rows do not have the metric.
        """
        if len({answers.rows for answers in self.answers}) != 1:
            return None
        if metric not in self._scores:
            self._scores[metric] = scores_of(self.answers, metric, self.classes)
        return self._scores[metric]

    def estimate(self, metric: str) -> Estimate | None:
        """A test metric of ``JUDGED`` with its interval."""
        scores = self.scores(metric)
        return None if scores is None else mean_of(scores, self.pools.get(metric), bounds_of(metric))

    @cached_property
    def _scores(self) -> dict[str, Matrix | None]:
        return {}


@dataclass(frozen=True, eq=False)
class BaselineSummary:
    """Something that answered the test rows without being a run."""

    record: BaselineRecord
    answers: Answers
    classes: int

    def scores(self, metric: str) -> Matrix | None:
        """[1, rows] what each test row contributes to a metric; None where it is not known."""
        return scores_of((self.answers,), metric, self.classes)

    def estimate(self, metric: str) -> Estimate | None:
        """A test metric with its interval."""
        scores = self.scores(metric)
        return None if scores is None else mean_of(scores, bounds=bounds_of(metric))


@dataclass(frozen=True, eq=False)
class Summary:
    """Everything a report needs, read once from the store."""

    study: StudyRecord
    configurations: tuple[ConfigurationSummary, ...]
    """In the order of the study."""
    split: str | None
    """Where the tables' metrics come from: ``test`` when any run was evaluated on it, else ``validation``."""
    choice: Choice
    warnings: tuple[str, ...]
    """The study's, and those of choosing the best."""
    judging: Judging
    """What the verdict goes by."""
    baselines: tuple[BaselineSummary, ...] = ()
    trials: tuple[TrialRecord, ...] = ()
    """Of the search, where there was one."""

    @property
    def judged_by(self) -> str:
        """The metric whose differences are judged: the one that validation chose by, where rows contribute to it and
        the test rows have it, else the problem's headline: accuracy of single labels."""
        wanted, problem = self.study.selection_metric, self.study.problem
        answered = [one for one in self.configurations if one.answers]
        known = wanted in JUDGED[problem] and all(one.scores(wanted) is not None for one in answered)
        return wanted if known else HEADLINE[problem]

    @property
    def sign(self) -> int:
        """1 where more of the judged metric is better, −1 where less is."""
        return -1 if self.judged_by in self.lower else 1

    @cached_property
    def units(self) -> Units:
        """How its metrics are told."""
        tested = (run.units for run in self.runs if run.answers and len(run.answers.labels))
        return next(tested, Units(self.study.problem))

    @property
    def lower(self) -> frozenset[str]:
        """The metrics of which lower is better."""
        return _lower(self.study)

    @property
    def best(self) -> str | None:
        """The id of the best run, chosen on validation; None when no run can be chosen."""
        return self.choice.run

    @property
    def best_configuration(self) -> ConfigurationSummary | None:
        """The configuration of the best run."""
        return next((one for one in self.configurations if one.id == self.choice.configuration), None)

    @property
    def runs(self) -> tuple[RunSummary, ...]:
        """All runs, configuration by configuration."""
        return tuple(run for one in self.configurations for run in one.runs)

    @property
    def blocks(self) -> tuple[tuple[str, tuple[ConfigurationSummary, ...]], ...]:
        """Titles and what is shown under them, in the order of the study. A study without blocks has one, untitled."""
        titles = dict.fromkeys(title for one in self.configurations for title in (one.blocks or ("",)))
        return tuple(
            (title, tuple(one for one in self.configurations if title in (one.blocks or ("",)))) for title in titles
        )

    @property
    def seeds(self) -> tuple[int, ...]:
        """How many runs finished, per configuration with at least one."""
        return tuple(len(one.done) for one in self.configurations if one.done)


def summarise(store: Store, judging: Judging | None = None) -> Summary:
    """Read a study, to be judged as it says itself unless told otherwise. Raises StoreError when the store has none."""
    study, by_configuration = store.study(), dict[str, list[RunSummary]]()
    for record in store.runs():
        run = read_run(store, record, study)
        by_configuration.setdefault(record.configuration, []).append(run)
    plain = [_configuration(runs, study) for runs in by_configuration.values()]
    metric = study.selection_metric
    choice = choose(plain, metric, _lower(study))
    judged, binary = JUDGED[study.problem], study.problem == "single_label" and len(study.labels) == 2
    shown = [*KINDS[study.problem].known, *["f1"] * binary, *[metric] * (metric in judged)]
    configurations = _pooled(_against_full(plain, study), list(dict.fromkeys(shown)))
    finished = [run for one in configurations for run in one.done]
    split = next((split for split in ("test", "validation") if any(run.on(split) for run in finished)), None)
    judging = judging or Judging.model_validate(study.judging)
    baselines = tuple(
        BaselineSummary(record, baseline_answers(store, record, metric), len(study.labels))
        for record in store.baselines()
    )
    warnings = (*study.warnings, *choice.warnings)
    return Summary(study, configurations, split, choice, warnings, judging, baselines, tuple(store.trials()))


def _lower(study: StudyRecord) -> frozenset[str]:
    return LOWER_IS_BETTER | {name for name, own in study.own_metrics.items() if own["lower"]}


def _configuration(runs: Sequence[RunSummary], study: StudyRecord) -> ConfigurationSummary:
    first = runs[0].record
    blocks = tuple(dict.fromkeys(title for run in runs for title in run.record.blocks))
    counts, classes = first.counts, len(study.labels)
    reduction = _reduction(counts, counts.total)
    return ConfigurationSummary(
        first.configuration, first.name, first.strategy, counts, blocks, tuple(runs), classes, reduction
    )


def _against_full(
    configurations: Sequence[ConfigurationSummary], study: StudyRecord
) -> tuple[ConfigurationSummary, ...]:
    """Adds what compares with full fine-tuning; of several full configurations, the one that validation prefers."""
    full = [one for one in configurations if one.strategy == "full"]
    if not full:
        return tuple(configurations)
    chosen = choose(full, study.selection_metric, _lower(study)).configuration
    reference = next((one for one in full if one.id == chosen), None)
    headline = HEADLINE[study.problem]
    base = reference.spread("test", headline) if reference else None
    found = []
    for one in configurations:
        own = one.spread("test", headline)
        kept = 100 * own.mean / base.mean if own and base and base.mean > 0 else None
        found.append(replace(one, reduction=_reduction(one.counts, full[0].counts.trainable), kept=kept))
    return tuple(found)


def _pooled(configurations: Sequence[ConfigurationSummary], metrics: Sequence[str]) -> tuple[ConfigurationSummary, ...]:
    """Adds what seeds do in all configurations."""
    pools = {}
    for metric in metrics:
        pools[metric] = pool_of([scores for one in configurations if (scores := one.scores(metric)) is not None])
    return tuple(replace(one, pools=pools) for one in configurations)


def _reduction(counts: Counts, full: int) -> float:
    return 100 * (1 - counts.trainable / full) if full else 0.0


def _spread(values: Iterable[float]) -> Spread | None:
    known = tuple(value for value in values if not math.isnan(value))
    return Spread(known) if known else None
