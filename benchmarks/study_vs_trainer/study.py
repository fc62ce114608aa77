"""The studies that all sides run, over the same rows: S0's nine runs, and S3's two."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tunefork.config import Configuration, RunConfig, StudyConfig, parse_run
from tunefork.config.study import DataConfig, TrainingConfig
from tunefork.data import Splits, load_data
from tunefork.demo import demo_study
from tunefork.plan import expand
from tunefork.study import Study

if TYPE_CHECKING:
    from .trainer import Script

MODEL = "builtin:minilm"
MIDDLE = "lora:rank=8,targets=query+value+mlp"
RUNS: tuple[tuple[str, int], ...] = (
    ("full", 0),
    ("head", 0),
    (MIDDLE, 0),
    (MIDDLE, 1),
    (MIDDLE, 2),
    ("lora:rank=2,targets=query+value+mlp", 0),
    ("lora:rank=32,targets=query+value+mlp", 0),
    ("lora:rank=8,targets=query+value", 0),
    ("lora:rank=8,targets=query+key+value+output+mlp", 0),
)
"""S0's nine runs. Where its author ran one configuration three times, it has three seeds."""
STUDIES: dict[str, tuple[tuple[str, int], ...]] = {
    "s0": RUNS,
    "s3": (("full", 0), ("lora:rank=8,alpha=32,dropout=0.1,targets=query+key+value", 0)),
}


@dataclass(frozen=True)
class Source:
    """One data set."""

    train: str
    test: str | float
    """A file, or the share of the rows that is held out."""
    max_length: int
    columns: tuple[str, str] = ("text", "label")
    padded: bool = False
    """Whether the script pads every text to ``max_length``, as ``padding=True`` does when it tokenises a whole set."""


SETS = {
    "sst2": Source("sst2_train.parquet", "sst2_validation.parquet", 128),
    "sst2_test": Source("sst2_train.parquet", "sst2_test.parquet", 128),
    "imdb": Source("imdb_train.parquet", "imdb_test.parquet", 256),
    "imdb512": Source("imdb_train.parquet", "imdb_test.parquet", 512, padded=True),
    "demo": Source(str(demo_study().with_name("messages.csv")), 0.2, 64, ("message", "intent")),
}


@dataclass(frozen=True)
class Setting:
    """One data set and how much of it."""

    data: str
    rows: int
    test: int
    folder: Path
    runs: tuple[tuple[str, int], ...] = RUNS
    """Configurations as the command line writes them, each with its seed."""
    rate: float | None = 2e-5
    """The learning rate of all runs, as S0's author had it; None leaves each its own."""
    epochs: int = 1

    @property
    def source(self) -> Source:
        """The data set."""
        return SETS[self.data]

    def data_config(self) -> DataConfig:
        """The rows, as a study file would name them."""
        source = self.source
        test = source.test if isinstance(source.test, float) else str(self.folder / source.test)
        return DataConfig.model_validate(
            {
                "train": str(self.folder / source.train),
                "test": test,
                "validation": 0,
                "text": source.columns[0],
                "label": source.columns[1],
                "max_length": source.max_length,
                "leakage": "drop_train",
                "rows": {"train": self.rows, "test": self.test},
            }
        )

    def splits(self) -> Splits:
        """The rows."""
        config = self.data_config().model_dump(mode="json", exclude_defaults=True)
        return load_data(config.pop("train"), **config).splits()

    def study(self) -> Study:
        """The study as tunefork takes it: batches of 16."""
        entries = []
        for text, seed in self.runs:
            entry = parse_run(text)
            entries.append(Configuration(entry.kind, dict(entry.settings), seeds=[seed]))
        training = TrainingConfig(
            epochs=self.epochs,
            batch_size=16,
            weight_decay=0.01,
            warmup=0,
            shared_learning_rate=self.rate,
            log_every=100,
        )
        config = StudyConfig(
            name=f"benchmark-{self.data}",
            model=MODEL,
            data=self.data_config(),
            training=training,
            compare=tuple(entries),
        )
        return Study.from_config(config, self.folder)

    def script(self, leg: str, device: str) -> Script:
        """The other side, in one of its ways."""
        from .trainer import LEGS, Script

        return Script(LEGS[leg], self, device)

    def configs(self) -> list[RunConfig]:
        """The runs, resolved."""
        return [run.config for run in expand(self.study().config)]
