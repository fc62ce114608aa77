"""Image processors: sizes, scaling, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from PIL import Image
from transformers.models.bit.image_processing_pil_bit import BitImageProcessorPil
from transformers.models.deit.image_processing_pil_deit import DeiTImageProcessorPil
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

from tests.tiny import IMAGE_CONFIGS, tiny_model
from tunefork.errors import ModelNotFoundError, UnsupportedModelError
from tunefork.models import ImageReader, anatomy_of, load_backbone, load_config, load_image_reader, skeleton
from tunefork.models.images import PROCESSOR_FILES

PROCESSORS = {
    "vit": ViTImageProcessorPil(size={"height": 32, "width": 32}),
    "dinov2": BitImageProcessorPil(size={"shortest_edge": 40}, crop_size={"height": 32, "width": 32}),
    "plain": ViTImageProcessorPil(size={"height": 32, "width": 24}, do_normalize=False),
    "bytes": ViTImageProcessorPil(size={"height": 32, "width": 32}, do_normalize=False, do_rescale=False),
    "statistics": ViTImageProcessorPil(
        size={"height": 32, "width": 32}, image_mean=[0.1, 0.2, 0.3], image_std=[0.4, 0.5, 0.6]
    ),
}


@pytest.mark.parametrize("size", [(50, 40), (32, 32), (20, 90)])
@pytest.mark.parametrize("name", PROCESSORS)
def test_bytes_and_scaling_give_what_the_processor_gives(name: str, size: tuple[int, int]) -> None:
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3)).astype(np.uint8))
    reader = ImageReader(PROCESSORS[name])
    found = reader(image)
    assert found.dtype == np.uint8
    assert found.shape == (reader.height, reader.width, 3)
    expected = PROCESSORS[name].preprocess(image)["pixel_values"][0]
    np.testing.assert_allclose(
        found.transpose(2, 0, 1) * reader.gain[:, None, None] + reader.offset[:, None, None], expected, atol=2e-6
    )


def test_another_size_keeps_the_share_that_is_cropped(tmp_path: Path) -> None:
    PROCESSORS["dinov2"].save_pretrained(tmp_path)
    reader = load_image_reader(str(tmp_path), size=64)
    assert (reader.height, reader.width) == (64, 64)
    assert reader.processor.size["shortest_edge"] == 80
    reader.save_pretrained(str(tmp_path / "again"))
    assert load_image_reader(str(tmp_path / "again")).height == 64
    PROCESSORS["vit"].save_pretrained(tmp_path)
    assert load_image_reader(str(tmp_path), size=48).width == 48
    DeiTImageProcessorPil(size={"height": 256, "width": 256}, crop_size={"height": 224, "width": 224}).save_pretrained(
        tmp_path
    )
    assert dict(load_image_reader(str(tmp_path), size=112).processor.size) == {"height": 128, "width": 128}


def test_processors_by_the_names_of_old(tmp_path: Path) -> None:
    content = {"do_normalize": True, "do_resize": True, "image_mean": [0.5] * 3, "image_std": [0.5] * 3, "size": 32}
    for key in ("image_processor_type", "feature_extractor_type"):
        (tmp_path / "preprocessor_config.json").write_text(json.dumps(content | {key: "ViTFeatureExtractor"}))
        reader = load_image_reader(str(tmp_path))
        assert (reader.height, reader.width) == (32, 32)


def test_a_very_long_picture_does_not_take_all_memory() -> None:
    reader = ImageReader(PROCESSORS["dinov2"])
    found = reader(Image.new("RGB", (1, 60_000), "red"))
    assert found.shape == (32, 32, 3)
    assert found[16, 16].tolist() == [255, 0, 0]


def test_the_backend_does_not_depend_on_what_is_installed(tmp_path: Path) -> None:
    PROCESSORS["vit"].save_pretrained(tmp_path)
    assert type(load_image_reader(str(tmp_path)).processor).__name__ == "ViTImageProcessorPil"


def test_a_processor_that_keeps_the_shape_of_pictures_is_refused() -> None:
    with pytest.raises(UnsupportedModelError, match="does not make all pictures the same size") as caught:
        ImageReader(BitImageProcessorPil(size={"shortest_edge": 40}, do_center_crop=False))
    assert "data.image_size" in caught.value.fix


def test_no_processor(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError) as caught:
        load_image_reader(str(tmp_path))
    assert all(name in caught.value.found for name in PROCESSOR_FILES)


@pytest.mark.parametrize("kind", IMAGE_CONFIGS)
def test_every_image_architecture_loads_with_a_fresh_head(kind: str, tmp_path: Path) -> None:
    model = tiny_model(kind)
    model.save_pretrained(tmp_path)
    PROCESSORS["vit"].save_pretrained(tmp_path)
    backbone = load_backbone(str(tmp_path), ["a", "b", "c", "d", "e"], image_size=16)
    assert backbone.task == "image-classification"
    assert set(backbone.fresh) == set(backbone.anatomy.inside(backbone.anatomy.head))
    assert backbone.anatomy.described
    assert not backbone.interpolate
    bare = skeleton(load_config(str(tmp_path)), 5)
    assert anatomy_of(bare).parameters == backbone.anatomy.parameters
    first = next(iter(backbone.anatomy.blocks)) + ".attention.q_proj.weight"
    torch.testing.assert_close(backbone.model.get_parameter(first), model.get_parameter(first))


def test_roles_are_those_of_texts() -> None:
    for kind in IMAGE_CONFIGS:
        anatomy = anatomy_of(tiny_model(kind))
        linears, notices = anatomy.match(["query", "value"])
        assert [linear.name.rpartition(".")[2] for linear in linears] == ["q_proj", "v_proj"] * 2
        assert not notices
        assert len(anatomy.match(["all-linear"])[0]) == 12


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (
            transformers.SwinConfig(
                image_size=32, patch_size=2, embed_dim=16, depths=[1, 2], num_heads=[2, 4], window_size=4
            ),
            "its blocks differ from one another",
        ),
        (transformers.ConvNextConfig(hidden_sizes=[16, 32], depths=[1, 1], num_stages=2), "its blocks"),
    ],
)
def test_what_is_no_stack_of_blocks_is_refused_with_the_reason(config: object, reason: str) -> None:
    with pytest.raises(UnsupportedModelError, match="is no plain stack of transformer blocks") as caught:
        anatomy_of(skeleton(config, 3))
    assert reason in caught.value.found
    assert "vit, vit_msn, deit, dinov2, dinov2_with_registers, beit" in caught.value.fix


def test_an_architecture_like_vit_is_guessed() -> None:
    config = transformers.IJepaConfig(**IMAGE_CONFIGS["vit"])
    anatomy = anatomy_of(skeleton(config, 3))
    assert not anatomy.described
    assert len(anatomy.blocks) == 2
    assert anatomy.linears[0].roles == ("query",)
