"""Models from their configs alone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from tunefork.errors import UnsupportedModelError
from tunefork.models import image_tokens, load_backbone, untrained, untrained_backbone

SMALL = {"num_hidden_layers": 1, "hidden_size": 32, "num_attention_heads": 2, "intermediate_size": 32}


def shapes(model: torch.nn.Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(each.shape) for name, each in model.named_parameters()}


def test_it_is_what_a_checkpoint_would_give_but_for_the_weights(tiny_folder: Path, tmp_path: Path) -> None:
    real = load_backbone(str(tiny_folder), ("a", "b", "c"))
    shutil.copy(tiny_folder / "config.json", tmp_path)  # and nothing else
    made = untrained_backbone(str(tmp_path), ("a", "b", "c"))
    assert shapes(made.model) == shapes(real.model)
    assert (made.anatomy, made.fresh, made.task) == (real.anatomy, real.fresh, "text-classification")
    assert not made.model.training
    assert not any(each.requires_grad for each in made.model.parameters())
    assert (made.tokenizer, made.pad_id) == (None, 0)


def test_its_weights_are_the_same_every_time_and_no_other_draw_notices(tiny_folder: Path) -> None:
    made = []
    for _ in range(2):
        torch.rand(7)
        before = torch.random.get_rng_state()
        made.append(untrained_backbone(str(tiny_folder), ("a", "b")).model.state_dict())
        assert torch.equal(before, torch.random.get_rng_state())
    first, second = made
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize(("size", "tokens"), [(None, 197), (384, 577)])
def test_images_have_the_size_that_the_config_or_the_study_says(size: int | None, tokens: int, tmp_path: Path) -> None:
    config = {"model_type": "vit", "image_size": 224, "patch_size": 16, **SMALL}
    (tmp_path / "config.json").write_text(json.dumps(config))
    made = untrained_backbone(str(tmp_path), ("a", "b"), size=size)
    assert made.task == "image-classification"
    assert image_tokens(made) == tokens
    assert made.interpolate == (size is not None)


def test_a_config_that_does_not_say_how_large_images_are_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "vit", **SMALL}))
    monkeypatch.setattr(untrained, "image_size", lambda _: None)
    with pytest.raises(UnsupportedModelError, match="The config does not say how large images are"):
        untrained_backbone(str(tmp_path), ("a", "b"))
