"""The data sets, as Study files name them; the same test rows for every leg."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Set:
    """One data set."""

    name: str
    model: str
    data: dict[str, Any]

    @property
    def key(self) -> str:
        """Its name in files."""
        return self.name.lower().replace(" ", "-")

    @property
    def texts(self) -> bool:
        return "text" in self.data


TEXT = {"text": "text", "label": "label"}
SETS = (
    Set(
        "SST-2", "builtin:minilm",
        {"train": "sst2_train.parquet", "test": "sst2_validation.parquet", "max_length": 64, **TEXT},
    ),
    Set(
        "IMDB", "builtin:minilm",
        {"train": "imdb_train.parquet", "test": "imdb_test.parquet", "max_length": 256, "truncation": "head_tail",
         "leakage": "drop_train", "rows": {"test": 2000}, **TEXT},
    ),
    Set(
        "AG News", "builtin:minilm",
        {"train": "ag_news_train_sample.parquet", "test": "ag_news_test.parquet", "max_length": 96,
         "leakage": "drop_train", "rows": {"test": 2000}, **TEXT},
    ),
    Set(
        "TweetEval emotion", "builtin:minilm",
        {"train": "tweeteval_emotion_train.parquet", "validation": "tweeteval_emotion_validation.parquet",
         "test": "tweeteval_emotion_test.parquet", "max_length": 64, "leakage": "drop_train", **TEXT},
    ),
    Set("CIFAR-10", "builtin:vit-fashion", {"train": "cifar10_jpeg.tar.xz", "rows": {"test": 2000}}),
)  # fmt: skip
