"""The study that all sides run: the nine runs of S0 on one data set, over the same rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tunefork.config import Configuration, RunConfig, StudyConfig, parse_run
from tunefork.config.study import DataConfig, TrainingConfig
from tunefork.data import Splits, load_data
from tunefork.plan import expand
from tunefork.study import Study

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
SETS = {
    "sst2": ("sst2_train.parquet", "sst2_validation.parquet", 128),
    "sst2_test": ("sst2_train.parquet", "sst2_test.parquet", 128),
    "imdb": ("imdb_train.parquet", "imdb_test.parquet", 256),
    "imdb512": ("imdb_train.parquet", "imdb_test.parquet", 512),
}
"""Training rows, test rows, tokens of a text at most."""


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

    @property
    def max_length(self) -> int:
        """Tokens of a text at most."""
        return SETS[self.data][2]

    def data_config(self) -> DataConfig:
        """The rows, as a study file would name them."""
        train, test, length = SETS[self.data]
        return DataConfig.model_validate(
            {
                "train": str(self.folder / train),
                "test": str(self.folder / test),
                "validation": 0,
                "text": "text",
                "label": "label",
                "max_length": length,
                "leakage": "drop_train",
                "rows": {"train": self.rows, "test": self.test},
            }
        )

    def splits(self) -> Splits:
        """The rows."""
        config = self.data_config().model_dump(mode="json", exclude_defaults=True)
        return load_data(config.pop("train"), **config).splits()

    def study(self) -> Study:
        """The study as tunefork takes it: one epoch, batches of 16."""
        entries = []
        for text, seed in self.runs:
            entry = parse_run(text)
            entries.append(Configuration(entry.kind, dict(entry.settings), seeds=[seed]))
        training = TrainingConfig(
            epochs=1, batch_size=16, weight_decay=0.01, warmup=0, shared_learning_rate=self.rate, log_every=100
        )
        config = StudyConfig(
            name=f"s0-{self.data}", model=MODEL, data=self.data_config(), training=training, compare=tuple(entries)
        )
        return Study.from_config(config, self.folder)

    def configs(self) -> list[RunConfig]:
        """The runs, resolved."""
        return [run.config for run in expand(self.study().config)]
