"""Decoders without a pad token: rows that end in the token that pads are pooled where the saved model pools them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.tiny import tiny_model, word_tokenizer
from tunefork import Head, LoRA, Results, Study, load_data, load_model

WORDS = 200


@pytest.fixture(scope="module")
def gpt2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "tiny-gpt2"
    word_tokenizer(WORDS).save_pretrained(folder)
    model = tiny_model("gpt2")
    model.config.pad_token_id = None
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def made(gpt2: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Results, pd.DataFrame]:
    draw = np.random.default_rng(0)
    ends = ("", " <end>", " <end> <end>", " <end> w5")
    texts = [
        " ".join(f"w{number}" for number in draw.integers(1, WORDS, draw.integers(2, 12))) + ends[row % 4]
        for row in range(118)
    ]
    frame = pd.DataFrame({"text": [*texts, "<end>", "<end> <end>"], "label": list("ab") * 60})
    study = Study(
        model=str(gpt2),
        data=load_data(frame.iloc[:80], validation=frame.iloc[80:100], test=frame.iloc[100:]),
        compare=[Head(), LoRA(rank=2, learning_rate=1e-2)],
        training={"epochs": 2, "batch_size": 8, "precision": "fp32"},
    )
    return study.run(tmp_path_factory.mktemp("study") / "out", progress=False), frame.iloc[100:]


def test_runs_are_saved_and_say_how_many_rows_end_in_padding(made: tuple[Results, pd.DataFrame]) -> None:
    document = made[0].to_dict()
    assert [run["status"] for run in document["runs"]] == ["done", "done"]
    assert "60 texts end in <end>, which is padding: the token before it is what the head reads" in document["notices"]


def test_answers_are_those_of_the_saved_model(made: tuple[Results, pd.DataFrame]) -> None:
    results, test = made
    for run in results.runs():
        expected = load_model(run.folder).predict(list(test["text"]))["p_a"].to_numpy()
        found = pd.read_parquet(run.folder / "predictions.parquet").query("split == 'test'")
        np.testing.assert_allclose(found["p_a"].to_numpy(), expected, rtol=1e-4, atol=1e-5)
