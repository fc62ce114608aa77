"""Images on the command line: the same commands."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pandas as pd

from tests.cli.test_commands import tunefork


def test_compare_predict_and_report_on_a_zip_of_class_folders(
    tiny_vit: Path, digit_folder: Path, tmp_path: Path
) -> None:
    with zipfile.ZipFile(tmp_path / "digits.zip", "w") as archive:
        for path in sorted(digit_folder.rglob("*.png")):
            archive.write(path, f"digits/{path.relative_to(digit_folder).as_posix()}")
        archive.writestr("digits/zero/torn.png", b"\x89PNG torn")
    arguments = (
        "compare", "digits.zip", "--model", str(tiny_vit), "--run", "head", "--run", "lora:rank=2", "--epochs", "1",
        "--augment", "flip", "-o", "out",
    )  # fmt: skip
    done = tunefork(*arguments, cwd=tmp_path)
    assert done.returncode == 1
    assert "1 picture cannot be read (digits.zip picture digits/zero/torn.png)" in done.stderr
    assert "--bad-images skip" in done.stderr
    done = tunefork(*arguments, "--bad-images", "skip", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["task"] == "image-classification"
    assert {run["status"] for run in document["runs"]} == {"done"}
    done = tunefork("predict", "out", str(digit_folder), "-o", "found.csv", "--probabilities", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = pd.read_csv(tmp_path / "found.csv")
    assert list(found.columns) == ["image", "prediction", "p_one", "p_three", "p_two", "p_zero"]
    assert len(found) == 240
    assert found["image"][0].startswith("one/")
    report = tunefork("report", "out", "--json", cwd=tmp_path)
    assert json.loads(report.stdout) == document


def test_predict_on_a_table_with_paths(tiny_vit: Path, digit_folder: Path, tmp_path: Path) -> None:
    paths = sorted(digit_folder.rglob("*.png"))
    rows = pd.DataFrame({"id": range(len(paths)), "file": paths, "label": [path.parent.name for path in paths]})
    rows.to_csv(tmp_path / "train.csv", index=False)
    done = tunefork(
        "compare", "train.csv", "--model", str(tiny_vit), "--run", "head", "--epochs", "1", "-o", "out",
        "--image", "file", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "id column guessed: id" in done.stderr
    rows[:5].drop(columns="label").to_csv(tmp_path / "new.csv", index=False)
    done = tunefork("predict", "out", "new.csv", "-o", "found.csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert pd.read_csv(tmp_path / "found.csv")["id"].tolist() == list(range(5))


def test_without_a_model_the_small_one_for_images_is_taken(digit_folder: Path, tmp_path: Path) -> None:
    done = tunefork(
        "compare", str(digit_folder), "--run", "head", "--epochs", "1", "--rows", "60", "-o", str(tmp_path / "out")
    )
    assert "No --model given; builtin:vit-fashion, which is small and needs no network, is used." in done.stderr
    assert done.returncode == 0, done.stderr


def test_a_plan_tells_the_size_of_images(tiny_vit: Path, digit_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(
        f"model: {tiny_vit}\ndata: {{train: {digit_folder}}}\ntraining: {{epochs: 1, augment: flip+crop}}\n"
        "compare: [head, {lora: {rank: 2}}]\n"
    )
    shown = tunefork("plan", str(tmp_path / "study.yaml"))
    assert shown.returncode == 0, shown.stderr
    text = " ".join(shown.stdout.split())
    assert "train: 173 rows, 17 tokens each" in text
    assert "augment changes images at every step, so frozen layers are computed anew each time: head (" in text
    (tmp_path / "study.yaml").write_text(
        f"model: {tiny_vit}\ndata: {{train: {digit_folder}}}\ntraining: {{augment: flipp}}\ncompare: [head]\n"
    )
    wrong = tunefork("plan", str(tmp_path / "study.yaml"))
    assert wrong.returncode == 2
    assert "training.augment" in wrong.stderr
    assert "flip" in wrong.stderr
