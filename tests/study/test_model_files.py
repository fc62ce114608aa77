"""A study goes on with the model that it began with."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from tunefork import Head, Study, load_data
from tunefork.errors import OtherStudyError
from tunefork.store import SqliteStore


def test_other_weights_in_its_place_are_noticed(tiny_folder: Path, messages_csv: Path, tmp_path: Path) -> None:
    model = tmp_path / "model"
    shutil.copytree(tiny_folder, model)

    def study() -> Study:
        return Study(
            model=str(model), data=load_data(messages_csv, max_length=24), compare=[Head(learning_rate=[1e-3, 1e-2])],
            training={"steps": 2, "precision": "fp32"},
        )  # fmt: skip

    out = tmp_path / "out"
    study().run(out, progress=False)
    tensors = load_file(model / "model.safetensors")
    first = next(iter(tensors))
    save_file({**tensors, first: tensors[first] + 1}, model / "model.safetensors", metadata={"format": "pt"})
    assert len(study().run(out, progress=False).runs()) == 2, "all is done: nothing would be mixed"
    store = SqliteStore(out)
    store.put_run(replace(store.runs()[0], status="running"))
    store.close()
    with pytest.raises(OtherStudyError) as caught:
        study().run(out, progress=False)
    assert str(caught.value) == (
        "The model is not the one that the study began with, and runs of both could not be compared "
        f"({out}). Found: changed: model.safetensors. Put the files back to go on. "
        "Choose another folder with -o, begin anew beside it with --fork, or delete this one."
    )
    assert study().run(out, progress=False, fork=True).folder == tmp_path / "out-2"
    save_file(tensors, model / "model.safetensors", metadata={"format": "pt"})
    assert study().run(out, progress=False).folder == out
