from __future__ import annotations

from tunefork.plan import expand, shared_rate_warning
from tunefork.study_file import parse_study

S0 = """
data: a.csv
seeds: {seeds}
training: {training}
compare:
  - {{block: methods, full: {{}}}}
  - {{block: methods, head: {{}}}}
  - {{block: methods, lora: {{rank: 8, targets: query+value+mlp}}}}
  - {{block: rank, lora: {{rank: [2, 8, 32], targets: query+value+mlp}}}}
  - {{block: layers, lora: {{rank: 8, targets: [query+value, query+value+mlp, query+value+key+proj+mlp]}}}}
"""


def test_equal_runs_are_there_once_and_shown_in_each_block() -> None:
    runs = expand(parse_study(S0.format(seeds=1, training="{}")))
    assert len(runs) == 7
    blocks = {run.name: run.blocks for run in runs}
    assert blocks["LoRA r=8 query+value+mlp"] == ("methods", "rank", "layers")
    assert blocks["LoRA r=8 query+key+value+output+mlp"] == ("layers",)


def test_seeds_multiply_runs_and_keep_their_configuration() -> None:
    runs = expand(parse_study(S0.format(seeds="[3, 5]", training="{}")))
    assert len(runs) == 14
    assert len({run.config.id for run in runs}) == 14
    assert len({run.config.configuration for run in runs}) == 7
    assert {run.config.seed for run in runs} == {3, 5}


def test_one_rate_for_all_is_taken_everywhere_and_warned_about() -> None:
    study = parse_study(S0.format(seeds=1, training="{shared_learning_rate: 2.0e-5}"))
    assert {run.config.strategy.learning_rate for run in expand(study)} == {2e-5}
    warning = shared_rate_warning(study)
    assert warning is not None
    assert warning.startswith("All strategies share the learning rate 2e-05. This is not a fair comparison")
    assert shared_rate_warning(parse_study(S0.format(seeds=1, training="{}"))) is None


def test_names_tell_what_differs() -> None:
    entries = "[{lora: {learning_rate: [1.0e-4, 1.0e-3]}}, {head: {}}, {head: {}, training: {epochs: 9}}]"
    names = [run.name for run in expand(parse_study(f"data: a.csv\ncompare: {entries}"))]
    assert names == [
        "LoRA r=8 query+value (lr=0.0001)",
        "LoRA r=8 query+value (lr=0.001)",
        "head (epochs=3)",
        "head (epochs=9)",
    ]
