"""Trained runs on disk, in the formats of PEFT and transformers, checked by loading them back.

Adapters are PEFT's own: ``adapter_config.json`` and ``adapter_model.safetensors``. Everything else is a transformers
folder. What such a run did not train is written once per study and hard-linked into the run's folder as a shard of its
own, so twenty trained heads cost the disk one backbone.
"""

from __future__ import annotations

import copy
import json
import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

from tunefork.config import LoRAStrategy, PeftStrategy, RunConfig, digest
from tunefork.data import EncodedSplit
from tunefork.engine.assemble import assemble
from tunefork.engine.group_model import GroupModel
from tunefork.engine.loading import load_artefact, model_inputs
from tunefork.engine.precision import Precision
from tunefork.engine.unit import PLAIN, Unit
from tunefork.errors import ArtefactError
from tunefork.models import (
    Backbone,
    is_linear,
    locate,
    quietly,
)
from tunefork.strategies import Selection

SHARDS = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")
TIMED = 5
"""Passes of one row that are timed to know what an answer takes."""
RELATIVE, ABSOLUTE = 1e-4, 1e-4
"""How far the logits of a reloaded artefact may be from the engine's, both in fp32."""


@dataclass(frozen=True)
class Artefact:
    """A trained run on disk."""

    kind: str
    """``peft`` or ``transformers``."""
    folder: Path
    tensors: Mapping[str, torch.Tensor]
    """The trained weights that were saved, by the names the engine uses."""


def save_run(
    group: GroupModel,
    number: int,
    backbone: Backbone,
    run: RunConfig,
    selection: Selection,
    folder: Path,
    facts: Mapping[str, Any],
    unit: Unit = PLAIN,
) -> Artefact:
    """Write one run of a group.

    Args:
        group: holds the trained weights.
        number: which of its runs.
        backbone: what it was trained from.
        run: its configuration.
        selection: what it trained.
        folder: where it goes; made where it is missing.
        facts: labels, columns, lengths: written to ``tunefork.json`` for whoever predicts with it.
        unit: in which it answers with numbers; what is saved answers in the labels'.

    Returns:
        The artefact; pass it to ``verify_run``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tensors = unit.folded(group.tensors(number))
    if isinstance(run.strategy, PeftStrategy):
        group.load(number, tensors)  # PEFT saves what the model holds
        with quietly():
            group.model.save_pretrained(str(folder), save_embedding_layers=False)
        kind = "peft"
    elif isinstance(run.strategy, LoRAStrategy):
        _save_adapter(tensors, backbone, run.strategy, selection, folder)
        kind = "peft"
    else:
        _save_model(tensors, backbone, folder)
        kind = "transformers"
    backbone.reader.save_pretrained(str(folder))
    facts = {"format": 1, "kind": kind, "model": backbone.name, "revision": backbone.revision, **facts}
    (folder / "tunefork.json").write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return Artefact(kind, folder, tensors)


@dataclass(frozen=True)
class Verified:
    """An artefact that gives the engine's logits."""

    logits: torch.Tensor
    """The engine's, in fp32: [rows, classes]."""
    latency: float
    """Seconds that the loaded model takes for one row of middling length, on the CPU in fp32."""


def verify_run(
    artefact: Artefact, backbone: Backbone, run: RunConfig, selection: Selection, split: EncodedSplit, rows: int
) -> Verified:
    """Load the artefact into a fresh model through transformers or PEFT and compare its logits with the engine's.

    Both compute in fp32 on the CPU: the engine as it trains, the other side on padded rows. How far numbers may be
    apart goes by their size, since they have a unit.

    Args:
        artefact: what ``save_run`` wrote.
        backbone: what the run was trained from.
        run: its configuration.
        selection: what it trained.
        split: encoded rows.
        rows: how many of them, from the first, are compared.

    Raises:
        ArtefactError: they differ by more than rtol 1e-4, atol 1e-4.
    """
    fp32 = Precision(torch.device("cpu"), torch.float32)
    ours = assemble(backbone, [run], [selection], fp32)
    ours.load(0, artefact.tensors)
    fresh = load_artefact(artefact.folder, backbone)
    numbers = np.arange(rows)
    batch = ours.batch(split, [numbers], backbone.pad_id)
    inputs = model_inputs(split, numbers, backbone.pad_id, fp32.device)
    expected = torch.empty(rows, backbone.model.config.num_labels)
    expected[torch.from_numpy(batch.rows[0])] = ours.evaluate_logits(batch)[0]
    with torch.no_grad():
        found = fresh(**inputs).logits
    large = max(1.0, float(expected.abs().max())) if backbone.model.config.problem_type == "regression" else 1.0
    if not torch.allclose(found, expected, rtol=RELATIVE, atol=ABSOLUTE * large):
        raise ArtefactError(
            "The saved model does not give the logits of the trained one",
            where=str(artefact.folder),
            found=f"a difference of up to {float((found - expected).abs().max()):.3g} on {len(expected)} rows",
            fix="Do not use it. Please report this, with the model's name and the versions in report.html.",
        )
    middle = np.argsort(split.lengths[:rows], kind="stable")[rows // 2 : rows // 2 + 1]
    return Verified(expected, _latency(fresh, model_inputs(split, middle, backbone.pad_id, fp32.device)))


@torch.no_grad()
def _latency(model: Any, inputs: Mapping[str, Any]) -> float:
    """Seconds of one forward pass, the median of a few behind one that warms up."""
    took = []
    for _ in range(1 + TIMED):
        began = time.perf_counter()
        model(**inputs)
        took.append(time.perf_counter() - began)
    return float(np.median(took[1:]))


def _save_adapter(
    tensors: Mapping[str, torch.Tensor], backbone: Backbone, strategy: LoRAStrategy, selection: Selection, folder: Path
) -> None:
    from peft import LoraConfig

    adapted = [adapter.module for adapter in selection.adapters]
    config = LoraConfig(
        task_type="SEQ_CLS" if backbone.task == "text-classification" else None,  # PEFT has no word for images
        base_model_name_or_path=_public_name(backbone),
        revision=backbone.revision,
        inference_mode=True,
        r=strategy.rank,
        lora_alpha=strategy.alpha,
        lora_dropout=strategy.dropout,
        target_modules=_short_names(adapted, backbone),
        modules_to_save=list(selection.saved_modules),
        bias=strategy.bias,
        use_rslora=strategy.use_rslora,
        fan_in_fan_out=not isinstance(backbone.model.get_submodule(adapted[0]), torch.nn.Linear),
        auto_mapping=_loads_with(backbone),
    )
    config.save_pretrained(str(folder))
    saved = {f"base_model.model.{_peft_key(name, set(adapted))}": tensor for name, tensor in tensors.items()}
    save_file(saved, folder / "adapter_model.safetensors", metadata={"format": "pt"})


def _loads_with(backbone: Backbone) -> dict[str, str] | None:
    """The class that the adapter is meant for, where PEFT has no task that says so."""
    if backbone.task == "text-classification":
        return None
    kind = type(backbone.model)
    return {"base_model_class": kind.__name__, "parent_library": kind.__module__}


def _peft_key(name: str, adapted: set[str]) -> str:
    module, _, leaf = name.rpartition(".")
    if leaf in ("lora_A", "lora_B"):
        return f"{name}.weight"
    return f"{module}.base_layer.{leaf}" if module in adapted else name


def _short_names(adapted: list[str], backbone: Backbone) -> list[str]:
    """Module names for PEFT: the last part where it selects exactly the adapted ones, else whole paths."""
    leaves = sorted({name.rpartition(".")[2] for name in adapted})
    everything = [name for name, module in backbone.model.named_modules() if is_linear(module)]
    selected = [name for name in everything if name.rpartition(".")[2] in leaves]
    return leaves if sorted(selected) == sorted(adapted) else adapted


def _public_name(backbone: Backbone) -> str:
    """The base model's name for people elsewhere: a hub id also for builtin models."""
    from tunefork.models.builtin import MINILM_HUB

    return MINILM_HUB if backbone.name == "builtin:minilm" else locate(backbone.name)


def _save_model(tensors: Mapping[str, torch.Tensor], backbone: Backbone, folder: Path) -> None:
    config = copy.deepcopy(backbone.model.config)
    config.architectures = [type(backbone.model).__name__]
    config.save_pretrained(str(folder))
    state = backbone.model.state_dict()
    trained = {name: tensors.get(name, tensor).contiguous() for name, tensor in state.items() if name in tensors}
    frozen = {name: tensor.contiguous() for name, tensor in state.items() if name not in tensors}
    if not frozen:
        save_file(trained, folder / "model.safetensors", metadata={"format": "pt"})
        return
    shared = folder.parent.parent / "backbone" / f"frozen-{digest([backbone.name, sorted(frozen)])}.safetensors"
    if not shared.exists():
        shared.parent.mkdir(parents=True, exist_ok=True)
        staged = shared.with_suffix(f".{os.getpid()}.tmp")
        save_file(frozen, staged, metadata={"format": "pt"})
        staged.replace(shared)
    _link(shared, folder / SHARDS[0])
    save_file(trained, folder / SHARDS[1], metadata={"format": "pt"})
    total = sum(tensor.numel() * tensor.element_size() for tensor in [*frozen.values(), *trained.values()])
    index = {
        "metadata": {"total_size": total},
        "weight_map": dict.fromkeys(frozen, SHARDS[0]) | dict.fromkeys(trained, SHARDS[1]),
    }
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")


def _link(source: Path, target: Path) -> None:
    """A hard link where the file system has them, else a copy."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
