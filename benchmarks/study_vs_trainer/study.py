"""The study that all sides run: the nine runs of S0 on one data set, over the same rows."""

from __future__ import annotations

from collections.abc import Sequence
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
FILES = {"sst2": ("sst2_train", "sst2_validation", 128), "imdb": ("imdb_train", "imdb_test", 256)}


@dataclass(frozen=True)
class Setting:
    """One data set and how much of it."""

    data: str
    rows: int
    test: int
    folder: Path

    @property
    def max_length(self) -> int:
        """Tokens of a text at most."""
        return FILES[self.data][2]

    def data_config(self) -> DataConfig:
        """The rows, as a study file would name them."""
        train, test, length = FILES[self.data]
        return DataConfig.model_validate(
            {
                "train": str(self.folder / f"{train}.parquet"),
                "test": str(self.folder / f"{test}.parquet"),
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

    def study(self, runs: Sequence[tuple[str, int]] = RUNS) -> Study:
        """The study as tunefork takes it: one epoch, batches of 16, one rate of 2e-5, as S0's author had it."""
        entries = []
        for text, seed in runs:
            entry = parse_run(text)
            entries.append(Configuration(entry.kind, dict(entry.settings), seeds=[seed]))
        training = TrainingConfig(
            epochs=1, batch_size=16, weight_decay=0.01, warmup=0, shared_learning_rate=2e-5, log_every=100
        )
        config = StudyConfig(
            name=f"s0-{self.data}", model=MODEL, data=self.data_config(), training=training, compare=tuple(entries)
        )
        return Study.from_config(config, self.folder)

    def runs(self) -> list[RunConfig]:
        """The nine runs, resolved."""
        return [run.config for run in expand(self.study().config)]
