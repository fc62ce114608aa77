from __future__ import annotations

import pytest
from pydantic import ValidationError

from tunefork.config import Judging
from tunefork.errors import StudyFileError
from tunefork.study_file import judged, parse_study

STUDY = "model: builtin:minilm\ndata: {train: x.csv}\ncompare: [head]\n"


def test_units() -> None:
    found = judged({"margin": 0.5, "max_trainable": "1.5M", "max_memory": "2GB", "max_seconds": "10m"})
    assert found == Judging(margin=0.5, max_trainable=1_500_000, max_memory=2048, max_seconds=600)
    assert judged({"max_latency": "0.05s"}) == Judging(max_latency=50)
    assert Judging(max_trainable="300_000").max_trainable == 300_000  # type: ignore[arg-type]
    assert Judging().margin == 1.0


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("max_trainable: plenty", "a number of parameters such as 1M or 300k but got 'plenty'"),
        ("max_memory: 3 apples", "memory such as 4GB or 900MB but got '3 apples'"),
        ("max_seconds: soon", "a time such as 90s, 10m or 2h but got 'soon'"),
        ("max_latency: fast", "a time such as 50ms or 0.2s but got 'fast'"),
        ("margin: -1", "greater than or equal to 0"),
        ("margins: 1", "margins"),
    ],
)
def test_a_study_file_s_mistakes_are_named(setting: str, message: str) -> None:
    with pytest.raises(StudyFileError) as caught:
        parse_study(STUDY + f"verdict: {{{setting}}}\n", where="study.yaml")
    assert message in str(caught.value)
    assert "study.yaml line 4" in str(caught.value)


def test_a_study_file_sets_the_margin() -> None:
    assert parse_study(STUDY + "verdict: {margin: 2}\n").verdict.margin == 2.0
    with pytest.raises(ValidationError):
        Judging(max_trainable="0.5")  # type: ignore[arg-type]
