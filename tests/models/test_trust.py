"""Models with code of their own: it runs only where the command line names its commit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.models.hub import LATER, NAME, READ, filled, told
from tunefork import Study
from tunefork.errors import ConfigError, StudyFileError, UnsupportedModelError
from tunefork.models import Trust, load_backbone, load_config
from tunefork.study_file import parse_study

CONFIG = {"model_type": "own-bert", "auto_map": {"AutoConfig": "configuration_own.OwnConfig"}}
FILE = (
    "model: {}\ndata: {{train: {}, max_length: 16}}\ntraining: {{steps: 2, precision: fp32}}\ncompare: [full, lora]\n"
)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return filled(tmp_path_factory.mktemp("hub"))


@pytest.mark.parametrize("revision", ["main", "a" * 39, "A" * 40, "g" * 40, ""])
def test_only_a_commit_is_trusted(revision: str) -> None:
    with pytest.raises(ConfigError, match=r"of 40 hexadecimal digits. Found: '.*'. Copy the commit hash from"):
        Trust(revision)


def test_a_study_of_another_revision_is_refused(messages_csv: Path, tmp_path: Path) -> None:
    file = tmp_path / "study.yaml"
    file.write_text(FILE.format(NAME, messages_csv) + "revision: main\n")
    with pytest.raises(ConfigError, match=rf"differ \({NAME}\). Found: revision main, --trust-remote-code a{{40}}"):
        Study.from_file(file, trust=Trust(READ))


def test_a_study_file_cannot_allow_it() -> None:
    with pytest.raises(
        StudyFileError,
        match=r"'trust_remote_code' here: a study file cannot allow that \(study line 1, .*Found: 'a{40}'. "
        r"Take it out; whoever runs the study may say --trust-remote-code COMMIT on the command line",
    ):
        parse_study(f"trust_remote_code: {READ}\ndata: a.csv\ncompare: [full]\n")


@pytest.mark.parametrize("trust", [Trust(), Trust(READ)])
def test_nothing_pins_the_code_in_a_folder(trust: Trust, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    (tmp_path / "configuration_own.py").write_text("raise SystemExit('it has run')\n")
    with pytest.raises(UnsupportedModelError, match="folder"):
        load_config(str(tmp_path), trust=trust)


def test_a_builtin_model_has_no_code() -> None:
    with pytest.raises(UnsupportedModelError, match=r"for models of the hub.*\(builtin:minilm\)"):
        load_backbone("builtin:minilm", ("a", "b"), trust=Trust(READ))


def test_without_the_flag_nothing_runs_and_the_flag_is_named(hub: Path) -> None:
    status, output, ran = told(hub, "params", NAME, "--run", "full")
    assert status == 1
    assert f"The model comes with code of its own, which is not run unless you say so ({NAME})" in output
    assert "add --trust-remote-code and the 40 digits of the commit" in output
    assert ran == set()


def test_a_commit_that_is_not_there_runs_nothing(hub: Path) -> None:
    status, output, ran = told(hub, "params", NAME, "--run", "full", "--trust-remote-code", "c" * 40)
    assert status == 1
    assert f"The model '{NAME}' cannot be loaded" in output
    assert ran == set()


def test_code_in_another_repository_is_not_what_was_read(hub: Path, tmp_path: Path) -> None:
    folder = hub / "hub" / "models--somebody--elsewhere"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text("d" * 40)
    (folder / "snapshots" / ("d" * 40)).mkdir(parents=True)
    elsewhere = {**CONFIG, "auto_map": {"AutoConfig": f"{NAME}--configuration_own.OwnConfig"}}
    (folder / "snapshots" / ("d" * 40) / "config.json").write_text(json.dumps(elsewhere))
    status, output, ran = told(hub, "params", "somebody/elsewhere", "--run", "full", "--trust-remote-code", "d" * 40)
    assert (status, ran) == (1, set())
    assert "The model 'somebody/elsewhere' cannot be loaded" in output


def test_params_and_plan_run_the_code_of_that_commit(hub: Path, messages_csv: Path, tmp_path: Path) -> None:
    status, output, ran = told(hub, "params", NAME, "--run", "lora", "--trust-remote-code", READ, "--json")
    assert (status, ran) == (0, {READ}), output
    file = tmp_path / "study.yaml"
    file.write_text(FILE.format(NAME, messages_csv))
    status, output, ran = told(hub, "plan", str(file), "--no-timings", "--trust-remote-code", LATER)
    assert (status, ran) == (0, {LATER}), output
    assert f"code from the model's repository is run, of commit {LATER}" in output


@pytest.mark.slow
def test_a_study_trains_in_workers_and_keeps_the_revision_but_not_the_trust(
    hub: Path, messages_csv: Path, tmp_path: Path
) -> None:
    file, out = tmp_path / "study.yaml", tmp_path / "out"
    file.write_text(FILE.format(NAME, messages_csv))
    arguments = ["run", str(file), "-o", str(out), "--workers", "2"]
    status, output, ran = told(hub, *arguments, "--trust-remote-code", READ)
    assert (status, ran) == (0, {READ}), output
    written = (out / "study.yaml").read_text()
    assert f"revision: {READ}" in written
    assert "trust" not in written
    facts = [json.loads(path.read_text()) for path in out.glob("runs/*/tunefork.json")]
    assert {(each["model"], each["revision"]) for each in facts} == {(NAME, READ)}
    assert len(facts) == 2
    status, output, ran = told(hub, *arguments, "--trust-remote-code", LATER)
    assert status == 1
    assert "revision" in output
    status, output, ran = told(hub, *arguments)
    assert (status, ran) == (1, set())
    assert "add --trust-remote-code" in output
    (full,) = out.glob("runs/full*")
    status, output, ran = told(hub, "predict", str(full), str(messages_csv), "-o", str(tmp_path / "answers.csv"))
    assert (status, ran) == (1, set()), output
    assert "nothing pins the code in a folder" in output


def test_compare_takes_it(hub: Path, messages_csv: Path, tmp_path: Path) -> None:
    status, output, ran = told(
        hub, "compare", str(messages_csv), "-m", NAME, "--run", "head", "--rows", "32", "--epochs", "1",
        "-o", str(tmp_path / "out"), "--trust-remote-code", READ,
    )  # fmt: skip
    assert (status, ran) == (0, {READ}), output
