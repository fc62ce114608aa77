"""Study: data → plan → run → Results. What the command line and the Python API both call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from tunefork.baselines import include_predictions, keep_baselines, read_predictions
from tunefork.config import Configuration, RunConfig, StudyConfig
from tunefork.data import Data, Splits, load_data
from tunefork.engine import Precision, Rows, automatic_precision, choose_precision
from tunefork.metrics import OwnMetric, own_metrics
from tunefork.models import Backbone, ImageReader, load_backbone, load_config, load_image_reader, task_of
from tunefork.plan import Plan, StepTiming, expand
from tunefork.report import write_report
from tunefork.runner import Display, Job, LocalRunner, Runner, Silence, Watcher
from tunefork.store import RunRecord, SqliteStore, Store
from tunefork.store.atomic import write_text
from tunefork.strategies import Selection, frozen_depth
from tunefork.study.checks import check_settings
from tunefork.study.choices import Choices
from tunefork.study.encoding import Encoded, check_task, encode_rows
from tunefork.study.facts import model_facts
from tunefork.study.folders import check_folder
from tunefork.study.grouping import Planner
from tunefork.study.own_metrics import check_unchanged, keep_own_metrics, one_process
from tunefork.study.prepare import make_plan, resolved, select_all, study_record
from tunefork.study.results import Results
from tunefork.study.start import keep_beside, starting_labels, starting_model
from tunefork.study.thumbnails import keep_thumbnails
from tunefork.study.timings import timed
from tunefork.study_file import build_study, read_study, write_study

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
        metrics: functions of labels [N] and probabilities [N, C] that give a number, computed of every evaluation and
            known by their names, also to ``selection``; or ``"lower:module:function"`` where lower is better.
        **settings: further settings of a study file: ``revision``, ``selection``, ``start_from``.

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

    @classmethod
    def from_config(cls, config: StudyConfig, base: Path | None = None, metrics: Sequence[Wanted] = ()) -> Study:
        """A study from its configuration; relative paths in it start from ``base``."""
        study = cls.__new__(cls)
        study.config, study._base, study._data = config, base, None
        study._own = own_metrics(metrics)
        return study

    @classmethod
    def from_file(
        cls,
        path: str | Path,
        overrides: Mapping[str, Any] | None = None,
        base: str | Path | None = None,
        metrics: Sequence[Wanted] = (),
    ) -> Study:
        """A study from its file; relative paths in it start from ``base``, the file's folder unless given."""
        own = own_metrics(metrics)
        config = read_study(path, overrides, [each.name for each in own])
        return cls.from_config(config, Path(base or Path(path).parent).resolve(), own)

    @cached_property
    def splits(self) -> Splits:
        """The rows: read, checked and split once; pictures in the size that the model wants."""
        return self.read()

    def read(self, sized: bool = True) -> Splits:
        """The rows; without ``sized`` nothing has to be known of the model, and pixels are not kept."""
        data = self._data or Data(self.config.data, base=self._base)
        splits = data.splits(self._resize if sized else None)
        check_settings(self.config, splits, self._own)
        return splits

    def _resize(self) -> ImageReader:
        """What makes pictures the size that the model wants; asked for where rows turn out to be pictures."""
        model, revision = self.model, self.config.revision
        check_task("image-classification", task_of(load_config(model, revision)), model)
        place = self._start
        if place is not None:
            return load_image_reader(str(place), size=self.config.data.image_size)
        return load_image_reader(model, revision, self.config.data.image_size)

    @cached_property
    def _start(self) -> Path | None:
        """The folder with the weights that training starts from, where that is an earlier study's or an adapter."""
        if self.config.start_from is None:
            return None
        return starting_model((self._base or Path()) / self.config.start_from, self.model, self.config.revision)

    @property
    def model(self) -> str:
        """The model's name; a folder beside the study file by its path."""
        return resolved(self.config, self._base).model

    @cached_property
    def backbone(self) -> Backbone:
        """The model that training starts from, with a head for these labels."""
        labels = self.splits.labels.names
        size = self.config.data.image_size
        if self.config.start_from is None or self._start is None:
            return load_backbone(self.model, labels, self.config.revision, size)
        backbone = load_backbone(str(self._start), labels, image_size=size)
        before = starting_labels((self._base or Path()) / self.config.start_from)
        if before and before != tuple(labels):
            notice = f"the starting model's classes were {', '.join(before)}; here they are {', '.join(labels)}"
            backbone = replace(backbone, notices=(*backbone.notices, notice))
        return backbone

    @cached_property
    def encoded(self) -> Encoded:
        """The rows as the model reads them."""
        return encode_rows(self.splits, self.backbone, self.config.data)

    @cached_property
    def selections(self) -> dict[str, Selection]:
        """What each configuration trains."""
        return select_all(expand(self.config), self.backbone)

    def plan(self, timings: bool = True, workers: int | None = None) -> Plan:
        """What ``run`` will do: runs, groups, counts, steps and estimates.

        Args:
            timings: time a few steps of every configuration and group (seconds; cached on this machine). Without, only
                what the choice of groups needs is timed.
            workers: groups that train at the same time; as many as measure fastest unless given.
        """
        return self._plan(timings, Choices(), workers)

    def _plan(self, timings: bool, chosen: Choices, workers: int | None) -> Plan:
        """The plan; with what was chosen when the study began, where it is known."""
        automatic = chosen.precision or automatic_precision()
        found, plain = self._timings(automatic) if timings else ({}, {})
        workers = one_process(self._own, workers)
        planner = Planner(
            self.backbone, self.selections, self.encoded.rows, chosen,
            measure=timings, automatic=automatic, workers=workers,
        )  # fmt: skip
        return make_plan(
            self.config, self.backbone, self.splits, self.encoded, self.selections, found, automatic,
            planner.arrange, plain,
        )  # fmt: skip

    def _timings(self, automatic: str) -> tuple[dict[str, StepTiming], dict[str, StepTiming]]:
        """Step times by configuration; and, of those that augment images and freeze blocks, without augmentation."""
        found, plain = {}, {}
        for run in _configurations(expand(self.config)):
            precision = choose_precision(run.training.precision, automatic=automatic)
            selection = self.selections[run.configuration]
            known = (self.backbone, [selection], self.encoded.rows, precision)
            found[run.configuration] = _timed(run, *known)
            if run.training.augment and frozen_depth(self.backbone.anatomy, selection):
                training = run.training.model_copy(update={"augment": ()})
                plain[run.configuration] = _timed(run.model_copy(update={"training": training}), *known)
        return found, plain

    def run(
        self,
        folder: str | Path | None = None,
        *,
        progress: bool | Watcher = True,
        workers: int | None = None,
        runner: Runner | None = None,
        include: Sequence[str | Path] = (),
    ) -> Results:
        """Train everything that is not trained yet, and write the report.

        Args:
            folder: the study's folder, ``tunefork-NAME`` unless given. A folder of the same study is continued.
            progress: show a display (True), nothing (False), or tell a watcher of your own.
            workers: groups that train at the same time, each in a process of its own; as many as measure fastest unless
                given, and as many as before in a study that is continued.
            runner: executes the plan; ``LocalRunner`` unless given.
            include: files with somebody else's predictions for the test rows, to stand in the tables.

        Raises:
            StoreError: the folder holds another study.
        """
        for source in include:  # a file that does not fit is told before anything trains
            read_predictions(source, self.splits.test.ids, self.splits.labels.names)
        path = Path(folder if folder is not None else f"tunefork-{self.config.name}")
        written = resolved(self.config, self._base)
        check_folder(path, written, self.splits.hash)
        store = SqliteStore(path)
        check_unchanged(store, self._own)
        plan = self._plan(timings=False, chosen=Choices.read(store), workers=workers)
        write_text(path / "study.yaml", write_study(written))
        _register(store, plan)
        if not _finished(store, plan):
            store.begin(study_record(self.config, self.backbone, self.splits, self.encoded, plan, self._own))
            backbone = self.backbone
            if self.config.start_from is not None:
                backbone = replace(backbone, name=str(keep_beside(Path(backbone.name), path)))
            facts = model_facts(self.config, self.splits, backbone, self.encoded)
            metric = self.config.selection.metric
            job = Job(backbone, self.encoded.rows, self.selections, metric, facts, self._own)
            watcher = Display() if progress is True else Silence() if progress is False else progress
            (runner or LocalRunner()).execute(plan, job, store, watcher)
        keep_baselines(store, self.splits)
        include_predictions(store, include)
        keep_own_metrics(store, self._own)
        keep_thumbnails(store, self.splits.test)
        write_report(store)
        return Results(store)


def _configurations(runs: Iterable[Any]) -> list[RunConfig]:
    """One run of each configuration."""
    return list({run.config.configuration: run.config for run in runs}.values())


def _timed(
    run: RunConfig, backbone: Backbone, selections: list[Selection], rows: Rows, precision: Precision
) -> StepTiming:
    return timed(backbone, [run], selections, rows, precision)


def _register(store: Store, plan: Plan) -> None:
    """A record for every planned run; runs that are there keep their results and get today's name and blocks."""
    known = {run.id: run for run in store.runs()}
    for planned in plan.runs:
        config = planned.config
        record = known.get(config.id) or RunRecord(
            id=config.id,
            configuration=config.configuration,
            name=planned.name,
            strategy=config.strategy.kind,
            seed=config.seed,
            config=config.model_dump(mode="json"),
            counts=planned.counts,
            steps=planned.steps or 0,
            notices=planned.notices,
        )
        store.put_run(replace(record, name=planned.name, blocks=planned.blocks))


def _finished(store: Store, plan: Plan) -> bool:
    wanted = {run.config.id for run in plan.runs}
    return all(run.status == "done" for run in store.runs() if run.id in wanted)
