"""``tunefork changes`` and ``tunefork retention``, in the order in which somebody would run them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.test_commands import tunefork
from tunefork import Results

COMMON = ("--epochs", "1", "--batch-size", "16", "--max-length", "32", "--workers", "1", "--json")


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory, tiny_folder: Path, messages_csv: Path) -> tuple[Path, Path]:
    """A study, and one that continues its best run with the same rows."""
    root = tmp_path_factory.mktemp("findings")
    runs = ("--run", "head", "--run", "lora:rank=2,lr=0.05")
    columns = ("--text", "message", "--label", "intent")
    done = tunefork(
        "compare", str(messages_csv), "--model", str(tiny_folder), *runs, *columns, *COMMON, "-o", str(root / "first")
    )
    assert done.returncode == 0, done.stderr
    best = json.loads(done.stdout)["best"]
    text = (root / "first" / "study.yaml").read_text(encoding="utf-8")
    assert "start_from: null" in text
    (root / "second.yaml").write_text(
        text.replace("start_from: null", f"start_from: {root / 'first' / 'runs' / best}").replace(
            "name: ", "name: second-"
        ),
        encoding="utf-8",
    )
    done = tunefork("run", str(root / "second.yaml"), "-o", str(root / "second"), "--workers", "1", "--json")
    assert done.returncode == 0, done.stderr
    return root / "first", root / "second"


def test_changes_in_a_terminal(studies: tuple[Path, Path]) -> None:
    done = tunefork("changes", str(studies[0]))
    assert done.returncode == 0, done.stderr
    shown = " ".join(done.stdout.split())
    assert "run matrices ‖ΔW‖ / ‖W‖ % effective rank stable rank intruders a matrix" in shown
    assert "LoRA r=2 query+value 4 " in shown
    assert "head trains no matrix of the backbone." in shown
    assert shown.endswith(f"Also in {studies[0]}/report.html")
    assert "What fine-tuning did to the model" in (studies[0] / "report.html").read_text(encoding="utf-8")


def test_changes_for_machines(studies: tuple[Path, Path]) -> None:
    run = next((studies[0] / "runs").glob("lora-*")).name
    done = tunefork("changes", str(studies[0]), run, "--top-k", "4", "--threshold", "0.9", "--json")
    document = json.loads(done.stdout)
    assert (document["top_k"], document["threshold"]) == (4, 0.9)
    (found,) = document["runs"]
    assert (found["id"], found["matrices"], len(found["measured"])) == (run, 4, 4)
    assert all(len(matrix["similarities"]) == 4 for matrix in found["measured"])
    assert found["intruders"] == sum(matrix["intruders"] for matrix in found["measured"])
    assert found["intruders"] == sum(each < 0.9 for matrix in found["measured"] for each in matrix["similarities"])
    report = json.loads(tunefork("report", str(studies[0]), "--json").stdout)
    assert report["changes"]["configurations"] == document["configurations"]
    assert "measured" not in report["changes"]["runs"][0]


def test_settings_and_runs_that_are_not_there(studies: tuple[Path, Path]) -> None:
    done = tunefork("changes", str(studies[0]), "lora-x")
    assert (done.returncode, done.stderr.splitlines()[-1][:30]) == (1, "tunefork: There is no run 'lor")
    done = tunefork("changes", str(studies[0]), "--threshold", "1.5", "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["what"] == "threshold must be above 0 and at most 1 but got 1.5"
    assert tunefork("changes", str(studies[0]), "--top-k", "0").returncode == 2
    assert "There is no study in this folder" in tunefork("changes", str(studies[0] / "runs")).stderr


def test_retention_in_a_terminal_and_for_machines(studies: tuple[Path, Path]) -> None:
    first, second = studies
    done = tunefork("retention", str(second), "--on", str(first), "--rows", "30")
    assert done.returncode == 0, done.stderr
    shown = " ".join(done.stdout.split())
    assert "run accuracy % difference 95 % interval still right % earlier head %" in shown
    assert "Before training on second-" in shown
    assert "Models answer as they are; in the last column their backbones answer under the head" in shown
    document = json.loads(tunefork("retention", str(second), "--on", str(first), "--rows", "30", "--json").stdout)
    assert document["rows"] == 30
    assert [one["shown"] for one in document["configurations"]] == ["own", "own"]
    head = document["configurations"][0]["earlier_head"]
    assert (head["difference"], head["still_right"]) == (0, 1)
    report = json.loads(tunefork("report", str(second), "--json").stdout)
    assert report["retention"] == [{key: value for key, value in document.items() if key != "notices"}]
    assert "What is left of" in (second / "report.html").read_text(encoding="utf-8")


def test_retention_needs_something_that_was_continued(studies: tuple[Path, Path]) -> None:
    first, second = studies
    done = tunefork("retention", str(first), "--on", str(second))
    assert done.returncode == 1
    assert "did not continue from an earlier model" in done.stderr
    assert "Missing option '--on'" in tunefork("retention", str(second)).stderr


def test_from_python(studies: tuple[Path, Path]) -> None:
    first, second = studies
    results = Results.open(second)
    found = results.changes()
    frame = found.to_pandas()
    assert set(frame["name"]) == {"LoRA r=2 query+value"}
    assert {"run", "seed", "matrix", "block", "norm", "relative_norm", "effective_rank", "intruders"} <= set(frame)
    assert len(frame) == 4
    assert str(found) == "\n".join(found.to_dict()["sentences"])
    kept = results.retention(first)
    assert kept.to_pandas()["head"].tolist() == ["own", "earlier"] * 2
    assert str(kept).startswith("Before training on second-")
    assert [one["name"] for one in results.to_dict()["changes"]["configurations"]] == ["LoRA r=2 query+value"]
    results.store.close()


def test_defaults_are_those_of_the_paper_s_program_everywhere() -> None:
    from inspect import signature

    from tunefork.cli.changes import changes
    from tunefork.spectra import THRESHOLD, TOP_K

    for function in (Results.changes, changes):
        defaults = {name: each.default for name, each in signature(function).parameters.items()}
        assert (defaults["top_k"], defaults["threshold"]) == (TOP_K, THRESHOLD) == (10, 0.5)
