"""The ready studies on the real data sets, cut down to a few rows and steps; one honest run on SST-2."""

from __future__ import annotations

from pathlib import Path

import pytest

from tunefork import Study

STUDIES = Path(__file__).parent.parent / "studies"
pytestmark = [pytest.mark.data, pytest.mark.slow]


@pytest.mark.parametrize("name", sorted(path.name for path in STUDIES.glob("*.yaml")))
def test_a_ready_study_runs(name: str, real_data: Path, tmp_path: Path) -> None:
    small = {
        "data.rows.train": 48,
        "data.rows.validation": 16,
        "data.rows.test": 32,
        "training.steps": 2,
        "seeds": [0],
        "data.max_length": 64,
    }
    results = Study.from_file(STUDIES / name, small, real_data).run(tmp_path / "out", progress=False)
    runs = results.to_dict()["runs"]
    assert {run["status"] for run in runs} == {"done"}
    assert (results.folder / "report.html").is_file()
    if name.startswith("imdb"):
        assert any("123" in notice or "removed" in notice for notice in results.store.study().notices)


def test_full_fine_tuning_learns_sst2(real_data: Path, tmp_path: Path) -> None:
    """One epoch on 2,000 rows at 1e-4 lands far above the majority class (0.51)."""
    overrides = {"data.rows.train": 2000, "data.rows.validation": 200, "training.epochs": 1, "seeds": [0]}
    study = Study.from_file(STUDIES / "s0_minilm_sst2.yaml", overrides, real_data)
    kept = tuple(entry for entry in study.config.compare if entry.kind == "full")
    study = Study.from_config(study.config.model_copy(update={"compare": kept}), real_data)
    run = study.run(tmp_path / "out", progress=False).to_dict()["runs"][0]
    assert run["accuracy"] > 0.72
