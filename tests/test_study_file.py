"""Study files: what they mean, and every problem at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tunefork.config import Configuration, StudyConfig
from tunefork.errors import ConfigError, StudyFileError
from tunefork.plan import expand
from tunefork.study_file import parse_study, read_study, write_study

DESIGN = """\
name: sst2-ablation
model: distilbert/distilbert-base-uncased
data: {train: train.parquet, validation: 0.1, test: test.parquet, text: text, label: label, max_length: 128}
training: {epochs: 3, batch_size: 16, weight_decay: 0.01, warmup: 0.06, schedule: linear,
           accumulation: 1, max_grad_norm: 1.0, early_stopping: {metric: loss, patience: 3}, precision: auto}
seeds: 3
compare:
  - {block: methods, full: {}}
  - {block: methods, head: {learning_rate: 1.0e-3}}
  - {block: methods, last_layers: {count: 1}}
  - {block: rank, lora: {rank: [2, 8, 32], targets: query+value+mlp}}
  - {block: layers, lora: {rank: 8, targets: [query+value, query+value+mlp, query+key+value+output+mlp]}}
"""


def test_the_design_s_example() -> None:
    study = parse_study(DESIGN)
    assert study.seeds == (0, 1, 2)
    assert study.data.text == ("text",)
    assert study.training.early_stopping is not None
    names = list(dict.fromkeys(run.name for run in expand(study)))
    assert names == [
        "full",
        "head",
        "last layer",
        "LoRA r=2 query+value+mlp",
        "LoRA r=8 query+value+mlp",
        "LoRA r=32 query+value+mlp",
        "LoRA r=8 query+value",
        "LoRA r=8 query+key+value+output+mlp",
    ]


def test_what_is_written_reads_back_equal() -> None:
    study = parse_study(DESIGN)
    assert parse_study(write_study(study)) == study


def test_every_problem_is_reported_with_its_line_and_what_to_do() -> None:
    text = (
        DESIGN.replace("epochs: 3", "epoch: 3")
        .replace("precision: auto", "precision: fp16")
        .replace("rank: 8", "rnk: 8")
    )
    with pytest.raises(StudyFileError) as caught:
        parse_study(text.replace("seeds: 3", "seeds: [1, 1]\nmodle: x"), "study.yaml")
    message = str(caught.value)
    assert message.startswith("5 problems in the study (study.yaml):")
    assert "There is no setting 'modle' here (study.yaml line 7, modle). Did you mean 'model'?" in message
    assert "There is no setting 'epoch' here (study.yaml line 4, training.epoch). Did you mean 'epochs'?" in message
    assert "(study.yaml line 5, training.precision). Found: 'fp16'." in message
    assert "lora has no setting 'rnk' (study.yaml line 13, compare.4.lora). Did you mean 'rank'?" in message
    assert "The list of seeds has a seed twice: [1, 1] (study.yaml line 6, seeds)" in message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1\nb: 2", r"is not YAML \(study line 2\)"),
        ("- a", "A study file holds settings, key: value"),
        ("", "Found: an empty file"),
        ("name: a\nname: b", r"'name' is given twice \(study line 2\)"),
        ("data: {train: a.csv, train: b.csv}\ncompare: [full]", r"'train' is given twice \(study line 1\)"),
        ("compare: [full]", "The study has no 'data'"),
        ("data: a.csv", "The study has no 'compare'"),
        ("data: a.csv\ncompare: full", "'compare' is a list of configurations"),
        ("data: a.csv\ncompare: [fulll]", "Did you mean 'full'"),
        ("data: a.csv\ncompare: [{full: {}, head: {}}]", "A configuration names one strategy"),
        ("data: a.csv\ncompare: [full]\ntraining: {batch_size: [8, 16]}", "'batch_size' takes one value, no grid"),
        (
            "data: a.csv\ncompare: [full]\ntraining: {warmup: 1.5}",
            "a whole number of steps or a share below 1 but got 1.5",
        ),
        ("data: a.csv\ncompare: [full]\ntraining: {eval_every: often}", "eval_every is a number of steps"),
        (
            "data: {train: a.csv, validation: 0}\ncompare: [full]\ntraining: {early_stopping: {}}",
            "needs validation rows",
        ),
        ("data: a.csv\ncompare: [{lora: {layers: 5-3}}]", "a range of layers goes upwards"),
        ("data: a.csv\ncompare: [{lora: {rank: []}}]", "The grid of lora.rank is empty"),
        ("data: a.csv\ncompare: [{lora: {rank: 8, r: 4}}]", "rank and|r and rank are the same setting"),
        ("data: a.csv\ncompare: [{lora: {rank: 0}}]", "greater than or equal to 1"),
        ("data: a.csv\ncompare: [full]\nseeds: 0", "seeds must be at least 1 but got 0"),
        ("data: a.csv\ncompare: [full]\nname: a/b", "a plain name without slashes"),
        ("a: &a [*a]\ndata: a.csv\ncompare: [full]", "refers to itself|recursive"),
    ],
)
def test_what_cannot_be_meant(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_study(text)


def test_overrides_replace_what_the_file_says() -> None:
    study = parse_study(DESIGN, overrides={"seeds": [7], "training.epochs": 1, "data.rows.train": 100})
    assert (study.seeds, study.training.epochs, study.data.rows.train) == ((7,), 1, 100)
    short = parse_study("data: a.csv\ncompare: [full]", overrides={"data.rows.train": 5})
    assert (short.data.train, short.data.rows.train) == ("a.csv", 5)


def test_a_missing_file_names_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(DESIGN)
    with pytest.raises(
        ConfigError, match=r"There is no such study file \(.*studdy.yaml\). Study files there: study.yaml"
    ):
        read_study(tmp_path / "studdy.yaml")


def test_a_table_is_told_from_a_study_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("Rows.CSV").write_text("text,label\ngood: it was,yes\n")
    with pytest.raises(ConfigError) as error:
        read_study("Rows.CSV")
    assert str(error.value) == (
        "This is a file of rows, not a study file (Rows.CSV). Write tunefork compare Rows.CSV, or a study file with "
        "two lines: data: Rows.CSV and compare: [full, head, lora]."
    )
    with pytest.raises(ConfigError, match="There is no such study file"):
        read_study("other.csv")


def test_a_byte_order_mark_is_read_over(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + DESIGN.encode())
    assert read_study(path).name == "sst2-ablation"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="The study file cannot be read"):
        read_study(path)


def test_peft_settings_may_stand_flat_or_nested() -> None:
    flat = parse_study("data: a.csv\ncompare: [{peft: {type: ia3, target_modules: [key, value]}}]").compare[0]
    nested = parse_study(
        "data: a.csv\ncompare: [{peft: {type: ia3, settings: {target_modules: [key, value]}}}]"
    ).compare[0]
    assert isinstance(flat, Configuration)
    assert flat.strategies == nested.strategies


def test_seeds_and_training_of_one_configuration() -> None:
    study = parse_study(
        "data: a.csv\nseeds: 2\ncompare:\n  - full\n  - {head: {}, seeds: [5], training: {batch_size: 64}}"
    )
    runs = [(run.name, run.config.seed, run.config.training.batch_size) for run in expand(study)]
    assert runs == [("full", 0, 16), ("full", 1, 16), ("head", 5, 64)]
    with pytest.raises(StudyFileError, match="There is no setting 'batchsize' here"):
        parse_study("data: a.csv\ncompare: [{head: {}, training: {batchsize: 64}}]")


def test_a_study_is_a_frozen_value() -> None:
    study = parse_study(DESIGN)
    assert isinstance(study, StudyConfig)
    with pytest.raises(ValueError, match="frozen"):
        study.name = "other"


@pytest.mark.parametrize(("written", "meant"), [("on", "on"), ("off", "off"), ("auto", "auto"), ("'on'", "on")])
def test_checkpointing_is_meant_as_written_and_makes_no_other_run(written: str, meant: str) -> None:
    study = parse_study(f"data: a.csv\ncompare: [head]\ntraining: {{checkpointing: {written}}}")
    assert study.training.checkpointing == meant
    (run,) = expand(study)
    (plain,) = expand(parse_study("data: a.csv\ncompare: [head]"))
    assert run.config.id == plain.config.id
