"""The demo's data: real variety, balanced, no repeats; and its study, which tells strategies apart."""

from __future__ import annotations

import re
from collections import Counter

from tests.tiny import messages
from tunefork.demo import demo_study
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


def test_the_study_compares_what_it_promises() -> None:
    study = read_study(demo_study())
    runs = expand(study)
    kinds = Counter(run.config.strategy.kind for run in runs)
    assert {"full", "head", "last_layers"} <= kinds.keys()
    ranks = {run.config.strategy.rank for run in runs if run.config.strategy.kind == "lora"}
    targets = {run.config.strategy.targets for run in runs if run.config.strategy.kind == "lora"}
    assert (len(ranks), len(targets)) == (3, 2)
