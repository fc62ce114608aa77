"""Promises that a review found broken once; each test failed before its mend."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from tests.cli.test_commands import tunefork
from tests.engine.recording import Kept
from tests.engine.test_fused_groups import build, run_of
from tests.tiny import encoded, tiny_backbone
from tunefork import Head, LoRA, Study, load_data, load_model
from tunefork.config import RunConfig, TrainingConfig, parse_run
from tunefork.engine import Precision, Rows, Training, assemble
from tunefork.errors import ConfigError, DataError, StudyFileError, TargetError, UnsupportedModelError
from tunefork.plan import expand, shared_rate_warning
from tunefork.strategies import select
from tunefork.study_file import parse_study

FP64 = Precision(torch.device("cpu"), torch.float64, torch.float64)
TRAINING = {"epochs": 2, "batch_size": 16, "precision": "fp32"}


def as_pretrained(text: str, seed: int, noise: int) -> torch.Tensor:
    backbone = tiny_backbone("bert", dropout=0.3)
    training = TrainingConfig(steps=5, batch_size=8, backbone_dropout="as_pretrained")
    run = RunConfig(strategy=parse_run(text).strategies[0], training=training, seed=seed)
    group = assemble(backbone, [run], [select(run.strategy, backbone.anatomy, backbone.model)], FP64)
    torch.manual_seed(noise)
    Training(group, [run], Rows(encoded(range(40)), None, None, 0), Kept()).run()
    return group.tensors(0)["classifier.weight"]


@pytest.mark.parametrize("text", ["head:learning_rate=1e-2", "lora:learning_rate=1e-2", "full"])
def test_backbone_dropout_follows_the_run_s_seed_and_nothing_else(text: str) -> None:
    assert torch.equal(as_pretrained(text, 0, noise=1), as_pretrained(text, 0, noise=2))


def test_without_best_weights_no_step_is_called_best() -> None:
    backbone = tiny_backbone("bert")
    run = run_of("full:learning_rate=3e-2", best_weights=False, steps=9, eval_every=3, schedule="constant")
    group = build(backbone, [run])
    rows = Rows(encoded(range(24)), encoded(range(80, 110)), encoded(range(110, 140)), 0)
    assert Training(group, [run], rows, Kept()).run()[0].best_step is None


def test_deberta_s_runs_are_not_fused() -> None:
    with pytest.raises(UnsupportedModelError, match="deberta-v2, whose linears also see positions"):
        build(tiny_backbone("deberta-v2"), [run_of("lora"), run_of("lora", seed=1)])


@pytest.mark.parametrize("metric", ["selection: {metric: f1}", "training: {early_stopping: {metric: f1}}"])
def test_f1_is_refused_for_more_than_two_classes(metric: str, tiny_folder: Path, messages_csv: Path) -> None:
    study = Study.from_config(parse_study(f"model: {tiny_folder}\ndata: {messages_csv}\ncompare: [head]\n{metric}"))
    with pytest.raises(
        ConfigError, match=r"f1 is the score of the second of two classes .* Found: 3 classes. Use macro_f1"
    ):
        study.plan(timings=False)


def test_off_is_a_word_in_study_files() -> None:
    study = parse_study("data: a.csv\ncompare: [head]\ntraining: {backbone_dropout: off}")
    assert study.training.backbone_dropout == "off"
    with pytest.raises(StudyFileError, match="put such words in quotes"):
        parse_study("data: {train: a.csv, label: no}\ncompare: [head]")


def test_a_regular_expression_keeps_its_plus() -> None:
    study = parse_study(r"""
data: a.csv
compare:
  - lora: {targets: "re:.*layer\\.[0-9]+\\..*query"}
""")
    run = expand(study)[0].config
    assert run.strategy.targets == (r"re:.*layer\.[0-9]+\..*query",)  # type: ignore[union-attr]
    selection = select(run.strategy, tiny_backbone("bert").anatomy, tiny_backbone("bert").model)
    assert len(selection.adapters) == 2


def test_targets_and_layers_that_exclude_each_other() -> None:
    backbone = tiny_backbone("bert")
    strategy = parse_run("lora:targets=bert.encoder.layer.1.attention.self.query,layers=0").strategies[0]
    with pytest.raises(TargetError, match="The targets are in none of the chosen layers"):
        select(strategy, backbone.anatomy, backbone.model)
    pooler = select(parse_run("lora:modules_to_save=pooler").strategies[0], backbone.anatomy, backbone.model)
    assert pooler.saved_modules == ("classifier", "bert.pooler")


@pytest.mark.parametrize(
    "text",
    [
        "compare: [{head: {}, seeds: abc}]",
        "compare: [{head: {}, seeds: 1.5}]",
        "compare: [{head: {}, seeds: [-1]}]",
        "compare: [{head: {}, training: 5}]",
        "compare: [head]\ntraining: fast",
        "compare: [head]\ntraining: {warmup: .inf}",
        "compare: [head]\ntraining: {epochs: .inf}",
        "compare: [head]\ntraining: {betas: [2, 3]}",
        "compare: [head]\ntraining: {eval_every: 1.0}",
    ],
)
def test_hostile_values_are_our_errors(text: str) -> None:
    with pytest.raises(ConfigError):
        parse_study(f"data: a.csv\n{text}")


def test_settings_that_would_be_ignored_are_not() -> None:
    shared = parse_study("data: a.csv\ncompare: [full, {head: {}, training: {shared_learning_rate: 1.0e-4}}]")
    assert "share the learning rate 0.0001" in str(shared_rate_warning(shared))
    stopping = parse_study("data: {train: a.csv, validation: 0}\ncompare: [{head: {}, training: {early_stopping: {}}}]")
    with pytest.raises(ConfigError, match="early_stopping needs validation rows"):
        expand(stopping)
    grid = parse_study(
        "data: a.csv\ncompare: [{peft: {type: ia3, learning_rate: [0.1, 0.2], target_modules: [key, value]}}]"
    )
    assert [run.config.strategy.learning_rate for run in expand(grid)] == [0.1, 0.2]


def test_relative_paths_hold_from_anywhere(
    tiny_folder: Path, messages_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    home = tmp_path / "home"
    shutil.copytree(tiny_folder, home / "model")
    shutil.copy(messages_csv, home / "rows.csv")
    (home / "study.yaml").write_text(
        "name: s\nmodel: model\ndata: {train: rows.csv, max_length: 500}\n"
        "training: {epochs: 1}\ncompare: [{lora: {rank: 2}}]"
    )
    monkeypatch.chdir(tmp_path)
    results = Study.from_file("home/study.yaml").run("out", progress=False)
    assert results.to_dict()["runs"][0]["status"] == "done"
    monkeypatch.chdir("/")
    again = Study.from_file(tmp_path / "out" / "study.yaml").run(tmp_path / "out", progress=False)
    assert again.to_dict()["runs"] == results.to_dict()["runs"]
    model = load_model(tmp_path / "out")
    assert model.facts["max_length"] == 80, "what the model's positions allow"
    assert model.predict(["word " * 400]).shape == (1, 4)
    for bad in ([""], [None], [("one", "two")]):
        with pytest.raises(DataError):
            model.predict(bad)  # type: ignore[arg-type]


def test_predict_does_without_the_id_column(tiny_folder: Path, messages_csv: Path, tmp_path: Path) -> None:
    results = Study(model=str(tiny_folder), data=load_data(messages_csv), compare=[Head()], training=TRAINING).run(
        tmp_path / "out", progress=False
    )
    pd.DataFrame({"message": ["where is it", "broken"]}).to_csv(tmp_path / "new.csv", index=False)
    done = tunefork("predict", str(results.folder), str(tmp_path / "new.csv"), "-o", str(tmp_path / "p.csv"), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rows"] == 2
    assert "there is no column 'id'; rows are numbered from 0" in done.stderr
    assert pd.read_csv(tmp_path / "p.csv")["row"].tolist() == [0, 1]


def test_a_saved_adapter_stands_alone_also_after_start_from(
    tiny_folder: Path, messages_csv: Path, tmp_path: Path
) -> None:
    import shutil

    data = load_data(messages_csv, max_length=48)
    first = Study(model=str(tiny_folder), data=data, compare=[LoRA(rank=2)], training=TRAINING).run(
        tmp_path / "a", progress=False
    )
    second = Study(
        model=str(tiny_folder),
        data=data,
        compare=[LoRA(rank=4)],
        training=TRAINING,
        start_from=str(first.best().folder),
    ).run(tmp_path / "b", progress=False)
    expected = load_model(second.best().folder).predict(["where is it"]).filter(like="p_").to_numpy()
    second.best().save(tmp_path / "model")
    second.store.close()
    shutil.rmtree(tmp_path / "b")
    found = load_model(tmp_path / "model").predict(["where is it"]).filter(like="p_").to_numpy()
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_the_written_predictions_are_those_of_the_best_step(tmp_path: Path) -> None:
    from tests.runner.contract import RunnerContract, Told, planned
    from tunefork.runner import LocalRunner
    from tunefork.store import MemoryStore

    store = MemoryStore(tmp_path)
    run = planned("full:learning_rate=3e-2")
    training = run.config.training.model_copy(update={"epochs": 6.0, "schedule": "constant"})
    run = replace(run, config=run.config.model_copy(update={"training": training}))
    plan, job = RunnerContract().prepare(store, [run])
    LocalRunner().execute(plan, job, store, Told())
    record = store.run(run.config.id)
    steps = [each.step for each in store.evaluations(record.id, "validation")]
    assert record.best_step != steps[-1], "the run must overfit for this test to mean anything"
    frame = pd.read_parquet(store.run_folder(record.id) / "predictions.parquet")
    assert set(frame[frame["split"] == "validation"]["step"]) == {record.best_step}


def test_the_plan_says_unknown_and_hides_no_error(messages_csv: Path, tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(f"model: roberta-base\ndata: {messages_csv}\ncompare: [head]")
    done = tunefork("plan", str(tmp_path / "study.yaml"), "--no-timings")
    assert done.returncode == 0, done.stderr
    assert "unknown" in done.stdout
    (tmp_path / "study.yaml").write_text(
        f"model: roberta-base\nstart_from: nowhere\ndata: {messages_csv}\ncompare: [head]"
    )
    wrong = tunefork("plan", str(tmp_path / "study.yaml"))
    assert wrong.returncode == 1
    assert "There is nothing to start from" in wrong.stderr


def test_paths_that_cannot_be_written_and_broken_models(tiny_folder: Path, messages_csv: Path, tmp_path: Path) -> None:
    (tmp_path / "afile").write_text("x")
    done = tunefork(
        "compare", str(messages_csv), "--model", str(tiny_folder), "--run", "head", "-o", str(tmp_path / "afile")
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    (tmp_path / "config.json").write_text(
        json.dumps({"model_type": "bert", "hidden_size": 10, "num_attention_heads": 3})
    )
    broken = tunefork("params", str(tmp_path), "--run", "head")
    assert broken.returncode == 1
    assert "Traceback" not in broken.stderr


def test_json_errors_list_every_problem(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text("data: a.csv\ncompare: [fulll]\nseed: 3")
    done = tunefork("run", str(tmp_path / "study.yaml"), "--json")
    assert done.returncode == 2
    assert len(json.loads(done.stdout)["problems"]) == 2


def test_a_damaged_copy_of_the_study_file_does_not_stop_a_new_start(
    tiny_folder: Path, messages_csv: Path, tmp_path: Path
) -> None:
    study = Study(model=str(tiny_folder), data=load_data(messages_csv), compare=[Head()], training=TRAINING)
    results = study.run(tmp_path / "out", progress=False)
    (results.folder / "study.yaml").write_text("name: [")
    with pytest.raises(Exception, match=r"study.yaml") as caught:
        study.run(tmp_path / "out", progress=False)
    assert "Traceback" not in str(caught.value)
