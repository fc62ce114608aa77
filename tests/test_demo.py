"""The demo's data: real variety, balanced, no repeats; and its study, which tells strategies apart."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.tiny import messages
from tunefork.data import read_rows
from tunefork.demo import demo_study, write_digits
from tunefork.plan import expand
from tunefork.study_file import read_study


def test_there_are_enough_original_messages_of_confusable_intents() -> None:
    counts = Counter(intent for _, intent in messages())
    assert sum(counts.values()) >= 1000
    assert len(counts) >= 8
    assert min(counts.values()) >= 100
    assert len({text.lower() for text, _ in messages()}) == len(messages())


def test_no_template_is_repeated() -> None:
    """The first four words of a message, numbers aside, hardly ever come again."""
    starts = Counter(" ".join(re.sub(r"\d+", "#", text.lower()).split()[:4]) for text, _ in messages())
    assert starts.most_common(1)[0][1] <= 8
    assert sum(1 for count in starts.values() if count == 1) / len(starts) > 0.9


@pytest.mark.parametrize("task", ["text", "image"])
def test_the_study_compares_what_it_promises(task: str) -> None:
    study = read_study(demo_study(task))
    runs = expand(study)
    kinds = Counter(run.config.strategy.kind for run in runs)
    assert {"full", "head", "last_layers"} <= kinds.keys()
    ranks = {run.config.strategy.rank for run in runs if run.config.strategy.kind == "lora"}
    targets = {run.config.strategy.targets for run in runs if run.config.strategy.kind == "lora"}
    assert (len(ranks), len(targets)) == (3, 2)


def test_digits_are_written_once_as_class_folders(tmp_path: Path) -> None:
    assert write_digits(tmp_path) == tmp_path
    table = read_rows(tmp_path / "digits")
    assert len(table) == 1797
    assert sorted(set(table.values["label"])) == [str(digit) for digit in range(10)]
    picture = tmp_path / "digits" / "0" / "0000.png"
    pixels = np.asarray(Image.open(picture))
    assert pixels.shape == (8, 8)
    assert pixels.max() == 239, "15 of 16 shades"
    written = picture.stat().st_mtime_ns
    write_digits(tmp_path)
    assert picture.stat().st_mtime_ns == written
