"""``tunefork plan --cluster``: the schedule of a study on devices that are not at hand."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.test_commands import tunefork

STUDY = """
name: mine
data: {train: rows.csv, text: message, label: intent, max_length: 32}
training: {epochs: 1, precision: fp32}
seeds: 4
compare: [head, {lora: {rank: [2, 4], targets: query+value}}]
"""


def test_a_cluster_of_cores_and_then_one_with_costs_from_a_file(
    tmp_path: Path, tiny_folder: Path, messages_csv: Path
) -> None:
    (tmp_path / "rows.csv").write_bytes(messages_csv.read_bytes())
    file = tmp_path / "study.yaml"
    file.write_text(f"model: {tiny_folder}\n{STUDY}")
    done = tunefork("plan", str(file), "--cluster", "2x2xcpu", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["workers"], found["threads"]) == (4, 1)
    assert found["forecast"]["cluster"] == {
        "text": "2 × 2 × cpu", "nodes": 2, "devices_per_node": 2, "devices": 4, "device": "cpu",
    }  # fmt: skip
    assert found["forecast"]["schedule"]["runs"] == 12
    assert [point["devices"] for point in found["forecast"]["curve"]] == [1, 2, 4, 8, 16]
    assert len(found["costs"]["alone"]) == 3

    costs = tmp_path / "costs.json"
    costs.write_text(json.dumps({"costs": found["costs"] | {"device": "cuda (NVIDIA H200)"}}))
    shown = tunefork("plan", str(file), "--cluster", "8xH200", "--costs", str(costs))
    assert shown.returncode == 0, shown.stderr
    assert "\non 8 × H200: " in shown.stdout
    assert "\nwhat bounds it: " in shown.stdout
    assert "assumed" not in shown.stdout

    wrong = tunefork("plan", str(file), "--cluster", "8xH2O")
    assert wrong.returncode == 2
    assert "Nothing is known of the device 'H2O'" in wrong.stderr
