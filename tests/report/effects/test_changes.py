from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.report.effects.measured import changed
from tests.report.studies import S0, change, make, run_id
from tunefork.report import as_markdown, to_json
from tunefork.report.effects import Changes, change_sentences, change_table, changes_json, changes_of
from tunefork.store import Store

FULL, HEAD, LORA = S0[0], S0[1], S0[2]
EVERY = {(block, role): 0 for block in range(2) for role in ("query", "value", "mlp")}


def measured(folder: Path) -> Store:
    """Full fine-tuning and LoRA with two seeds each, and a head."""
    store = make(folder, S0[:3], seeds=2)
    for seed in range(2):
        changed(store, FULL, seed, EVERY, norm=0.8, effective_rank=20.0 + seed)
        changed(store, LORA, seed, {(0, "query"): 2, (1, "query"): 3 + seed}, norm=0.2, effective_rank=1.5)
    return store


def found(store: Store) -> Changes:
    changes = changes_of(store)
    assert changes is not None
    return changes


def test_nothing_measured(tmp_path: Path) -> None:
    store = make(tmp_path, S0[:2], seeds=1)
    assert changes_of(store) is None
    document = to_json(store)
    assert (document["changes"], document["retention"]) == (None, [])


def test_counts_are_summed_and_everything_else_is_a_mean(tmp_path: Path) -> None:
    full, lora = found(measured(tmp_path)).configurations
    assert (full.matrices, lora.matrices) == (6, 2)
    assert lora.spread("intruders").values == (5, 6)
    assert lora.spread("relative_norm").values == (pytest.approx(0.03), pytest.approx(0.03))
    assert full.spread("effective_rank").mean == 20.5
    assert lora.blocks == (0, 1)
    assert [lora.in_block(number, "intruders").values for number in (0, 1)] == [(2, 2), (3, 4)]  # type: ignore[union-attr]
    assert lora.in_block(1, "relative_norm").mean == pytest.approx(0.04)  # type: ignore[union-attr]
    assert lora.in_block(2, "intruders") is None


def test_what_is_said(tmp_path: Path) -> None:
    changes = found(measured(tmp_path))
    assert changes.untouched == ("head",)
    assert change_sentences(changes) == (
        "LoRA r=8 query+value+mlp has 5.5 intruder dimensions in 2 matrices (top 10, ε 0.5; 5 to 6 over 2 seeds) and "
        "full 0 in 6.",
        "The matrices that train moved furthest in full, by 12.00 % of their norm on average, and least in LoRA r=8 "
        "query+value+mlp, by 3.00 %.",
        "head trains no matrix of the backbone.",
        "An intruder dimension is a large singular direction that resembles none of the pretrained matrix's own. "
        "Shuttleworth et al. 2024 found them where models had forgotten more; whether these models forgot is what "
        "tunefork retention measures.",
    )


def test_one_configuration_without_intruders(tmp_path: Path) -> None:
    store = make(tmp_path, S0[:1], seeds=1)
    changed(store, FULL, 0, EVERY, threshold=0.3)
    assert change_sentences(found(store)) == ("No matrix of any run has an intruder dimension (top 10, ε 0.3).",)


def test_one_intruder_in_one_matrix(tmp_path: Path) -> None:
    store = make(tmp_path, S0[:1], seeds=1)
    changed(store, FULL, 0, {(0, "query"): 1})
    assert change_sentences(found(store))[0] == "full has 1 intruder dimension in 1 matrix (top 10, ε 0.5)."


def test_many_configurations_are_named_in_part(tmp_path: Path) -> None:
    many = [replace(LORA, name=f"LoRA {number}") for number in range(9)]
    store = make(tmp_path, many, seeds=1)
    for number, one in enumerate(many):
        changed(store, one, 0, {(0, "query"): number + 1})
    first = change_sentences(found(store))[0]
    assert first.startswith("LoRA 8 has 9 intruder dimensions in 1 matrix (top 10, ε 0.5), LoRA 7 8 in 1, ")
    assert first.endswith("and LoRA 3 4 in 1. The table has 3 more configurations, with as many or fewer.")


def test_the_table(tmp_path: Path) -> None:
    assert as_markdown(change_table(found(measured(tmp_path)))).splitlines() == [
        "| run | matrices | ‖ΔW‖ / ‖W‖ % | effective rank | stable rank | intruders | a matrix |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
        "| full | 6 | 12.00 | 20.5 (20.0–21.0) | 1.5 | 0 | 0.00 |",
        "| LoRA r=8 query+value+mlp | 2 | 3.00 | 1.5 | 1.5 | 5.5 (5–6) | 2.75 |",
        "",
        "- Intruders are counted over all matrices that train (top 10, ε 0.5); norms and ranks of ΔW are means over "
        "them. In brackets the range over seeds.",
    ]


def test_the_json(tmp_path: Path) -> None:
    store = measured(tmp_path)
    document = to_json(store)["changes"]
    assert (document["top_k"], document["threshold"]) == (10, 0.5)
    lora = document["configurations"][1]
    assert lora["name"] == "LoRA r=8 query+value+mlp"
    assert lora["runs"] == [run_id(LORA, seed) for seed in range(2)]
    assert lora["intruders"] == {"mean": 5.5, "low": 5, "high": 6}
    assert lora["relative_norm"]["mean"] == pytest.approx(0.03)
    assert [(block["block"], block["intruders"]["mean"]) for block in lora["blocks"]] == [(0, 2), (1, 3.5)]
    run = document["runs"][3]
    assert (run["id"], run["seed"], run["matrices"], run["intruders"]) == (run_id(LORA, 1), 1, 2, 6)
    assert "measured" not in run
    assert document["sentences"] == list(change_sentences(found(store)))
    matrix = changes_json(found(store), details=True)["runs"][3]["measured"][1]
    assert (matrix["matrix"], matrix["block"], matrix["roles"], matrix["intruders"]) == (
        "layer.1.query", 1, ["query"], 4,
    )  # fmt: skip
    assert (matrix["norm"], matrix["relative_norm"]) == (0.4, pytest.approx(0.04))
    assert matrix["similarities"] == [0.1] * 4 + [0.9] * 6
    json.dumps(document, allow_nan=False)


def test_a_matrix_that_began_with_zeros_has_no_relative_norm(tmp_path: Path) -> None:
    store = make(tmp_path, S0[:1], seeds=1)
    changed(store, FULL, 0, EVERY)
    run = run_id(FULL, 0)
    store.put_changes(run, [replace(each, base_norm=0.0) for each in store.changes(run)])
    document = json.loads(json.dumps(to_json(store)["changes"], allow_nan=False))
    assert document["configurations"][0]["relative_norm"] == {"mean": None, "low": None, "high": None}


def test_runs_that_did_not_finish_are_left_out(tmp_path: Path) -> None:
    store = measured(tmp_path)
    change(store, LORA, 1, status="failed")
    assert [len(one.runs) for one in found(store).configurations] == [2, 1]
