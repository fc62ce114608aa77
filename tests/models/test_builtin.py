"""builtin:vit-fashion, which comes with the package."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from transformers import AutoImageProcessor, AutoModel, AutoModelForImageClassification

import tunefork.models.builtin as builtin_module
from tunefork.errors import WeightsError
from tunefork.models import load_backbone

FOLDER = Path(str(files("tunefork.models").joinpath("vit_fashion")))


def test_it_is_small_and_described() -> None:
    backbone = load_backbone("builtin:vit-fashion", ("no", "yes"))
    assert len(backbone.anatomy.blocks) == 6
    assert backbone.anatomy.total < 3_000_000
    assert backbone.fresh == {"classifier.weight", "classifier.bias"}
    assert (FOLDER / "model.safetensors").stat().st_size < 6_000_000
    card = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert "Fashion-MNIST" in card
    assert f"{backbone.anatomy.total - 2 * 129:,}" in card.replace("\n", " "), "the backbone's parameters"


def test_other_weights_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builtin_module, "FASHION_SHA256", "0" * 64)
    with pytest.raises(WeightsError, match="The weights of builtin:vit-fashion are not the expected ones") as caught:
        load_backbone("builtin:vit-fashion", ("no", "yes"))
    assert caught.value.fix == "Reinstall them: pip install --force-reinstall tunefork"


def test_transformers_loads_it_with_its_ten_classes() -> None:
    model = AutoModelForImageClassification.from_pretrained(FOLDER)
    assert model.config.id2label[9] == "Ankle boot"
    assert AutoImageProcessor.from_pretrained(FOLDER, backend="pil").size["height"] == 28


def test_what_it_learnt_serves_another_domain() -> None:
    """By a hundred examples a linear probe tells digits apart, better than on features of random weights."""
    digits = load_digits()
    pixels = torch.from_numpy(digits.images.astype(np.float32) / 8 - 1)[:, None].expand(-1, 3, -1, -1)
    pixels = torch.nn.functional.interpolate(pixels, size=(28, 28), mode="bilinear")
    pretrained = AutoModel.from_pretrained(FOLDER, dtype=torch.float32)
    torch.manual_seed(0)
    scores = []
    for model in (pretrained, AutoModel.from_config(pretrained.config)):
        with torch.no_grad():
            features = torch.cat(
                [model.eval()(pixel_values=part).last_hidden_state[:, 0] for part in pixels.split(256)]
            ).numpy()
        features = StandardScaler().fit(features[:100]).transform(features)
        probe = LogisticRegression(max_iter=2000).fit(features[:100], digits.target[:100])
        scores.append(probe.score(features[1000:], digits.target[1000:]))
    assert scores[0] > 0.68
    assert scores[0] > scores[1] + 0.05
