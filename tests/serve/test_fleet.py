"""Every served model answers as it does alone, whoever else is asked in the same pass."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.export.test_formats import model_folder
from tests.serve.fleets import trained
from tunefork import Full, Head, LoRA, Results, load_model
from tunefork.errors import ModelNotFoundError
from tunefork.serve import Fleet, find_sources, load_fleet

TOLERANCE = 1e-5
"""How far a served logit may be from the same model's alone: sums of fp32 in another order."""


def rows_of(fleet: Fleet, name: str, texts: list[str]) -> list[tuple[str, ...]]:
    pair = fleet.models[name].reads == "pairs"
    return [(text, texts[0]) if pair else (text,) for text in texts]


def ask(fleet: Fleet, asked: list[tuple[str, list[object]]]) -> list[np.ndarray]:
    """In one pass of each lane."""
    found: list[np.ndarray | None] = [None] * len(asked)
    for number, lane in enumerate(fleet.lanes):
        own = [place for place, (name, _) in enumerate(asked) if fleet.models[name].lane == number]
        models = [fleet.models[asked[place][0]] for place in own]
        given = [(model.place, fleet.reader(model).encode(asked[place][1])) for model, place in zip(models, own)]
        for place, logits in zip(own, lane.answer(given) if own else []):
            found[place] = logits
    return [each for each in found if each is not None]


def test_other_tasks_share_one_backbone_and_its_passes(
    fleet: Fleet, intents: Results, others: dict[str, Path], messages_csv: Path
) -> None:
    assert len(fleet.lanes) == 1 or not fleet.models["intent"].shares
    assert [fleet.models[name].shares for name in others] == [True] * 4
    assert [(len(each.answers.labels), each.answers.problem, each.reads) for each in fleet.models.values()][1:] == [
        (2, "single_label", "texts"),
        (2, "multi_label", "texts"),
        (1, "regression", "texts"),
        (2, "single_label", "pairs"),
    ]
    texts = pd.read_csv(messages_csv)["message"].tolist()
    asked = [(name, rows_of(fleet, name, texts[at : at + count])) for at, (name, count) in enumerate(
        [("words", 3), ("late", 1), ("pair", 2), ("topics", 4), ("late", 5), ("intent", 7), ("words", 1)]
    )]  # fmt: skip
    folders = {"intent": intents.folder, **others}
    for (name, rows), logits in zip(asked, ask(fleet, asked)):  # type: ignore[arg-type]
        expected = load_model(folders[name]).logits(rows)
        assert len(rows) == 1 or np.ptp(expected, axis=0).max() > 50 * TOLERANCE
        size = max(1.0, float(np.abs(expected).max()))
        np.testing.assert_allclose(logits, expected, rtol=TOLERANCE, atol=TOLERANCE * size, err_msg=name)


def test_what_changed_its_backbone_answers_by_itself(intents: Results, messages_csv: Path) -> None:
    fleet = load_fleet(find_sources([str(intents.folder)], every=True))
    texts = [(text,) for text in pd.read_csv(messages_csv)["message"][:9]]
    kinds = {run.record.id: run.record.id.split("-")[0] for run in intents.runs()}
    assert {kinds[name]: model.shares for name, model in fleet.models.items()} == {
        "lora": True, "head": True, "full": False
    }  # fmt: skip
    assert len(fleet.lanes) == 2
    asked = [(run.record.id, texts[:count]) for count, run in enumerate(intents.runs(), 3)]
    for run, (_, rows), logits in zip(intents.runs(), asked, ask(fleet, asked)):  # type: ignore[arg-type]
        np.testing.assert_allclose(logits, load_model(run.folder).logits(rows), rtol=TOLERANCE, atol=TOLERANCE)


def test_pictures(digit_folder: Path, tmp_path: Path) -> None:
    compare = [LoRA(rank=4, learning_rate=1e-2), Head(), Full(learning_rate=1e-3)]
    results = trained(model_folder("vit", tmp_path / "vit"), tmp_path / "out", compare, train=digit_folder)
    fleet = load_fleet(find_sources([str(results.folder)], every=True))
    assert [model.shares for model in fleet.models.values()] == [True, True, False]
    assert {model.reads for model in fleet.models.values()} == {"images"}
    pictures = [path.read_bytes() for path in sorted(digit_folder.rglob("*.png"))[::24]]
    asked = [(run.record.id, pictures[:count]) for count, run in enumerate(results.runs(), 2)]
    for run, (_, rows), logits in zip(results.runs(), asked, ask(fleet, asked)):  # type: ignore[arg-type]
        np.testing.assert_allclose(logits, load_model(run.folder).logits(rows), rtol=TOLERANCE, atol=TOLERANCE)


def test_another_tokenizer_is_another_lane(intents: Results, tmp_path: Path) -> None:
    """A model that reads its rows otherwise than the others must not be given their tokens."""
    lora = next(run.folder for run in intents.runs() if run.record.id.startswith("lora"))
    shutil.copytree(lora, tmp_path / "same")
    shutil.copytree(lora, tmp_path / "other")
    own = tmp_path / "other" / "tokenizer_config.json"
    own.write_text(json.dumps(json.loads(own.read_text(encoding="utf-8")) | {"do_lower_case": False}), encoding="utf-8")
    fleet = load_fleet(find_sources([str(lora), str(tmp_path / "same"), str(tmp_path / "other")]))
    assert [(model.lane, model.place) for model in fleet.models.values()] == [(0, 0), (0, 1), (1, 0)]
    rows = [("WHERE is My Parcel",)]
    first, other = (ask(fleet, [(name, rows)])[0] for name in ("same", "other"))  # type: ignore[list-item]
    assert np.abs(first - other).max() > 50 * TOLERANCE
    np.testing.assert_allclose(other, load_model(tmp_path / "other").logits(rows), rtol=TOLERANCE, atol=TOLERANCE)


def test_bf16_is_near(intents: Results, messages_csv: Path) -> None:
    sources = find_sources([str(intents.folder)], every=True)
    texts: list[object] = [(text,) for text in pd.read_csv(messages_csv)["message"][:20]]
    asked = [(source.id, texts) for source in sources]
    for exact, rounded in zip(ask(load_fleet(sources), asked), ask(load_fleet(sources, "bf16"), asked)):
        assert 0 < np.abs(exact - rounded).max() < 0.1


def test_a_base_model_that_is_gone_is_named(intents: Results, tmp_path: Path) -> None:
    shutil.copytree(intents.runs()[0].folder, tmp_path / "moved")
    facts = tmp_path / "moved" / "tunefork.json"
    known = json.loads(facts.read_text(encoding="utf-8"))
    facts.write_text(json.dumps(known | {"model": "/gone/model"}), encoding="utf-8")
    with pytest.raises(ModelNotFoundError, match="/gone/model"):
        load_fleet(find_sources([str(tmp_path / "moved")]))


def test_a_head_needs_no_base_model_but_its_own(intents: Results, messages_csv: Path, tmp_path: Path) -> None:
    """Its folder has the backbone's weights, so it is served wherever it is predicted with."""
    head = next(run.folder for run in intents.runs() if run.record.id.startswith("head"))
    shutil.copytree(head, tmp_path / "moved")
    facts = tmp_path / "moved" / "tunefork.json"
    known = json.loads(facts.read_text(encoding="utf-8"))
    facts.write_text(json.dumps(known | {"model": "/gone/model"}), encoding="utf-8")
    fleet = load_fleet(find_sources([str(tmp_path / "moved")]))
    assert not fleet.models["moved"].shares
    rows: list[object] = [(text,) for text in pd.read_csv(messages_csv)["message"][:5]]
    (found,) = ask(fleet, [("moved", rows)])
    np.testing.assert_allclose(found, load_model(tmp_path / "moved").logits(rows), rtol=TOLERANCE, atol=TOLERANCE)
