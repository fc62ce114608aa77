"""What the application answers, and what it refuses."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from starlette.testclient import TestClient

from tests.export.test_formats import model_folder
from tests.serve.fleets import trained
from tunefork import LoRA, Results, load_model
from tunefork.serve import Fleet, Offer, Room, create_app, find_sources, load_fleet
from tunefork.web import Limits, access

OFFER = Offer(Room(wait=0.0), Limits(body=20_000), rows=5)


@pytest.fixture(scope="module")
def client(fleet: Fleet) -> Iterator[TestClient]:
    with TestClient(create_app(fleet, access("localhost"), OFFER), "http://localhost") as found:
        yield found


@pytest.fixture(scope="module")
def pictures(digit_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("serve-pictures")
    trained(model_folder("vit", root / "vit"), root / "digits", [LoRA(rank=4)], train=digit_folder)
    return root / "digits"


def told(answer: Any) -> str:
    parts = answer.json()["error"]
    return f"{answer.status_code} {parts['what']} ({parts['where']}). Found: {parts['found']}. {parts['fix']}"


def test_a_prediction_is_what_predict_says(client: TestClient, intents: Results, messages_csv: Path) -> None:
    texts = pd.read_csv(messages_csv)["message"][:4].tolist()
    model = load_model(intents.folder)
    for calibrated in (True, False):
        answer = client.post("/predict", json={"texts": texts, "calibrated": calibrated})
        assert answer.status_code == 200
        expected = model.predict(texts, calibrated=calibrated)
        document = answer.json()
        assert document["model"] == "intent"
        assert [each["prediction"] for each in document["predictions"]] == expected["prediction"].tolist()
        for each, row in zip(document["predictions"], expected.to_dict("records")):
            assert each["probabilities"] == pytest.approx({key: row[f"p_{key}"] for key in model.labels}, abs=1e-5)


def test_several_labels_numbers_and_pairs(client: TestClient, others: dict[str, Path], messages_csv: Path) -> None:
    texts = pd.read_csv(messages_csv)["message"][:3].tolist()
    topics = client.post("/predict", json={"model": "topics", "texts": texts}).json()["predictions"]
    expected = load_model(others["topics"]).predict(texts)
    assert [each["prediction"] for each in topics] == expected["prediction"].tolist()
    assert [each["probabilities"]["asks"] for each in topics] == pytest.approx(expected["p_asks"].tolist(), abs=1e-5)
    words = client.post("/predict", json={"model": "words", "texts": texts}).json()["predictions"]
    numbers = load_model(others["words"]).predict(texts)["prediction"].tolist()
    assert [each["prediction"] for each in words] == pytest.approx(numbers, rel=1e-4)
    assert [each["probabilities"] for each in words] == [None] * 3
    pairs = [[text, "hello"] for text in texts]
    found = client.post("/predict", json={"pairs": pairs}).json()["predictions"]  # by the first that reads pairs
    expected = load_model(others["pair"]).predict([tuple(each) for each in pairs])
    assert [each["prediction"] for each in found] == expected["prediction"].tolist()


def test_the_models_are_listed(client: TestClient, intents: Results) -> None:
    first, *rest = client.get("/models").json()["models"]
    best = intents.best().record.id
    facts = json.loads((intents.best().folder / "tunefork.json").read_text(encoding="utf-8"))
    assert first == {
        "id": "intent", "default": True, "run": best, "base": facts["model"],
        "shares_backbone": best.split("-")[0] != "full", "reads": "texts", "problem": "single_label",
        "labels": ["damaged", "return", "status"], "calibrated": True,
    }  # fmt: skip
    assert [(each["id"], each["reads"], each["problem"], each["default"]) for each in rest] == [
        ("late", "texts", "single_label", False),
        ("topics", "texts", "multi_label", False),
        ("words", "texts", "regression", False),
        ("pair", "pairs", "single_label", True),
    ]
    assert client.get("/healthz").json() == {"status": "ok", "models": 5, "waiting": 0}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"texts": ["a"], "model": "lat"}, "404 There is no such model (model). Found: lat. Did you mean 'late'?"),
        ({"texts": ["a", "b"] * 3}, "413 There are too many rows (texts). Found: 6. Send at most 5 at a time."),
        ({"texts": ["a" * 20_000]}, "413 The request is too large (body). Found: . Send at most 20,000 bytes."),
        ({"texts": ["a"], "model": "pair"}, "422 The model pair reads pairs (texts). Found: . Send pairs."),
        ({"pairs": [["a", "b"]], "model": "intent"}, "422 The model intent reads texts (pairs). Found: . Send texts."),
        ({"pairs": [["a"]]}, "422 List should have at least 2 items after validation, not 1 (pairs.0). Found: ['a']. "),
        ({"texts": ["a", 5]}, "422 Input should be a valid string (texts.1). Found: 5. "),
        ({"texts": ["a", " "]}, "422 Value error, Nothing of this text can be seen (texts.1). Found: ' '. "),
        ({"texts": "a"}, "422 Input should be a valid list (texts). Found: 'a'. "),
        ({"texts": ["a"], "row": 1}, "422 Extra inputs are not permitted (row). Found: 1. "),
        ({"texts": ["a"], "calibrated": "yes"}, "422 Input should be a valid boolean (calibrated). Found: 'yes'. "),
        ({"model": "intent"}, "422 Send one of texts, pairs (body). Found: {'model': 'intent'}. "),
    ],
)
def test_what_cannot_be_answered_is_told(client: TestClient, body: dict[str, object], message: str) -> None:
    assert told(client.post("/predict", json=body)) == message


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b'{"texts": [}', b"\xff\xfe", b'{"texts": ["\\ud800"]}']
)
def test_what_is_no_request_is_told(client: TestClient, content: bytes) -> None:
    answer = client.post("/predict", content=content, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["error"]["what"]


def test_other_paths_and_methods(client: TestClient) -> None:
    there = "There is GET /healthz, GET /models, GET /metrics, POST /predict."
    assert told(client.get("/nothing")) == f"404 Not Found (GET /nothing). Found: . {there}"
    assert told(client.get("/predict")) == f"405 Method Not Allowed (GET /predict). Found: . {there}"
    assert client.get("/predict").headers["allow"] == "POST"
    assert client.get("/docs").status_code == 404  # its page would load scripts from elsewhere


def test_pictures_come_as_bytes_and_names_are_never_opened(pictures: Path, digit_folder: Path) -> None:
    files = sorted(digit_folder.rglob("*.png"))[::80]
    app = create_app(load_fleet(find_sources([str(pictures)])), access("localhost"), OFFER)
    with TestClient(app, "http://localhost") as client:
        sent = [base64.b64encode(path.read_bytes()).decode() for path in files]
        answer = client.post("/predict", json={"images": sent})
        expected = load_model(pictures).predict(files)
        assert [each["prediction"] for each in answer.json()["predictions"]] == expected["prediction"].tolist()
        for name in (str(files[0]), files[0].as_uri(), "http://localhost/x.png"):
            assert told(client.post("/predict", json={"images": [sent[0], name]})).startswith(
                "422 A picture is not in base64 (images.1). Found: "
            )
        hidden = base64.b64encode(str(files[0]).encode()).decode()
        assert told(client.post("/predict", json={"images": [hidden]})).startswith("422 1 picture cannot be read ")
        for side, found in ((60_000, "far more than 89,478,485 pixels"), (7_000, "7,000 × 7,000 pixels")):
            large = base64.b64encode(_png(side, side)).decode()
            assert told(client.post("/predict", json={"images": [large]})) == (
                f"413 The picture is too large (images.0). Found: {found}. Send at most 40,000,000 pixels."
            )


def _png(width: int, height: int) -> bytes:
    """The beginning of a picture that is large only once it is decoded."""
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [head, b"IDAT" + zlib.compress(bytes(1000))]
    told = [struct.pack(">I", len(each) - 4) + each + struct.pack(">I", zlib.crc32(each)) for each in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(told)


def test_a_full_queue_is_429_and_counted(fleet: Fleet) -> None:
    offer = replace(OFFER, room=Room(queue=2))
    with TestClient(create_app(fleet, access("localhost"), offer), "http://localhost") as client:
        answer = client.post("/predict", json={"texts": ["a", "b", "c"]})
        assert told(answer) == "429 The server is busy (). Found: 0 rows wait. Try again soon."
        assert answer.headers["retry-after"] == "1"
        assert client.post("/predict", json={"texts": ["a", "b"]}).status_code == 200
        assert client.post("/predict", json={"texts": ["a"], "model": "x\ny"}).status_code == 404
        lines = client.get("/metrics").text.splitlines()
    for line in (
        'tunefork_requests_total{model="intent",status="429"} 1.0',
        'tunefork_requests_total{model="intent",status="200"} 1.0',
        'tunefork_requests_total{model="",status="404"} 1.0',
        'tunefork_rows_total{model="intent"} 2.0',
        "tunefork_request_seconds_count 1.0",
        "tunefork_pass_rows_sum 2.0",
        "tunefork_waiting_rows 0.0",
    ):
        assert line in lines


def test_a_model_that_gives_no_number_says_so(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    lane = fleet.lanes[fleet.models["late"].lane]
    monkeypatch.setattr(lane, "answer", lambda asked: [np.full((len(split), 2), np.nan) for _, split in asked])
    with TestClient(create_app(fleet, access("localhost"), OFFER), "http://localhost") as client:
        answer = client.post("/predict", json={"texts": ["a"], "model": "late"})
    assert told(answer) == "500 The model gave no number (late). Found: . Train it again."


def test_the_token_and_foreign_pages(fleet: Fleet) -> None:
    rules = access("0.0.0.0", "correct-horse-battery")
    with TestClient(create_app(fleet, rules, OFFER), "http://localhost") as client:
        assert client.post("/predict", json={"texts": ["a"]}).status_code == 401
        assert client.get("/models").status_code == 401
        assert client.get("/openapi.json").status_code == 401
        assert client.get("/healthz").status_code == 200
        headers = {"authorization": "Bearer correct-horse-battery"}
        assert client.post("/predict", json={"texts": ["a"]}, headers=headers).status_code == 200
        assert client.get("/models", headers={**headers, "host": "evil.example"}).status_code == 403
        assert client.get("/models", headers={**headers, "origin": "http://evil.example"}).status_code == 403
