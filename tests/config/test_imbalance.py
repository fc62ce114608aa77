"""Class weights, sampling, label smoothing and metrics as settings: what they may be, and what other runs they make."""

from __future__ import annotations

import pytest

from tunefork.config import RunConfig, TrainingConfig
from tunefork.config.strategies import HeadStrategy
from tunefork.errors import StudyFileError
from tunefork.plan import expand, warnings_of
from tunefork.study_file import parse_study, write_study

STUDY = "data: a.csv\ncompare: [head]\n"


def identity(**training: object) -> str:
    return RunConfig(strategy=HeadStrategy(), training=TrainingConfig.model_validate(training)).id


def test_at_their_defaults_runs_are_who_they_were_before_these_settings_came() -> None:
    assert identity() == "head-7225b6d8-s0"
    assert identity(class_weights=None, sampling="shuffled", label_smoothing=0) == "head-7225b6d8-s0"
    others = {
        identity(class_weights="auto"),
        identity(class_weights={"a": 2}),
        identity(sampling="balanced"),
        identity(label_smoothing=0.1),
        identity(),
    }
    assert len(others) == 5
    assert identity(class_weights={"a": 2, "b": 1}) == identity(class_weights={"b": 1.0, "a": 2.0})


def test_a_study_file_reads_back_what_was_written() -> None:
    text = STUDY + "training: {class_weights: {spam: 5, 1: 2}, sampling: balanced, label_smoothing: 0.1}\n"
    study = parse_study(text + "selection: {metric: mcc}")
    assert study.training.class_weights == (("1", 2.0), ("spam", 5.0))
    assert parse_study(write_study(study)) == study
    assert "  class_weights:\n    '1': 2.0\n    spam: 5.0\n" in write_study(study)
    assert hash(study.training) == hash(parse_study(text).training)


def test_names_tell_what_was_asked_for() -> None:
    settings = ("class_weights: auto", "class_weights: {spam: 5, ham: 0.5}", "label_smoothing: 0.1, sampling: balanced")
    entries = ", ".join(f"{{head: {{}}, training: {{{each}}}}}" for each in settings)
    names = [run.name for run in expand(parse_study(f"compare: [{entries}, head]\ndata: a.csv"))]
    assert names == [
        "head (class_weights=auto)",
        "head (class_weights=ham:0.5+spam:5)",
        "head (sampling=balanced, label_smoothing=0.1)",
        "head",
    ]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("class_weights: balanced", "class_weights is auto or a mapping of labels to weights, but got 'balanced'"),
        ("class_weights: {spam: 0}", "a class's weight is a number above 0, but 'spam' has 0"),
        ("class_weights: {spam: many}", "a class's weight is a number above 0, but 'spam' has 'many'"),
        ("class_weights: {}", "class_weights names no label; leave it out, or write auto"),
        ("sampling: random", "Input should be 'shuffled' or 'balanced'"),
        ("label_smoothing: 1", "Input should be less than 1"),
        ("label_smoothing: -0.1", "Input should be greater than or equal to 0"),
        ("class_weight: auto", "Did you mean 'class_weights'?"),
    ],
)
def test_what_cannot_be_meant(setting: str, message: str) -> None:
    with pytest.raises(StudyFileError) as caught:
        parse_study(STUDY + "training:\n  " + setting, "study.yaml")
    assert len(caught.value.problems) == 1
    assert message in str(caught.value)
    assert "study.yaml line 4" in str(caught.value)


def test_metrics_are_known_by_name_and_one_s_own_must_be_named() -> None:
    for metric in ("loss", "accuracy", "macro_f1", "weighted_f1", "f1", "mcc", "auroc"):
        assert parse_study(f"{STUDY}selection: {{metric: {metric}}}").selection.metric == metric
    wrong = (
        "selection: {metric: acuracy}\ntraining: {early_stopping: {metric: utility}}\n"
        "data: a.csv\ncompare:\n  - {head: {}, training: {early_stopping: {metric: mc c}}}\n"
        "  - {head: {}, training: {early_stopping: {metric: aucroc}}}"
    )
    with pytest.raises(StudyFileError) as caught:
        parse_study(wrong, "study.yaml")
    message = str(caught.value)
    assert (
        "There is no metric 'acuracy' (study.yaml line 1, selection.metric). Did you mean 'accuracy'? A metric of your "
        "own has to be named: --metric module:function."
    ) in message
    assert "There is no metric 'utility' (study.yaml line 2, training.early_stopping.metric). Known: loss," in message
    assert "There is no metric 'aucroc' (study.yaml line 6, compare.1.training.early_stopping.metric). Did" in message
    assert "or the name of your own but got 'mc c'" in message
    assert len(caught.value.problems) == 4
    assert parse_study(f"{STUDY}selection: {{metric: cost}}", own=["cost"]).selection.metric == "cost"


def test_classes_weighed_twice_are_warned_of() -> None:
    both = parse_study(STUDY + "training: {class_weights: auto, sampling: balanced}")
    (warning,) = warnings_of(both)
    assert warning.startswith("class_weights: auto and sampling: balanced each make all classes count alike")
    assert warnings_of(parse_study(STUDY + "training: {class_weights: auto}")) == ()
    entry = "data: a.csv\ntraining: {sampling: balanced}\ncompare: [{head: {}, training: {class_weights: auto}}]"
    assert len(warnings_of(parse_study(entry))) == 1
