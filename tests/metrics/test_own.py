"""The user's own metric: where it comes from, and what is told of one that does not work."""

from __future__ import annotations

import math
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest

from tunefork.errors import ConfigError, MetricError
from tunefork.metrics import OwnMetric, described, evaluated, own_metrics, try_on

MODULE = """
import numpy as np

def cost(labels, probabilities):
    return float((5.0 * (labels == 1) * (probabilities.argmax(axis=1) == 0)).mean())

def broken(labels, probabilities):
    return labels.nonsense

def infinite(labels, probabilities):
    return np.inf

def many(labels, probabilities):
    return probabilities.max(axis=1)

NUMBER = 3
"""
LABELS = np.array([0, 1, 1, 0])
CHANCES = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4]])


@pytest.fixture(autouse=True)
def _module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "priced.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "priced", raising=False)


def missed(labels: np.ndarray, probabilities: np.ndarray) -> float:
    return float((probabilities.argmax(axis=1) != labels).mean())


def test_a_function_is_found_in_the_working_directory() -> None:
    (found,) = own_metrics(["lower:priced:cost"], where="--metric")
    assert (found.name, found.lower, found.source) == ("cost", True, "priced:cost")
    assert found(LABELS, CHANCES) == 1.25
    assert found.importable
    assert pickle.loads(pickle.dumps(found)) == found
    assert not own_metrics(["priced:cost"])[0].lower


def test_python_hands_over_functions() -> None:
    (found,) = own_metrics([missed])
    assert (found.name, found.lower, found.importable) == ("missed", False, True)
    assert found.source == f"{__name__}:missed"
    assert own_metrics([OwnMetric("rate", missed, lower=True)])[0](LABELS, CHANCES) == 0.25

    def local(labels: np.ndarray, probabilities: np.ndarray) -> float:
        return 0.0

    assert not own_metrics([local])[0].importable, "a worker process could not import it"


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("cost", r"A metric of your own is named module:function \(--metric\). Found: 'cost'. Write mymodule:cost"),
        (
            "nowhere:cost",
            r"The module 'nowhere' cannot be imported \(--metric nowhere:cost\). Found: ModuleNotFoundErr",
        ),
        ("priced:cots", r"The module 'priced' has no function 'cots' .* Did you mean 'cost'\?"),
        ("priced:NUMBER", "The module 'priced' has no function 'NUMBER'"),
        (3, "A metric is a function"),
        (lambda labels, chances: 0.0, "A metric of your own cannot be called '<lambda>'"),
    ],
)
def test_what_is_no_metric_is_named(wanted: object, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        own_metrics([wanted], where="--metric")  # type: ignore[list-item]


def test_names_that_are_taken_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"cannot be called 'auroc' .* Found: a name that is taken"):
        OwnMetric("auroc", missed)
    with pytest.raises(ConfigError, match="Two metrics are called 'missed'"):
        own_metrics([missed, missed])


def test_mistakes_are_told_before_anything_trains() -> None:
    broken, infinite, many = own_metrics([f"priced:{name}" for name in ("broken", "infinite", "many")])
    with pytest.raises(MetricError) as caught:
        try_on([broken], LABELS, 2)
    assert str(caught.value) == (
        "The metric 'broken' failed (priced:broken). Found: AttributeError: 'numpy.ndarray' object has no attribute "
        "'nonsense'. Correct the function: it is given labels [N] and probabilities [N, classes]."
    )
    with pytest.raises(
        MetricError, match=r"gives no finite number \(priced:infinite\). Found: nan or an infinity for 4"
    ):
        try_on([infinite], LABELS, 2)
    with pytest.raises(MetricError, match=r"The metric 'many' gives no number \(priced:many\). Found: ndarray"):
        try_on([many], LABELS, 2)
    assert math.isnan(infinite(LABELS, CHANCES)), "in training it is unknown"


def test_an_evaluation_keeps_what_is_known() -> None:
    metrics = own_metrics([missed, "priced:infinite"])
    found, scores = evaluated(np.log(CHANCES), LABELS, metrics)
    assert found.accuracy == 0.75
    assert scores["missed"] == 0.25
    assert "infinite" not in scores
    assert scores["auroc"] == found.auroc


def test_a_changed_function_is_noticed(tmp_path: Path) -> None:
    before = described(own_metrics(["priced:cost"]))
    assert before == described(own_metrics(["priced:cost"]))
    (tmp_path / "other.py").write_text(MODULE.replace("5.0", "7.0"))
    after = described(own_metrics(["other:cost"]))
    assert before["cost"]["code"] != after["cost"]["code"]
    assert described([OwnMetric("built", max)])["built"]["code"] == ""
