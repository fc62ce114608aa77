"""Calibration in a report: before and after the temperature, as facts, JSON and a figure."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import log_loss

from tests.report.scored import scored
from tests.report.studies import S0, make, run_id
from tests.report.test_figures import overlapping
from tunefork.metrics import calibration_error, softmax
from tunefork.report import summarise, to_json, verdict
from tunefork.report.figures import Drawing, draw, inline_svg
from tunefork.store import Store


def drawing_of(store: Store) -> Drawing:
    summary = summarise(store)
    return next(each for each in draw(summary, verdict(summary)) if each.name == "reliability")


def overconfident(folder: Path, times: float = 3.0) -> Store:
    """A study whose runs are surer of themselves than they may be, on validation and test."""
    store = make(folder, S0[:2], seeds=1)
    for run in store.runs():
        for record in store.evaluations(run.id):
            answers = store.predictions(run.id, record.split, record.step)
            store.add_evaluation(record, replace(answers, logits=(times * answers.logits).astype(np.float32)))
    return scored(store)


def test_loss_and_error_before_and_after(tmp_path: Path) -> None:
    store = overconfident(tmp_path)
    run = next(each for each in summarise(store).runs if each.record.id == run_id(S0[1], 0))
    answers, temperature = store.predictions(run.record.id, "test"), run.record.temperature
    assert temperature is not None
    assert temperature > 1.5
    before, after = softmax(answers.logits), softmax(answers.logits / temperature)
    found = to_json(store)["runs"][1]["calibration"]
    assert found == {
        "temperature": temperature,
        "calibrated": True,
        "loss_before": pytest.approx(log_loss(answers.labels, before)),
        "loss_after": pytest.approx(log_loss(answers.labels, after)),
        "ece_before": pytest.approx(calibration_error(before, answers.labels)),
        "ece_after": pytest.approx(calibration_error(after, answers.labels)),
    }
    assert found["loss_after"] < found["loss_before"]
    (test,) = store.evaluations(run.record.id, "test")
    assert found["ece_before"] == pytest.approx(test.metric("ece"))
    assert str(run.calibration) == (
        f"temperature {temperature:.3g}, fitted on validation; on test ECE {100 * found['ece_before']:.2f} % before "
        f"and {100 * found['ece_after']:.2f} % after, loss {found['loss_before']:.4f} and {found['loss_after']:.4f}"
    )


def test_without_a_temperature_it_is_said(tmp_path: Path) -> None:
    store = scored(make(tmp_path, S0[:1], seeds=1, validation=0))
    (run,) = summarise(store).runs
    assert str(run.calibration).startswith("no temperature was fitted; ECE ")
    found = to_json(store)["runs"][0]["calibration"]
    assert (found["temperature"], found["calibrated"], found["ece_after"]) == (None, False, None)
    assert found["ece_before"] > 0
    assert to_json(make(tmp_path, S0[:1], seeds=1, rows=0))["runs"][0]["calibration"] is None


def test_the_figure_shows_bins_and_rows_before_and_after(tmp_path: Path) -> None:
    store = overconfident(tmp_path)
    drawing = drawing_of(store)
    before, after, rows, _ = drawing.figure.axes
    best = next(run for run in summarise(store).runs if run.record.id == summarise(store).best)
    assert best.calibration is not None
    assert best.calibration.after is not None
    filled = [each for each in best.calibration.before.bins if each.count]
    heights = [bar.get_height() for bar in before.patches[: len(filled)]]
    assert heights == pytest.approx([100 * each.accuracy for each in filled])
    counts = [bar.get_height() for bar in rows.patches]
    assert counts == [each.count for each in best.calibration.before.bins]
    assert sum(counts) == 872
    assert before.get_title(loc="left").startswith(f"as trained: ECE {100 * best.calibration.before.ece:.1f} %")
    assert after.get_title(loc="left").startswith(f"temperature {best.record.temperature:.3g}: ECE ")
    assert overlapping(drawing) == []


def test_without_a_temperature_the_figure_has_one_side(tmp_path: Path) -> None:
    drawing = drawing_of(scored(make(tmp_path, S0[:1], seeds=1), temperature=False))
    assert len(drawing.figure.axes) == 2


def test_names_are_text_in_the_figure(tmp_path: Path) -> None:
    text = inline_svg(drawing_of(scored(make(tmp_path, [replace(S0[0], name="<script>x</script> $x$ $y$")], seeds=1))))
    assert "<script" not in text
    assert "$x$ $y$" in text
    assert re.search(r'id="reliability-', text)
