"""What the sections of the page say: formulas, settings, how to repeat the study."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.report import studies
from tests.report.studies import S0, lora, make, run_id
from tunefork.config import LoRAStrategy, TrainingConfig
from tunefork.config.strategies import STRATEGIES
from tunefork.report import summarise, to_json, verdict
from tunefork.report.figures import draw
from tunefork.report.glossary import MEANINGS, settings
from tunefork.report.repeating import repeat
from tunefork.report.sections import SECTIONS, Material
from tunefork.report.sections.counts import derived
from tunefork.report.sorting import sort_key
from tunefork.report.wording import duration, memory, number, percent, points, short_duration
from tunefork.store import Store


def material(store: Store) -> Material:
    summary = summarise(store)
    return Material(summary, verdict(summary))


def test_formulas_stand_beside_what_was_counted(tmp_path: Path) -> None:
    found = derived(material(make(tmp_path, S0[1:3], seeds=1)))
    assert found is not None
    head, adapted = found["derivations"]
    assert (head.names, head.total, head.counted, head.agrees) == (("head",), 592_130, 592_130, True)
    assert [(line.part, line.what, line.formula, line.derived, line.counted) for line in adapted.lines] == [
        ("adapter", "A and B of rank 8", "6 × 2 × 2 × 768 × 8", 147_456, None),
        ("", "A and B of rank 8 on mlp", "6 × 2 × (768 × 8 + 8 × 3,072)", 368_640, None),
        ("", "adapter, together", "", 516_096, 516_096),
        ("head", "pre_classifier", "768 × 768 + 768", 590_592, None),
        ("", "classifier", "768 × 2 + 2", 1_538, None),
        ("", "head, together", "", 592_130, 592_130),
    ]
    assert (adapted.total, adapted.agrees) == (1_108_226, True)


def test_a_count_that_is_not_the_formula_s_is_shown_as_such(tmp_path: Path) -> None:
    store = make(tmp_path, S0[1:2], seeds=1)
    studies.change(store, S0[1], 0, counted={"head": 592_131})
    found = derived(material(store))
    assert found is not None
    assert found["derivations"][0].agrees is False
    studies.change(store, S0[1], 0, counted={})
    found = derived(material(store))
    assert found is not None
    assert (found["derivations"][0].agrees, found["derivations"][0].lines[-1].counted) == (None, None)


def test_configurations_with_the_same_formulas_share_them_and_older_studies_have_none(tmp_path: Path) -> None:
    store = make(tmp_path, [S0[1], replace(S0[1], name="head (lr=0.1)")], seeds=1)
    found = derived(material(store))
    assert found is not None
    assert [one.names for one in found["derivations"]] == [("head", "head (lr=0.1)")]
    for record in store.runs():
        store.put_run(replace(record, formulas=()))
    assert derived(material(store)) is None


def test_json_has_formulas_and_counts(tmp_path: Path) -> None:
    document = to_json(make(tmp_path, S0[1:2], seeds=1))
    assert document["configurations"][0]["formulas"][1] == {
        "part": "head", "what": "classifier", "text": "768 × 2 + 2", "count": 1_538,
    }  # fmt: skip
    assert document["runs"][0]["counted"] == {"adapter": 0, "head": 592_130, "backbone": 0}


def test_every_setting_has_a_meaning() -> None:
    names = {name for strategy in STRATEGIES.values() for name in strategy.model_fields} - {"kind"}
    assert names | set(TrainingConfig.model_fields) == set(MEANINGS)
    assert all(meaning.endswith(".") for meaning in MEANINGS.values())


def test_settings_that_matter_are_told_with_their_values(tmp_path: Path) -> None:
    loras = [lora(rank, "query+value", 600_000 + rank, 0.9) for rank in (8, 2)]
    store = make(tmp_path, [S0[0], *loras], seeds=1)
    found = {one.name: one.values for one in settings(summarise(store))}
    assert found == {
        "learning_rate": "full: 5e-05; LoRA: 0.001",
        "rank": "2, 8",
        "alpha": "4, 16",
        "targets": "query+value",
    }
    for record in store.runs():
        config = {**record.config, "training": {"epochs": 5, "batch_size": 16, "early_stopping": {"patience": 2}}}
        store.put_run(replace(record, config=config))
    found = {one.name: one.values for one in settings(summarise(store))}
    assert (found["epochs"], found["early_stopping"]) == ("5", "patience: 2")
    assert "batch_size" not in found  # at its default in all of them


def test_alpha_s_default_follows_the_rank(tmp_path: Path) -> None:
    strategy = LoRAStrategy.model_validate({"rank": 4, "dropout": 0.1}).model_dump(mode="json")
    store = make(tmp_path, [lora(4, "query+value", 600_000, 0.9)], seeds=1)
    (record,) = store.runs()
    store.put_run(replace(record, config={"strategy": strategy, "training": {}}))
    names = [one.name for one in settings(summarise(store))]
    assert names == ["learning_rate", "rank", "alpha", "dropout", "targets"]


def test_how_to_repeat_a_study(tmp_path: Path) -> None:
    environment = {
        "tunefork": "0.1.0",
        "torch": "2.13.0+cpu",
        "kornia": "not installed",
        "python": "3.12",
        "workers": 2,
    }
    store = make(tmp_path, S0[:1], seeds=2, environment=environment, name="what's up", choices={"precision": "bf16"})
    found = repeat(summarise(store), "data: {train: reviews.csv}\n")
    assert found.commands == (
        "pip install tunefork==0.1.0 torch==2.13.0",
        "tunefork run study.yaml -o 'what'\"'\"'s up-again' --workers 2",
    )
    assert dict(found.facts) == {
        "training in all": "1 min 40 s for 2 runs; one after another, alone, about 5 min 0 s",
        "data hash": "5f2d" * 16,
        "study.yaml, SHA-256": "edacf01f378309884d3762c2e7ec8351a5df5f6185245f8266343b280f4b1599",
        "precision": "bf16",
    }
    (note,) = found.notes
    assert note.startswith("What was chosen by measurement")


def test_rows_that_were_handed_over_have_to_be_handed_over_again(tmp_path: Path) -> None:
    found = repeat(summarise(make(tmp_path, S0[:1], seeds=1, environment={})), "data: {train: '-'}\n")
    assert found.commands == ("tunefork run study.yaml -o sst2-ablation-again",)
    assert "handed over in Python" in found.notes[0]
    assert repeat(summarise(make(tmp_path / "none", (), environment={}))).commands == ()


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (duration(9.84), 9.8),
        (duration(330), 330.0),
        (duration(3900), 3900.0),
        (short_duration(330), 330.0),
        (short_duration(86_400), 86_400.0),
        (memory(512.4), 512.0),
        (memory(2048), 2048.0),
        (number(0.2065), 0.2065),
        (percent(0.91284), 91.28),
        (points(-0.0123, True), -1.2),
        ("66,955,010", 66_955_010.0),
        ("84.69 ± 0.24", 84.69),
        ("0.0034", 0.0034),
        ("–", None),
        ("", None),
        ("r8", None),
    ],
)
def test_cells_are_sorted_by_what_they_show(text: str, key: float | None) -> None:
    assert sort_key(text) == key


def test_sections_without_anything_to_say_are_left_out(tmp_path: Path) -> None:
    store = make(tmp_path, S0[:1], seeds=1)
    studies.change(store, S0[0], 0, status="planned", formulas=())
    store.clear(run_id(S0[0], 0))
    summary = summarise(store)
    found = Material(summary, verdict(summary), draw(summary, verdict(summary)))
    shown = [section.name for section in SECTIONS if section.values(found) is not None]
    assert shown == ["configurations", "cost", "settings", "runs", "data", "repeat", "reading"]
