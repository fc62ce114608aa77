"""Adapters that earlier versions of transformers and PEFT wrote."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file

from tests.tiny import pictured, tiny_model
from tunefork.engine import model_inputs
from tunefork.models.adapters import load_adapter

OLD = {"vit": "vit.encoder.layer.{}.attention.attention.{}", "dinov2": "dinov2.encoder.layer.{}.attention.attention.{}"}
NEW = {"vit": "vit.layers.{}.attention.{}", "dinov2": "dinov2.encoder.layer.{}.attention.{}"}
PLACES = [(block, names) for block in range(2) for names in (("query", "q_proj"), ("value", "v_proj"))]


def written(kind: str, folder: Path, bias: str = "none") -> PeftModel:
    """An adapter in today's names, and beside it the same in the old ones."""
    config = LoraConfig(
        r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"], modules_to_save=["classifier"], bias=bias
    )
    model = get_peft_model(tiny_model(kind), config)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.copy_(torch.randn_like(parameter))
    model.save_pretrained(str(folder / "new"), save_embedding_layers=False)
    tensors = load_file(folder / "new" / "adapter_model.safetensors")
    for block, (old, new) in PLACES:
        start = f"base_model.model.{NEW[kind].format(block, new)}."
        for name in [name for name in tensors if name.startswith(start)]:
            tensors[f"base_model.model.{OLD[kind].format(block, old)}.{name.removeprefix(start)}"] = tensors.pop(name)
    (folder / "old").mkdir()
    save_file(tensors, folder / "old" / "adapter_model.safetensors", metadata={"format": "pt"})
    LoraConfig(
        r=4,
        lora_alpha=8,
        target_modules=["query", "value"],
        modules_to_save=["classifier"],
        inference_mode=True,
        bias=bias,
    ).save_pretrained(str(folder / "old"))
    return model.eval()


@pytest.mark.parametrize("bias", ["none", "lora_only"])
@pytest.mark.parametrize("kind", ["vit", "dinov2"])
def test_adapters_load_by_old_and_by_new_names(kind: str, bias: str, tmp_path: Path) -> None:
    expected = written(kind, tmp_path, bias)
    inputs = model_inputs(pictured(range(6)), torch.arange(6).numpy(), 0, torch.device("cpu"))
    with torch.no_grad():
        wanted = expected(**inputs).logits
        assert not torch.allclose(wanted, tiny_model(kind)(**inputs).logits, atol=1e-2)
        for names in ("new", "old"):
            found = load_adapter(tiny_model(kind), tmp_path / names)
            torch.testing.assert_close(found(**inputs).logits, wanted)
            assert not any(parameter.requires_grad for parameter in found.parameters()) or names == "new"
            merged = found.merge_and_unload()
            torch.testing.assert_close(merged(**inputs).logits, wanted, rtol=1e-4, atol=1e-4)


def test_peft_alone_finds_nothing_to_adapt_by_old_names(tmp_path: Path) -> None:
    """When this fails, ``load_adapter`` has had its day."""
    written("vit", tmp_path)
    with pytest.raises(ValueError, match=r"No modules were targeted|not found in the base model"):
        PeftModel.from_pretrained(tiny_model("vit"), str(tmp_path / "old"))
