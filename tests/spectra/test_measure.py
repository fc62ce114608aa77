"""Runs of a real study, measured from its folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from peft import LoraConfig, get_peft_model
from peft.tuners.lora.intruders import reduce_intruder_dimension
from safetensors.torch import load_file

from tunefork import Full, Head, LastLayers, LoRA, Peft, Study, load_data
from tunefork.errors import ConfigError, StoreError
from tunefork.models import load_adapter, load_backbone
from tunefork.spectra import change_of, count_intruders, matrix_of, measure, measure_changes, tuned_model
from tunefork.store import SqliteStore, Store

TRAINING = {"steps": 4, "batch_size": 16, "precision": "fp32", "schedule": "constant", "warmup": 0}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, tiny_folder: Path, messages_csv: Path) -> Path:
    place = tmp_path_factory.mktemp("studies") / "out"
    compare = [
        Full(learning_rate=1e-3), Head(), LastLayers(), LoRA(rank=2, learning_rate=0.1, seeds=2),
        Peft("PREFIX_TUNING", num_virtual_tokens=2),
    ]  # fmt: skip
    data = load_data(messages_csv, max_length=24)
    Study(model=str(tiny_folder), data=data, compare=compare, training=TRAINING).run(place, progress=False, workers=1)
    return place


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    """The study, in which nothing has been measured."""
    opened = SqliteStore(folder)
    for run in opened.runs():
        opened.put_changes(run.id, [])
    yield opened
    opened.close()


def run_of(store: Store, strategy: str, seed: int = 0) -> str:
    return next(run.id for run in store.runs() if (run.strategy, run.seed) == (strategy, seed))


def refuse(*_: Any, **__: Any) -> Any:
    raise AssertionError("nothing has to be loaded")


def test_every_matrix_that_trained_has_a_record(store: Store) -> None:
    measure_changes(store)
    found = {run.id: store.changes(run.id) for run in store.runs()}
    counts = {store.run(run).strategy: len(changes) for run, changes in found.items()}
    assert counts == {"full": 12, "head": 0, "last_layers": 6, "lora": 4, "peft": 0}
    last = found[run_of(store, "last_layers")]
    assert {change.block for change in last} == {1}
    assert [change.roles for change in last] == ["query", "key", "value", "output", "mlp", "mlp"]
    assert {(change.outputs, change.inputs) for change in last} == {(32, 32), (64, 32), (32, 64)}
    assert {change.roles for change in found[run_of(store, "lora", 1)]} == {"query", "value"}
    assert all(change.effective_rank < 2 + 1e-9 for change in found[run_of(store, "lora")])
    assert np.mean([change.effective_rank for change in found[run_of(store, "full")]]) > 5


def test_the_numbers_are_those_of_the_files(store: Store, tiny_folder: Path) -> None:
    measure_changes(store)
    pretrained = load_file(tiny_folder / "model.safetensors")
    for strategy in ("lora", "last_layers"):
        run = run_of(store, strategy)
        place = store.run_folder(run)
        files = ("adapter_model.safetensors",) if strategy == "lora" else ("model-00002-of-00002.safetensors",)
        saved = {key: tensor.double().numpy() for file in files for key, tensor in load_file(place / file).items()}
        for change in store.changes(run):
            base = pretrained[f"{change.matrix.removeprefix('bert.')}.weight"].double().numpy()
            if strategy == "lora":
                up, down = (saved[f"base_model.model.{change.matrix}.lora_{side}.weight"] for side in "BA")
                difference = 2 * up @ down  # alpha is twice the rank
            else:
                difference = saved[f"{change.matrix}.weight"] - base
            values = np.linalg.svd(difference)[1]
            left, tuned = np.linalg.svd(base)[0], np.linalg.svd(base + difference)[0]
            cosines = np.abs(tuned[:, :10].T @ left[:, : min(base.shape)]).max(axis=1)
            assert change.norm == pytest.approx(np.linalg.norm(difference), rel=1e-9)
            assert change.base_norm == pytest.approx(np.linalg.norm(base))
            assert change.relative == pytest.approx(change.norm / change.base_norm)
            assert change.spectral_norm == pytest.approx(values[0])
            assert change.stable_rank == pytest.approx((values**2).sum() / values[0] ** 2)
            np.testing.assert_allclose(change.similarities, cosines, atol=1e-5)
            assert change.intruders == (cosines < 0.5).sum()
    assert sum(change.intruders for change in store.changes(run_of(store, "lora"))) > 0


def test_pretrained_matrices_are_decomposed_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[int, ...]] = []
    original = measure.left_vectors
    monkeypatch.setattr(measure, "left_vectors", lambda matrix: calls.append(matrix.shape) or original(matrix))
    measure_changes(store)
    assert len(calls) == 12


def test_nothing_is_measured_twice(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = [run.id for run in store.runs() if run.strategy in ("full", "lora")]
    measure_changes(store, runs)
    before = {run: store.changes(run) for run in runs}
    monkeypatch.setattr(measure, "tuned_model", refuse)
    measure_changes(store, runs)
    assert {run: store.changes(run) for run in runs} == before
    measure_changes(store, runs, threshold=0.97)
    for run in runs:
        expected = [
            replace(change, threshold=0.97, intruders=sum(each < 0.97 for each in change.similarities))
            for change in before[run]
        ]
        assert store.changes(run) == expected
        assert sum(change.intruders for change in expected) > sum(change.intruders for change in before[run])


def test_one_run_only_and_then_all_with_its_settings(store: Store) -> None:
    full, lora = run_of(store, "full"), run_of(store, "lora")
    seen: list[list[str]] = []

    def track(runs: Any) -> Any:
        seen.append([run.id for run in runs])
        return runs

    measure_changes(store, [lora], track=track)
    assert store.changes(full) == []
    measure_changes(store, [full], top_k=3, track=track)
    assert seen == [[lora], [full, lora]], "counts of one study are made with the same settings"
    assert {len(change.similarities) for run in (full, lora) for change in store.changes(run)} == {3}


def test_runs_that_cannot_be_measured(store: Store) -> None:
    lora = store.run(run_of(store, "lora"))
    with pytest.raises(StoreError, match=r"^There is no run 'lora-x'"):
        measure_changes(store, ["lora-x"])
    with pytest.raises(ConfigError, match="top_k must be at least 1 but got 0"):
        measure_changes(store, top_k=0)
    try:
        store.put_run(replace(lora, status="diverged"))
        with pytest.raises(StoreError, match=r"The run has no model \(lora-.*\)\. Found: diverged\. Choose a finished"):
            measure_changes(store, [lora.id])
    finally:
        store.put_run(lora)


def test_a_study_without_finished_runs(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    with pytest.raises(StoreError, match="No run of this study finished"):
        measure_changes(store)
    store.close()


def test_minilm_with_a_planted_intruder(tmp_path: Path) -> None:
    """The real weights: an adapter whose ΔW is one large new direction in each query, and nothing in each value."""
    base = load_backbone("builtin:minilm", ["a", "b"])
    model = get_peft_model(
        base.copy(), LoraConfig(r=1, lora_alpha=1, target_modules=["query", "value"], task_type="SEQ_CLS")
    )
    torch.manual_seed(0)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_" in name:
                size = 4.0 if "query" in name else 0.01
                parameter.copy_(
                    size
                    * torch.nn.functional.normalize(torch.randn_like(parameter).flatten(), dim=0).view_as(parameter)
                )
    model.save_pretrained(str(tmp_path), save_embedding_layers=False)
    tuned = tuned_model(tmp_path, base, exact=True)
    found = {}
    for linear in base.anatomy.linears:
        before, after = matrix_of(base.model, linear.name), matrix_of(tuned, linear.name)
        if not np.array_equal(before, after):
            found[linear.name] = change_of(before, after)
    assert len(found) == 12
    for name, change in found.items():
        assert count_intruders(change.similarities) == ("query" in name)
        assert change.effective_rank == pytest.approx(1, abs=1e-6)
        assert change.norm == pytest.approx(16 if "query" in name else 1e-4)
    said: list[str] = []
    reduce_intruder_dimension(load_adapter(base.copy(), tmp_path), logging_sink=said.append)
    assert [line.endswith("Intruders: 1") for line in said[:-1]] == ["query" in name for name in found]
