"""What augmenting before the split fakes: accuracy that is told, and accuracy on rows that nobody touched.

    python -m benchmarks.leaky_augmentation --data DIR [--set tweeteval|sst2] [--rows 3257] [--copies 4] [--seeds 5]

Three ways of preparing the same rows: split; split, then copies of the training rows; copies of all rows, then split,
as many notebooks do. Two models that need no transformer: TF-IDF with logistic regression, and the nearest neighbour.
Each is scored on its own held-out fifth, and on the data set's own test file, which no way has seen. Ends with JSON.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from tunefork.config import DataConfig, TextAugmentation
from tunefork.data import Split, Splits, load_splits

FILES = {"tweeteval": "tweeteval_emotion_{}.parquet", "sst2": "sst2_{}.parquet"}
MODELS: dict[str, Callable[[], object]] = {
    "TF-IDF + logistic regression": lambda: LogisticRegression(C=10, max_iter=1000),
    "nearest neighbour (TF-IDF, cosine)": lambda: KNeighborsClassifier(1, metric="cosine"),
}
WAYS = ("split", "split, then copies", "copies, then split")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder with the data sets")
    parser.add_argument("--set", choices=FILES, default="tweeteval")
    parser.add_argument("--rows", type=int, default=3257)
    parser.add_argument("--copies", type=int, default=4)
    parser.add_argument("--synonyms", default="wordnet")
    parser.add_argument("--seeds", type=int, default=5, help="splits, of which means and standard deviations are told")
    options = parser.parse_args()
    rows, unseen = (pd.read_parquet(options.data / FILES[options.set].format(name)) for name in ("train", "test"))
    rows = rows[~rows["text"].isin(unseen["text"])].drop_duplicates("text")
    rows = rows.sample(min(options.rows, len(rows)), random_state=0).reset_index(drop=True)
    augment = TextAugmentation(synonyms=options.synonyms, delete=0.1, swap=0.1, copies=options.copies)
    everything = with_copies(rows, augment)
    found: dict[str, dict[str, list[float]]] = {way: {} for way in WAYS}
    for seed in range(options.seeds):
        for way in WAYS:
            splits = prepared(everything if way == WAYS[2] else rows, seed, augment if way == WAYS[1] else None)
            for name, value in scores(splits, unseen).items():
                found[way].setdefault(name, []).append(value)
    show(found)
    print(json.dumps({"set": options.set, "rows": len(rows), "copies": options.copies, "found": found}))


def with_copies(rows: pd.DataFrame, augment: TextAugmentation) -> pd.DataFrame:
    """All rows and their copies, as one table."""
    held = pd.DataFrame({"text": ["x", "y"], "label": list(rows["label"].unique()[:2])})
    config = DataConfig(train="-", text="text", label="label", validation=0, near_duplicates="off", augment=augment)
    splits = load_splits(config, frames={"train": rows, "test": held})
    names = [splits.labels.names[label] for label in splits.train.labels]
    return pd.DataFrame({"text": [parts[0] for parts in splits.train.texts], "label": names})


def prepared(rows: pd.DataFrame, seed: int, augment: TextAugmentation | None) -> Splits:
    """A fifth held out."""
    config = DataConfig(train="-", text="text", label="label", validation=0, test=0.2, split_seed=seed, augment=augment)
    return load_splits(config, frames={"train": rows})


def scores(splits: Splits, unseen: pd.DataFrame) -> dict[str, float]:
    """Accuracies in percent on the held-out fifth and on the unseen rows, and the share of near-duplicates."""
    near = [each for each in splits.near_duplicates if each["second"] == "test"]
    found = {"test rows": float(len(splits.test)), "near-duplicates %": 100 * near[0]["share"] if near else 0.0}
    known = np.array([splits.labels.names.index(name) for name in unseen["label"]])
    for name, make in MODELS.items():
        words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, strip_accents="unicode")
        model = make_pipeline(words, make()).fit(texts(splits.train), splits.train.labels)
        told = 100 * float((model.predict(texts(splits.test)) == splits.test.labels).mean())
        true = 100 * float((model.predict(list(unseen["text"])) == known).mean())
        found |= {f"{name}: told": told, f"{name}: unseen": true, f"{name}: told − unseen": told - true}
    return found


def texts(split: Split) -> list[str]:
    return [parts[0] for parts in split.texts]


def show(found: dict[str, dict[str, list[float]]]) -> None:
    print(f"{'':50}" + "".join(f"{way:>22}" for way in WAYS))
    for name in found[WAYS[0]]:
        cells = (f"{np.mean(found[way][name]):.1f} ± {np.std(found[way][name], ddof=1):.1f}" for way in WAYS)
        print(f"{name:50}" + "".join(f"{cell:>22}" for cell in cells))


if __name__ == "__main__":
    main()
