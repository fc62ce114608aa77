"""A real server under real load."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from benchmarks.http_clients import ask_all, spread

from tests.serve.fleets import trained
from tests.serve.servers import serving
from tunefork import LoRA, Results, load_model

REQUESTS, CLIENTS, ADAPTERS = 10_000, 64, 8
NEAR = 2e-5
"""How far a probability may be from the one computed alone: sums of fp32 in another order."""


@pytest.fixture(scope="module")
def eight(lively: Path, messages_csv: Path, tmp_path_factory: pytest.TempPathFactory) -> Results:
    compare: list[object] = [LoRA(rank=4, learning_rate=1e-2), LoRA(rank=2, targets="all-linear", learning_rate=1e-2)]
    out = tmp_path_factory.mktemp("serve-eight") / "eight"
    return trained(lively, out, compare, 4, train=messages_csv, text="message", label="intent")


@pytest.mark.slow
def test_ten_thousand_requests_are_answered_as_alone(eight: Results, messages_csv: Path) -> None:
    texts = pd.read_csv(messages_csv)["message"].tolist()
    runs = {run.record.id: run.folder for run in eight.runs()}
    assert len(runs) == ADAPTERS
    alone = {name: load_model(folder) for name, folder in runs.items()}
    expected = {
        name: np.concatenate([model.predict([text]).filter(like="p_") for text in texts])
        for name, model in alone.items()
    }
    others = np.stack(list(expected.values()))
    assert np.abs(others[1:] - others[0]).max(axis=(1, 2)).min() > 50 * NEAR  # an adapter's answers tell which it was
    with serving(eight.folder, "--all", "--queue", 256) as port:
        found = ask_all(spread(texts, list(runs), REQUESTS, lambda _: port), CLIENTS)
        metrics = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics").read().decode()
    assert len(found.replies) == REQUESTS
    assert {reply.status for reply in found.replies} == {200}
    assert len({reply.question.number for reply in found.replies}) == REQUESTS
    worst = 0.0
    for reply in found.replies:
        name, row = (
            reply.question.body["model"],
            expected[reply.question.body["model"]][reply.question.number % len(texts)],
        )
        assert reply.document["model"] == name
        (answer,) = reply.document["predictions"]
        shares = np.array(list(answer["probabilities"].values()))
        worst = max(worst, float(np.abs(shares - row).max()))
        assert answer["prediction"] == alone[name].labels[int(row.argmax())]
    assert worst < NEAR
    figures = dict(line.rsplit(" ", 1) for line in metrics.splitlines() if not line.startswith("#"))
    assert float(figures["tunefork_pass_rows_sum"]) == REQUESTS
    assert float(figures["tunefork_pass_models_sum"]) / float(figures["tunefork_pass_models_count"]) > 2
    print(f"{found.per_second:.0f} requests/s, p99 {found.milliseconds(99):.0f} ms, {worst:.1g} apart")


@pytest.mark.slow
def test_overload_is_429_and_no_collapse(eight: Results, messages_csv: Path) -> None:
    texts = pd.read_csv(messages_csv)["message"].tolist()
    (name, *_) = (run.record.id for run in eight.runs())
    model = load_model(eight.runs()[0].folder)
    with serving(eight.folder, "--all", "--queue", 8, "--batch", 4) as port:
        found = ask_all(spread(texts, [name], 2000, lambda _: port), CLIENTS)
        patient = ask_all(spread(texts, [name], 200, lambda _: port), CLIENTS, patient=True)
        assert json.load(urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz"))["waiting"] == 0
    refused = [reply for reply in found.replies if reply.status == 429]
    answered = [reply for reply in found.replies if reply.status == 200]
    assert len(refused) + len(answered) == 2000
    assert len(refused) > 100
    assert len(answered) > 100
    assert all(reply.document["error"]["what"] == "The server is busy" for reply in refused)
    assert np.percentile([reply.seconds for reply in answered], 99) < 5.0
    assert {reply.status for reply in patient.replies} == {200}
    expected = {
        text: str(model.predict([text])["prediction"][0])
        for text in {each.question.body["texts"][0] for each in answered}
    }
    for reply in answered:
        assert reply.document["predictions"][0]["prediction"] == expected[reply.question.body["texts"][0]]


@pytest.mark.slow
def test_the_front_door(eight: Results, tmp_path: Path) -> None:
    with serving(f"shop={eight.folder}", "--token", "correct-horse-battery") as port:
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/models", headers={"Authorization": "Bearer correct-horse-battery"}
        )
        assert [each["id"] for each in json.load(urllib.request.urlopen(request))["models"]] == ["shop"]
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/models")
        taken = _refused("serve", eight.folder, "--port", port)
        assert f"tunefork: The server cannot listen there (--host 127.0.0.1 --port {port}). Found: " in taken
        assert "Take another --port; 0 takes any that is free." in taken
    assert "tunefork: There is no trained model (" in _refused("serve", tmp_path)
    reachable = _refused("serve", eight.folder, "--host", "0.0.0.0")
    assert "anybody on them could ask (--host 0.0.0.0). Found: no --token." in reachable
    rounded = _refused("serve", eight.folder, "--precision", "fp16")
    assert "There is no precision 'fp16' (--precision). Use fp32 or bf16." in rounded


def _refused(*words: object) -> str:
    command = [sys.executable, "-c", "from tunefork.cli import main; main()", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode in (1, 2)
    assert "Traceback" not in done.stderr
    return done.stderr
