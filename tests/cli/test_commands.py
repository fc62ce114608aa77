"""The command line: public contract, messages and exit statuses."""

from __future__ import annotations

import html
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from tunefork.cli.options import seed_option
from tunefork.store import SqliteStore

Done = subprocess.CompletedProcess[str]


def tunefork(*arguments: str, cwd: Path | None = None) -> Done:
    code = "from tunefork.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False, cwd=cwd
    )


@pytest.fixture(scope="module")
def study(
    tmp_path_factory: pytest.TempPathFactory, tiny_folder: Path, messages_csv: Path
) -> tuple[Path, dict[str, object]]:
    out = tmp_path_factory.mktemp("cli") / "out"
    done = tunefork(
        "compare", str(messages_csv), "--model", str(tiny_folder),
        "--run", "head", "--run", "lora:rank=2,targets=query+value",
        "--text", "message", "--label", "intent", "--seeds", "0,1", "--epochs", "1", "--batch-size", "16",
        "--max-length", "48", "-o", str(out), "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return out, json.loads(done.stdout)


def test_help_answers_at_once_and_lists_the_commands() -> None:
    began = time.monotonic()
    done = tunefork("--help")
    assert time.monotonic() - began < 5
    assert done.returncode == 0
    for command in ("compare", "run", "plan", "params", "report", "predict", "demo"):
        assert command in done.stdout


def test_version() -> None:
    assert tunefork("--version").stdout == "tunefork 0.1.0\n"


def test_params_prints_the_contract() -> None:
    done = tunefork(
        "params",
        "roberta-base",
        "--labels",
        "4",
        "--run",
        "lora:rank=11,alpha=7,targets=query+value",
        "--run",
        "full",
        "--json",
    )
    rows = json.loads(done.stdout)
    assert rows[0] == {
        "run": "lora:rank=11,alpha=7,targets=query+value",
        "adapter": 405_504,
        "head": 593_668,
        "backbone": 0,
        "trainable": 999_172,
        "total": 125_054_212,
        "peft_total": 125_647_880,
        "peft_percent": pytest.approx(0.79521596),
    }
    assert rows[1]["peft_total"] == rows[1]["total"] == rows[1]["trainable"]


def test_params_lists_what_fits_a_budget() -> None:
    done = tunefork("params", "roberta-base", "--labels", "4", "--max-trainable", "1M", "--json")
    rows = json.loads(done.stdout)
    assert set(rows[0]) == {"run", "adapter", "head", "backbone", "trainable", "total", "peft_total", "peft_percent"}
    assert [row["trainable"] for row in rows] == sorted((row["trainable"] for row in rows), reverse=True)
    assert next(row for row in rows if row["run"].endswith("targets=query+value"))["run"] == (
        "lora:rank=11,targets=query+value"
    )
    shown = tunefork("params", "roberta-base", "--labels", "4", "--max-trainable", "1M")
    assert "lora:rank=11,targets=query+value" in shown.stdout
    done = tunefork("params", "roberta-base", "--max-trainable", "500k")
    assert done.returncode == 2
    assert "Nothing fits into 500,000 trainable parameters" in done.stderr
    assert "the head alone has 592,130" in done.stderr
    done = tunefork("params", "roberta-base", "--max-trainable", "much")
    assert "a number of parameters such as 1M or 300k but got 'much'" in done.stderr
    assert "There is nothing to count" in tunefork("params", "roberta-base").stderr


def test_params_reads_a_folder_with_only_a_config(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "distilbert"}))
    done = tunefork("params", str(tmp_path), "--labels", "2", "--run", "head", "--json")
    assert json.loads(done.stdout)[0]["trainable"] == 592_130


def test_params_explains_every_module() -> None:
    done = tunefork("params", "gpt2", "--run", "lora:rank=8,targets=query", "--explain")
    assert "transformer.h.0.attn.c_attn: 8 × (768 + 2304) = 24,576" in done.stdout
    assert "c_attn computes query, key, value together; 'query' adapts the whole of it, once" in " ".join(
        done.stdout.split()
    )


def test_compare_trains_every_run_with_every_seed(study: tuple[Path, dict[str, object]]) -> None:
    _, document = study
    runs = document["runs"]
    assert isinstance(runs, list)
    assert [(run["strategy"], run["seed"], run["status"], run["split"]) for run in runs] == [
        ("head", 0, "done", "test"),
        ("head", 1, "done", "test"),
        ("lora", 0, "done", "test"),
        ("lora", 1, "done", "test"),
    ]
    assert document["best"] in {run["id"] for run in runs}


def test_report_repeats_the_document(study: tuple[Path, dict[str, object]]) -> None:
    out, document = study
    assert json.loads(tunefork("report", str(out), "--json").stdout) == document
    shown = tunefork("report", str(out))
    assert shown.returncode == 0
    assert "LoRA r=2 query+value" in shown.stdout
    assert "report.html" in shown.stdout


def test_report_erases_copies_of_rows_where_told(
    study: tuple[Path, dict[str, object]], messages_csv: Path, tmp_path: Path
) -> None:
    out, document = study
    copy = Path(shutil.copytree(out, tmp_path / "copy"))
    store = SqliteStore.open(copy)
    kept = store.excerpts()
    store.close()
    text = max(kept.values(), key=len)
    assert text in html.unescape((copy / "report.html").read_text(encoding="utf-8"))
    done = tunefork("report", str(copy), "--no-examples", "--json")
    assert json.loads(done.stdout) == document
    assert text not in html.unescape((copy / "report.html").read_text(encoding="utf-8"))
    assert text.encode() not in (copy / "study.db").read_bytes()


def test_predict_keeps_ids_and_writes_label_names(
    study: tuple[Path, dict[str, object]], messages_csv: Path, tmp_path: Path
) -> None:
    out, _ = study
    unlabelled = pd.read_csv(messages_csv).drop(columns="intent").iloc[:7]
    unlabelled.to_csv(tmp_path / "new.csv", index=False)
    done = tunefork(
        "predict",
        str(out),
        str(tmp_path / "new.csv"),
        "-o",
        str(tmp_path / "submission.csv"),
        "--probabilities",
        "--as",
        "label",
    )
    assert done.returncode == 0, done.stderr
    found = pd.read_csv(tmp_path / "submission.csv")
    assert list(found.columns) == ["id", "label", "p_damaged", "p_return", "p_status"]
    assert found["id"].tolist() == unlabelled["id"].tolist()
    assert set(found["label"]) <= {"damaged", "return", "status"}


def test_predict_tells_of_cells_that_a_spreadsheet_would_run(
    study: tuple[Path, dict[str, object]], messages_csv: Path, tmp_path: Path
) -> None:
    out, _ = study
    new = pd.read_csv(messages_csv).drop(columns="intent").iloc[:3]
    new["id"] = ["=HYPERLINK(1)", "@b", "c"]
    new.to_csv(tmp_path / "new.csv", index=False)
    words = ("predict", str(out), str(tmp_path / "new.csv"), "-o", str(tmp_path / "found.csv"))
    done = tunefork(*words)
    assert done.returncode == 0, done.stderr
    assert "2 cells begin with =, +, - or @, which a spreadsheet runs as a formula: see --quote-formulas" in done.stderr
    assert pd.read_csv(tmp_path / "found.csv")["id"].tolist() == ["=HYPERLINK(1)", "@b", "c"]
    done = tunefork(*words, "--quote-formulas")
    assert "formula" not in done.stderr
    assert pd.read_csv(tmp_path / "found.csv")["id"].tolist() == ["'=HYPERLINK(1)", "'@b", "c"]


def test_plan_and_run_leave_out_rows_as_their_messages_say(tmp_path: Path, tiny_folder: Path) -> None:
    rows = [f"row number {number},{'ab'[number % 2]}" for number in range(40)]
    train, test = [*rows[:20], ",a", "no label,", "one more,c"], [rows[0], *rows[20:]]
    for name, lines in (("train", train), ("test", test)):
        (tmp_path / f"{name}.csv").write_text("\n".join(["text,label", *lines]), encoding="utf-8")
    study = {"name": "s", "model": str(tiny_folder), "data": {"train": "train.csv", "test": "test.csv"},
             "compare": ["head"], "training": {"epochs": 1}}  # fmt: skip
    (tmp_path / "study.yaml").write_text(json.dumps(study), encoding="utf-8")
    wrong = tunefork("plan", str(tmp_path / "study.yaml"))
    flags = ("--drop-missing", "--drop-empty", "--leakage drop_train", "--rare drop")
    assert all(flag in wrong.stderr for flag in flags)
    given = " ".join(flags).split()
    planned = tunefork("plan", str(tmp_path / "study.yaml"), "--no-time", "--json", *given)
    assert sum(json.loads(planned.stdout)["rows"].values()) == 19 + 21
    done = tunefork("run", str(tmp_path / "study.yaml"), "-o", str(tmp_path / "out"), *given, "--bad-images", "skip")
    assert done.returncode == 0, done.stderr
    assert "left_out.csv" in done.stdout
    written = (tmp_path / "out" / "study.yaml").read_text(encoding="utf-8")
    for line in ("drop_missing: true", "drop_empty: true", "leakage: drop_train", "rare: drop", "bad_images: skip"):
        assert line in written


def test_run_and_plan_read_a_study_file_beside_its_data(tmp_path: Path, tiny_folder: Path, messages_csv: Path) -> None:
    (tmp_path / "rows.csv").write_bytes(messages_csv.read_bytes())
    (tmp_path / "study.yaml").write_text(
        f"name: mine\nmodel: {tiny_folder}\ndata: {{train: rows.csv, text: message, label: intent, max_length: 32}}\n"
        "training: {epochs: 1}\ncompare: [head, {lora: {rank: [2, 4]}}]\n"
    )
    planned = json.loads(
        tunefork("plan", str(tmp_path / "study.yaml"), "--no-time", "--json", cwd=tmp_path.parent).stdout
    )
    assert [run["name"] for run in planned["runs"]] == ["head", "LoRA r=2 query+value", "LoRA r=4 query+value"]
    shown = tunefork("plan", str(tmp_path / "study.yaml"))
    assert "of the texts cut off" in shown.stdout
    done = tunefork("run", str(tmp_path / "study.yaml"), "-o", str(tmp_path / "out"), "--rows", "100")
    assert done.returncode == 0, done.stderr
    assert "head, seed 0: loss" in done.stderr
    assert (tmp_path / "out" / "report.html").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "nothing.yaml"], "There is no such study file"),
        (["compare", "nothing.csv", "--run", "head"], "nothing.csv"),
        (["compare", "rows.csv", "--run", "loraa"], "There is no strategy 'loraa' (--run loraa). Did you mean 'lora'?"),
        (["compare", "rows.csv", "--text", "mesage", "--run", "head"], "mesage"),
        (["params", "nowhere/none", "--run", "full"], "The model 'nowhere/none' cannot be loaded"),
        (["report", "."], "There is no study in this folder"),
        (["compare", "rows.csv", "--seeds", "a"], "--seeds is a list of whole numbers"),
    ],
)
def test_an_error_is_one_paragraph_and_a_status(
    arguments: list[str], message: str, tmp_path: Path, messages_csv: Path
) -> None:
    (tmp_path / "rows.csv").write_bytes(messages_csv.read_bytes())
    done = tunefork(*arguments, cwd=tmp_path)
    assert done.returncode in (1, 2)
    assert done.stdout == ""
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 2


def test_an_error_is_json_where_json_was_asked_for(tmp_path: Path) -> None:
    done = tunefork("report", str(tmp_path), "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["what"].startswith("There is no study")


def test_a_run_that_fails_shows_in_table_and_status(tmp_path: Path, tiny_folder: Path, messages_csv: Path) -> None:
    done = tunefork(
        "compare", str(messages_csv), "--model", str(tiny_folder), "--run", "head", "--run", "full:learning_rate=1e30",
        "--epochs", "1", "-o", str(tmp_path / "out"), "--json",
    )  # fmt: skip
    assert done.returncode == 1
    runs = {run["strategy"]: run for run in json.loads(done.stdout)["runs"]}
    assert (runs["head"]["status"], runs["full"]["status"]) == ("done", "diverged")
    assert "full, seed 0: diverged: the training loss was" in done.stderr
    assert json.loads(done.stdout)["best"] == runs["head"]["id"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("predict", "out"), "Missing argument"),
        (("predict", "--nope"), "No such option: --nope"),
        (("frobnicate",), "No such command 'frobnicate'"),
        (("compare", "x.csv", "--epochs", "many"), "Invalid value for '--epochs'"),
    ],
)
def test_a_wrong_command_line_is_answered_by_its_usage(arguments: tuple[str, ...], message: str) -> None:
    done = tunefork(*arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Usage: tunefork" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_lone_seed_is_told_from_a_number_of_seeds(capsys: pytest.CaptureFixture[str]) -> None:
    assert seed_option("3") == [3]
    assert capsys.readouterr().err == "--seeds 3 is the one seed 3; for 3 seeds write --seeds 0,1,2\n"
    for text, seeds in (("0", [0]), ("1", [1]), ("42", [42]), ("0,2", [0, 2])):
        assert seed_option(text) == seeds
    assert capsys.readouterr().err == ""
