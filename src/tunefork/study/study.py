"""Study: data → plan → run → Results. What the command line and the Python API both call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from tunefork.config import Configuration, Search, StudyConfig
from tunefork.data import Data, Splits, load_data
from tunefork.engine import automatic_precision
from tunefork.errors import ModelError
from tunefork.metrics import OwnMetric, own_metrics
from tunefork.models import NOTHING, Backbone, Trust
from tunefork.plan import ExpandedRun, Plan, StepTiming, expand
from tunefork.plan.simulate import Costs
from tunefork.preflight import Preflight
from tunefork.problem import Problem
from tunefork.runner import Display, Places, Runner, Silence, Watcher
from tunefork.search import search_lines
from tunefork.store import Store
from tunefork.strategies import Selection
from tunefork.study.checks import check_settings
from tunefork.study.choices import Choices
from tunefork.study.conduct import Conduct
from tunefork.study.encoding import Encoded, encode_rows
from tunefork.study.executing import execute
from tunefork.study.facts import artefact_facts
from tunefork.study.grouping import Planner
from tunefork.study.model_source import ModelSource
from tunefork.study.own_metrics import one_process
from tunefork.study.prepare import make_plan, resolved
from tunefork.study.results import Results
from tunefork.study.searching import Material
from tunefork.study.selecting import check_space, select_all
from tunefork.study.sitting import sit
from tunefork.study.timings import time_configurations
from tunefork.study_file import build_study, read_study
from tunefork.trackers import check_installed

DEFAULT = ("full", "head", "last_layers", "lora")
Wanted = Callable[..., float] | str | OwnMetric
"""A metric of the user's own, as ``tunefork.metrics.own_metrics`` takes it."""


class Study:
    """A comparison of ways to fine-tune one model on one data set.

    Args:
        model: a hub id, a local folder, or ``builtin:minilm``.
        data: from ``load_data``, or what it takes (a path, a DataFrame).
        compare: configurations such as ``[Full(), Head(), LoRA(rank=[2, 8])]``; full, head, last layer and LoRA unless
            given.
        seeds: how many, or which.
        training: settings of ``training`` that differ from the defaults.
        name: of the study, and of its folder unless ``run`` is told another.
        metrics: functions of labels [N] and probabilities [N, C] that give a number (both [N, C] of several labels;
            numbers and answers [N] of a regression), computed of every evaluation and known by their names, also to
            ``selection``; or ``"lower:module:function"`` where lower is better.
        **settings: further settings of a study file: ``revision``, ``selection``, ``start_from``, ``trackers``.

    Example:
        >>> study = Study(model="builtin:minilm", data=load_data("reviews.csv"))  # doctest: +SKIP
        >>> print(study.run().verdict())  # doctest: +SKIP

    Raises:
        StudyFileError: every setting that cannot be meant, at once.
    """

    def __init__(
        self,
        model: str,
        data: Data | Any,
        compare: Sequence[Configuration] | None = None,
        seeds: int | Sequence[int] = 1,
        *,
        training: Mapping[str, Any] | None = None,
        name: str = "study",
        metrics: Sequence[Wanted] = (),
        **settings: Any,
    ) -> None:
        self._data: Data | None = data if isinstance(data, Data) else load_data(data)
        entries = [Configuration(kind) for kind in DEFAULT] if compare is None else compare
        plain = {
            "name": name,
            "model": model,
            "data": self._data.config.model_dump(mode="json"),
            "training": dict(training or {}),
            "seeds": seeds if isinstance(seeds, int) else list(seeds),
            "compare": [entry.written() for entry in entries],
            **settings,
        }
        self._own = own_metrics(metrics)
        self.config = build_study(plain, where="Study", own=[each.name for each in self._own])
        self._base: Path | None = None

    trust: Trust = NOTHING
    """What of the model's files may do more than hold numbers."""
    _looked_for: Search | None = None
    """How the settings of this study were looked for, where they were not given."""
    _notices: tuple[str, ...] = ()
    """What the search has to say."""

    @classmethod
    def from_config(
        cls, config: StudyConfig, base: Path | None = None, metrics: Sequence[Wanted] = (), trust: Trust = NOTHING
    ) -> Study:
        """A study from its configuration; relative paths in it start from ``base``."""
        study = cls.__new__(cls)
        pinned = trust.revision(config.model, config.revision) if trust.code_revision else config.revision
        study.config, study._base, study._data = config.model_copy(update={"revision": pinned}), base, None
        study.trust = trust
        study._own = own_metrics(metrics)
        return study

    @classmethod
    def from_file(
        cls,
        path: str | Path,
        overrides: Mapping[str, Any] | None = None,
        base: str | Path | None = None,
        metrics: Sequence[Wanted] = (),
        trust: Trust = NOTHING,
    ) -> Study:
        """A study from its file; relative paths in it start from ``base``, the file's folder unless given."""
        own = own_metrics(metrics)
        config = read_study(path, overrides, [each.name for each in own])
        return cls.from_config(config, Path(base or Path(path).parent).resolve(), own, trust)

    @cached_property
    def splits(self) -> Splits:
        """The rows: read, checked and split once; pictures in the size that the model wants."""
        return self.read()

    def read(self, sized: bool = True) -> Splits:
        """The rows; without ``sized`` nothing has to be known of the model, and pixels are not kept."""
        data = self._data or Data(self.config.data, base=self._base)
        splits = data.splits(self._source.image_reader if sized else None)
        check_settings(self.config, splits, self._own)
        return splits

    @property
    def model(self) -> str:
        """The model's name; a folder beside the study file by its path."""
        return resolved(self.config, self._base).model

    @cached_property
    def backbone(self) -> Backbone:
        """The model that training starts from, with a head for these labels."""
        return self.starting_model(self.splits.labels.names, self.splits.problem)

    def starting_model(self, labels: Sequence[str], problem: Problem) -> Backbone:
        """The same for labels that need not be those of the rows."""
        return self._source.backbone(labels, problem)

    @cached_property
    def _source(self) -> ModelSource:
        start, size = self.config.start_from, self.config.data.image_size
        place = None if start is None else (self._base or Path()) / start
        return ModelSource(self.model, self.config.revision, place, size, self.trust)

    @cached_property
    def encoded(self) -> Encoded:
        """The rows as the model reads them."""
        return encode_rows(self.splits, self.backbone, self.config.data)

    @cached_property
    def selections(self) -> dict[str, Selection]:
        """What each configuration trains."""
        return select_all(self.expanded, self.backbone)

    @cached_property
    def expanded(self) -> tuple[ExpandedRun, ...]:
        """Its runs, without anything of the model."""
        return expand(self.config)

    def preflight(self) -> None:
        """Look at rows, settings, model and configurations before anything trains.

        Raises:
            TuneforkError: what is wrong; a ``ProblemsError`` with everything where that is more than one thing.
        """
        checks = Preflight()
        checks.look(lambda: check_installed(self.config.trackers))
        splits = checks.look(lambda: self.splits)
        if any(isinstance(each, ModelError) for each in checks.problems):  # pictures are made as the model wants them
            checks.settle()
        # where the rows are not known, neither are the labels: any two do to look at the model
        model = checks.look(lambda: self.backbone if splits else self.starting_model(("0", "1"), "single_label"))
        if model is not None:
            checks.look(lambda: self.selections if splits else select_all(self.expanded, model))
            checks.look(lambda: check_space(self.config, model))
            checks.look(lambda: self.encoded if splits else None)
        checks.settle()

    def plan(
        self, timings: bool = True, workers: int | None = None, places: Places | None = None, costs: Costs | None = None
    ) -> Plan:
        """What ``run`` will do: runs, groups, counts, steps and estimates.

        Args:
            timings: time a few steps of every configuration and group (seconds; cached on this machine). Without, only
                what the choice of groups needs is timed.
            workers: groups that train at the same time; as many as measure fastest unless given.
            places: what a runner has room for that is not this machine alone: ``RayRunner(…).places()``.
            costs: what passes take on another kind of device; nothing is timed here then.
        """
        return self._plan(timings, Choices(), workers, places, costs)

    def _plan(
        self, timings: bool, chosen: Choices, workers: int | None,
        places: Places | None = None, costs: Costs | None = None,
    ) -> Plan:  # fmt: skip
        """The plan; with what was chosen when the study began."""
        self.preflight()
        automatic = costs.precision if costs else chosen.precision or automatic_precision()
        share = places.share if places is not None else 1
        found, plain = (costs.alone, {}) if costs else self.timings(automatic, share) if timings else ({}, {})
        workers = one_process(self._own, workers)
        planner = Planner(
            self.backbone, self.selections, self.encoded.rows, chosen,
            measure=timings, automatic=automatic, workers=workers, places=places, costs=costs,
        )  # fmt: skip
        plan = make_plan(
            self.config, self.expanded, self.backbone, self.splits, self.encoded, self.selections, found, automatic,
            planner.arrange, plain, share,
        )  # fmt: skip
        seconds = {run.config.configuration: run.seconds for run in plan.runs if run.seconds is not None}
        return replace(plan, search=search_lines(self.config, seconds))

    def timings(self, automatic: str, share: int = 1) -> tuple[dict[str, StepTiming], dict[str, StepTiming]]:
        """Step times by configuration, and plain ones, as in ``time_configurations``; ``automatic`` is a precision."""
        rows = self.encoded.rows
        return time_configurations(self.expanded, self.backbone, self.selections, rows, automatic, share=share)

    def run(
        self,
        folder: str | Path | None = None,
        *,
        progress: bool | Watcher = True,
        workers: int | None = None,
        runner: Runner | None = None,
        include: Sequence[str | Path] = (),
        fork: bool = False,
    ) -> Results:
        """Train everything that is not trained yet, and write the report.

        Args:
            folder: the study's folder, ``tunefork-NAME`` unless given. A folder of the same study is continued.
            progress: show a display (True), nothing (False), or tell a watcher of your own.
            workers: groups that train at the same time, each in a process of its own; as many as measure fastest unless
                given, and as many as before in a study that is continued.
            runner: executes the plan; ``LocalRunner`` unless given. ``RayRunner`` takes a cluster.
            include: files with somebody else's predictions for the test rows, to stand in the tables.
            fork: where the folder holds another study, one that began with other libraries, or runs that were stopped
                on demand, begin anew beside it (``NAME-2``, ``NAME-3``, …).

        Raises:
            StoreError: the folder holds another study, or (``BusyError``) another process is at work in it.
            StoppedError: somebody asked it to stop (a signal, ``tunefork stop``); everything up to there is kept.
            DiskFullError: there is no room; everything up to there is kept.
        """
        watcher = Display() if progress is True else Silence() if progress is False else progress
        path = Path(folder if folder is not None else f"tunefork-{self.config.name}")
        return sit(self, path, Conduct(watcher, runner, workers), include, fork)

    def material(self, conduct: Conduct) -> Material:
        """What a search of this study trains on."""
        facts, save_every = self.facts(), self.config.save_every
        return Material(self.backbone, self.encoded, self.splits.hash, facts, conduct, self._own, save_every)

    def decided(self, config: StudyConfig, notices: Sequence[str] = ()) -> Study:
        """This study on the same rows with other settings, which a search has chosen."""
        found = self.on_rows(self.splits, config)
        found._looked_for, found._notices = self._looked_for or self.config.search, tuple(notices)
        found.__dict__["encoded"] = self.encoded
        return found

    def on_rows(self, splits: Splits, config: StudyConfig | None = None) -> Study:
        """This study on other rows of its data."""
        found = Study.from_config(config or self.config, self._base, self._own, self.trust)
        found._data, found._looked_for = self._data, self._looked_for
        found.__dict__.update(splits=splits, backbone=self.backbone)
        return found

    def train(self, store: Store, conduct: Conduct) -> None:
        """Train what is not trained yet, and leave everything in the store."""
        plan = self._plan(False, Choices.read(store), conduct.workers, conduct.places)
        execute(self, replace(plan, notices=(*self._notices, *plan.notices)), store, conduct, self._looked_for)

    @property
    def base(self) -> Path | None:
        """The folder that relative paths start from; the working directory where there is none."""
        return self._base

    @property
    def own_metrics(self) -> tuple[OwnMetric, ...]:
        """The user's own metrics."""
        return self._own

    def facts(self) -> dict[str, Any]:
        """What every saved model says of this study."""
        return artefact_facts(self.config, self.splits, self.encoded, self.backbone)
