"""What is done once for a study, or once for a configuration, however many runs there are."""

from __future__ import annotations

from pathlib import Path

import pytest

from tunefork import LoRA, Study, load_data
from tunefork.models import Backbone
from tunefork.plan import StepTiming
from tunefork.study import grouping, prepare
from tunefork.study import study as module


def test_runs_are_expanded_once_and_counted_once_for_a_configuration(
    tiny_folder: Path, messages_csv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expanded: list[object] = []
    counted: list[object] = []
    expand, count = module.expand, prepare.count
    monkeypatch.setattr(module, "expand", lambda config: expanded.append(config) or expand(config))
    monkeypatch.setattr(prepare, "count", lambda *given: counted.append(given) or count(*given))
    monkeypatch.setattr(grouping, "timed", lambda *_: StepTiming(0.1, 0.001))
    monkeypatch.setattr(Backbone, "bare", lambda _: pytest.fail("a skeleton was made"))
    compare = [LoRA(rank=[2, 4, 8], targets="query+value", learning_rate=1e-2)]
    study = Study(model=str(tiny_folder), data=load_data(messages_csv, max_length=48), compare=compare, seeds=4)
    plan = study.plan(timings=False)
    assert (len(plan.runs), len(expanded), len(counted)) == (12, 1, 3)
    assert len({run.config.id for run in plan.runs}) == 12
    assert {run.config.strategy.rank: run.counts.adapter for run in plan.runs}[8] == plan.runs[-1].counts.adapter
