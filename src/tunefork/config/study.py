"""StudyConfig and its parts: what a study file says, as frozen values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, field_validator, model_validator

from tunefork.config.compare import Configuration
from tunefork.config.judging import Judging
from tunefork.config.metric import MetricName
from tunefork.config.saving import SaveEvery
from tunefork.config.search import Search
from tunefork.config.text_augmentation import TextAugmentation
from tunefork.config.tracking import TrackerChoice, parse_trackers, written_tracker
from tunefork.config.training import TrainingConfig
from tunefork.config.values import Count, Seed, Share, Value, plus_list
from tunefork.errors import ConfigError

MOST_SEEDS = 10_000


class Rows(Value):
    """A seeded subset, taken after splitting."""

    train: Count | None = None
    """So many training rows at most, drawn at random; of each class at least one."""
    validation: Count | None = None
    """So many validation rows at most."""
    test: Count | None = None
    """So many test rows at most."""
    seed: int = 0
    """Of the draw."""


class DataConfig(Value):
    """Where the rows are, which columns they use, and how they are split."""

    train: str
    """A file, ``hub:NAME``, or ``-`` for rows handed over in Python."""
    validation: str | Share = 0.1
    """A file or the share of the training rows that is held out; 0 switches off early stopping and best weights."""
    test: str | Share = 0.2
    """A file or the share of the rows that is held out. Each run answers these rows once, after everything is
    decided."""
    text: Annotated[tuple[str, ...], BeforeValidator(plus_list)] = ()
    """One column, or two for a pair; guessed where not given."""
    image: str = ""
    """The column with pictures: paths, or their bytes. A folder of class folders needs none."""
    label: str | tuple[str, ...] = ""
    """One column, or several, each of which says 0 or 1 of a label (``multi_label``); guessed where not given."""
    problem: Literal["auto", "single_label", "multi_label", "regression"] = "auto"
    """What a label is: one of several classes, any number of labels, or a number. ``auto``: several columns and lists
    are ``multi_label``, all else is ``single_label``; ``regression`` is always asked for."""
    label_separator: str = ""
    """Between the labels of a row that are written as one text, such as ``|`` in ``action|comedy``."""
    id: str = ""
    """A column with a name for each row; rows are numbered unless given or guessed."""
    group: str = ""
    """A column whose values stay together on one side of a split."""
    classes: tuple[str, ...] = ()
    """Names and orders the labels; for integer labels, the name of each number."""
    max_length: Count = 128
    """Tokens that stay of a text."""
    truncation: Literal["head", "tail", "head_tail"] = "head"
    """What stays of a text that is too long: its beginning, its end, or a quarter of the one and more of the other."""
    image_size: Count | None = None
    """Height and width in pixels; the model's own unless given. Positions are interpolated where it is another."""
    bad_images: Literal["error", "skip"] = "error"
    """What happens to pictures that cannot be read."""
    rows: Rows = Rows()
    """Train or judge on a part of the rows."""
    split_seed: int = 0
    """Of the rows that are held out. All runs of a study share the split."""
    leakage: Literal["error", "drop_train", "allow"] = "error"
    """What happens to a text or picture that stands in two splits."""
    near_duplicates: Literal["report", "drop_train", "off"] = "report"
    """What happens to training texts that nearly equal a test or validation text; images are not compared."""
    augment: TextAugmentation | None = None
    """Changed copies of training texts, made after splitting; for images see ``training.augment``."""
    rare: Literal["error", "train", "drop"] = "error"
    """What happens to classes with a single row: they cannot be in training and test. ``train`` keeps the row in
    training."""
    drop_missing: bool = False
    """Leave out rows without a label; else they are an error."""
    drop_empty: bool = False
    """Leave out rows without text or picture; else they are an error."""
    encoding: str = "utf-8"
    """Of text files."""
    examples: bool = True
    """Whether the study's folder keeps small copies of test rows that its report shows: at most 200, of a text its
    first 300 characters, of a picture 96 pixels."""

    @field_validator("rows", mode="before")
    @classmethod
    def _plain_rows(cls, value: Any) -> Any:
        return {"train": value} if isinstance(value, int) and not isinstance(value, bool) else value

    @field_validator("near_duplicates", mode="before")
    @classmethod
    def _yaml_off(cls, value: Any) -> Any:
        return "off" if value is False else value  # YAML reads a bare off as false

    @field_validator("augment", mode="before")
    @classmethod
    def _settings(cls, value: Any) -> Any:
        if value is None or isinstance(value, dict | TextAugmentation):
            return value
        raise ValueError("augment holds settings, such as {synonyms: wordnet, copies: 2}")

    @field_validator("text")
    @classmethod
    def _one_or_two(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(value) > 2:
            raise ValueError(f"text is one column or a pair of columns but got {len(value)}")
        return value

    @model_validator(mode="after")
    def _text_or_image(self) -> DataConfig:
        if self.text and self.image:
            raise ValueError(
                f"rows are texts or images, but text: {'+'.join(self.text)} and image: {self.image} are given"
            )
        if self.image and (self.augment or self.near_duplicates == "drop_train"):
            setting = "augment" if self.augment else "near_duplicates: drop_train"
            raise ValueError(f"{setting} is for texts, but rows are images (image: {self.image})")
        return self


class Selection(Value):
    """How the best configuration is chosen: always on validation."""

    metric: MetricName = "loss"
    """By which evaluations, and at the end configurations, are chosen."""


def seed_list(value: Any) -> Any:
    """``3`` is seeds 0, 1, 2; a list is itself.

    >>> seed_list(3), seed_list([42])
    ((0, 1, 2), (42,))
    """
    if isinstance(value, bool):
        raise ValueError("seeds is a number of seeds or a list of seeds")
    if isinstance(value, int):
        if value < 1:
            raise ValueError(f"seeds must be at least 1 but got {value}")
        if value > MOST_SEEDS:
            raise ValueError(f"seeds is a number of seeds, {MOST_SEEDS:,} at most; one seed alone is [{value}]")
        return tuple(range(value))
    if isinstance(value, Sequence) and not isinstance(value, str):
        if not value:
            raise ValueError("The list of seeds is empty")
        if not all(isinstance(each, int | float | str) for each in value):
            raise ValueError(f"seeds are whole numbers but got {list(value)}")
        if len(set(value)) != len(value):
            raise ValueError(f"The list of seeds has a seed twice: {list(value)}")
        return tuple(value)
    return value


def _trackers(value: Any) -> Any:
    try:
        return parse_trackers(value)
    except ConfigError as error:  # pydantic takes a ValueError
        raise ValueError(str(error)) from None


class StudyConfig(Value):
    """A whole study: what a study file says, resolved."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    name: str = "study"
    """Of the study: its folder is ``tunefork-NAME`` unless ``-o`` says otherwise."""
    model: str = "builtin:minilm"
    """A hub id, a local folder, or ``builtin:minilm``."""
    revision: str | None = None
    """A commit, tag or branch of a model of the hub."""
    start_from: str | None = None
    """A PEFT adapter or an earlier study's run, whose weights training continues from."""
    data: DataConfig
    """Where the rows are; a file's name alone stands for ``{train: NAME}``."""
    training: TrainingConfig = TrainingConfig()
    """How every run is trained."""
    seeds: Annotated[tuple[Seed, ...], BeforeValidator(seed_list)] = (0,)
    """A number of seeds (3 is 0, 1, 2) or a list of them. Every configuration is trained once with each."""
    compare: tuple[Configuration, ...]
    """The configurations, see below."""
    selection: Selection = Selection()
    """How the best configuration is chosen."""
    verdict: Judging = Judging()
    """What the verdict goes by."""
    save_every: SaveEvery = SaveEvery()
    """How often trainings that are under way are kept."""
    trackers: Annotated[tuple[TrackerChoice, ...], BeforeValidator(_trackers)] = ()
    """Who is told of the study beside its own folder."""
    search: Search | None = None
    """Settings to look for; what an entry of ``compare`` gives itself stays as it is."""
    made_up: bool = False
    """Whether model and rows are made up, as ``--smoke`` makes them. A warning stands above the verdict."""

    @field_validator("name")
    @classmethod
    def _plain_name(cls, value: str) -> str:
        if value.strip() in ("", ".", "..") or not value.isprintable() or any(sign in value for sign in "/\\"):
            raise ValueError(f"name is a plain name without slashes but got {value!r}")
        return value

    @field_validator("compare")
    @classmethod
    def _something(cls, value: tuple[Configuration, ...]) -> tuple[Configuration, ...]:
        if not value:
            raise ValueError("compare lists at least one configuration, such as [full, head, lora: {rank: 8}]")
        return value

    @model_validator(mode="after")
    def _needs_validation(self) -> StudyConfig:
        if self.data.validation == 0 and self.training.early_stopping:
            raise ValueError("early_stopping needs validation rows, and data.validation is 0")
        if self.search is not None:
            self._can_search(self.search)
        return self

    def _can_search(self, search: Search) -> None:
        if self.data.validation == 0:
            raise ValueError("search chooses on validation rows, and data.validation is 0")
        if self.training.shared_learning_rate is not None:
            raise ValueError("search gives each configuration a rate of its own; take shared_learning_rate out")
        if search.seed in self.seeds:
            raise ValueError(
                f"search.seed {search.seed} is one of the study's seeds; what a seed has chosen, it cannot judge"
            )

    def written(self) -> dict[str, Any]:
        """The study as its file has it, every default spelled out."""
        plain = self.model_dump(mode="json", exclude={"compare", "trackers"})
        trackers = [written_tracker(choice) for choice in self.trackers]
        return plain | {"trackers": trackers, "compare": [entry.written() for entry in self.compare]}
