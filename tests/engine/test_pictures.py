"""Images in the engine: augmentation belongs to seeds and steps, evaluation sees the pictures as they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from tests.engine.recording import Kept
from tests.tiny import pictured, tiny_backbone
from tunefork.config import RunConfig, TrainingConfig, parse_run
from tunefork.engine import GroupModel, Precision, PrefixCache, Rows, Training, assemble, model_inputs
from tunefork.engine.augment import Augment
from tunefork.engine.batches import chunks
from tunefork.engine.pictures import Pictures
from tunefork.errors import MissingExtraError, UnsupportedModelError
from tunefork.strategies import select

CPU = torch.device("cpu")
FP64 = Precision(CPU, torch.float64, torch.float64)
LORA = "lora:rank=3,targets=query+value,learning_rate=1e-2"


def build(
    texts: list[str], seeds: list[int], cache: PrefixCache | None = None, kind: str = "vit", **training: object
) -> GroupModel:
    backbone = tiny_backbone(kind)
    settings = TrainingConfig.model_validate({"steps": 20, "batch_size": 8, **training})
    runs = [
        RunConfig(strategy=parse_run(text).strategies[0], training=settings, seed=seed)
        for text, seed in zip(texts, seeds)
    ]
    return assemble(
        backbone, runs, [select(run.strategy, backbone.anatomy, backbone.model) for run in runs], FP64, cache
    )


def test_the_model_reads_what_its_processor_would_give() -> None:
    """Bytes × gain + offset ≡ the processor's own rescaling and normalising."""
    split, reader = pictured(range(6)), tiny_backbone("vit").images
    assert reader is not None
    rows = np.array([4, 1])
    found = model_inputs(split, rows, 0, CPU)["pixel_values"]
    expected = reader.processor.preprocess(list(split.bytes_of(rows)), return_tensors="pt")["pixel_values"]
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("augment", ["flip", "crop", "color", "randaugment", "flip+crop+color+randaugment"])
def test_each_augmentation_changes_images_and_keeps_their_range(augment: str) -> None:
    pixels = torch.rand(12, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    change = Augment(augment.split("+"), (16, 16))  # type: ignore[arg-type]
    found = change(pixels, 3, 5)
    assert found.shape == pixels.shape
    assert 0 <= found.min() <= found.max() <= 1
    assert not torch.equal(found, pixels)
    assert torch.equal(found, change(pixels, 3, 5)), "drawn from seed and step"
    assert not torch.equal(found, change(pixels, 3, 6))
    assert not torch.equal(found, change(pixels, 4, 5))


def test_torchs_own_stream_is_left_alone() -> None:
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    Augment(("flip", "crop"), (16, 16))(torch.rand(4, 3, 16, 16, generator=torch.Generator()), 0, 0)
    assert torch.equal(torch.rand(3), expected)


def test_a_flip_is_a_flip() -> None:
    pixels = torch.rand(64, 3, 16, 16)
    found = Augment(("flip",), (16, 16))(pixels, 0, 0)
    flipped = [torch.equal(new, old.flip(-1)) for new, old in zip(found, pixels)]
    same = [torch.equal(new, old) for new, old in zip(found, pixels)]
    assert all(one or other for one, other in zip(flipped, same))
    assert 16 < sum(flipped) < 48


def test_runs_of_one_seed_see_the_same_images_and_others_do_not() -> None:
    group = build([LORA, LORA, "head"], [1, 1, 2], augment="flip+crop")
    rows = [np.arange(8)] * 3
    batch = group.training_batch(pictured(range(20)), rows, 0, 4)
    first, second, third = batch.inputs()["pixel_values"].view(3, 8, -1)
    assert torch.equal(first, second)
    assert not torch.equal(first, third)
    plain = group.batch(pictured(range(20)), rows, 0).inputs()["pixel_values"].view(3, 8, -1)
    assert torch.equal(plain[0], plain[2])
    assert not torch.equal(plain[0], first)


@pytest.mark.parametrize("augment", ["flip+crop", "mixup", "flip+color+mixup"])
def test_a_fused_run_with_augmentation_equals_the_run_alone(augment: str) -> None:
    rows = Rows(pictured(range(60)), pictured(range(60, 80)), pictured(range(80, 100)), 0)
    texts, seeds = [LORA, "head:learning_rate=1e-2", LORA], [0, 0, 5]

    def trained(chosen: list[int]) -> tuple[GroupModel, Kept]:
        group = build([texts[n] for n in chosen], [seeds[n] for n in chosen], PrefixCache(), augment=augment)
        kept = Kept()
        runs = [
            RunConfig(
                strategy=parse_run(texts[n]).strategies[0],
                training=TrainingConfig.model_validate({"steps": 20, "batch_size": 8, "augment": augment}),
                seed=seeds[n],
            )
            for n in chosen
        ]
        Training(group, runs, rows, kept).run()
        return group, kept

    together, _ = trained([0, 1, 2])
    for number in range(3):
        alone, _ = trained([number])
        for name, tensor in alone.tensors(0).items():
            torch.testing.assert_close(together.tensors(number)[name], tensor, rtol=1e-7, atol=1e-9)


def test_evaluation_is_never_augmented() -> None:
    split = pictured(range(20))
    plain, changed = build([LORA], [0]), build([LORA], [0], augment="flip+crop+color+randaugment+mixup")
    rows = [np.arange(20)]
    assert torch.equal(
        plain.evaluate_logits(plain.batch(split, rows, 0)), changed.evaluate_logits(changed.batch(split, rows, 0))
    )


def test_augmented_training_does_not_read_the_cache_and_evaluation_does() -> None:
    split = pictured(range(20))
    group = build(["head"], [0], PrefixCache(), augment="flip")
    assert group.depth == 2
    assert group.training_batch(split, [np.arange(8)], 0, 0).hidden is None
    assert group.batch(split, [np.arange(8)], 0).hidden is not None


def test_mixing_weighs_both_labels() -> None:
    split = pictured(range(20))
    group = build([LORA], [0], augment="mixup")
    batch = group.training_batch(split, [np.arange(8)], 0, 3)
    assert isinstance(batch, Pictures)
    assert batch.mixed is not None
    others, shares = batch.mixed
    assert ((shares >= 0.5) & (shares <= 1)).all(), "the larger share keeps its place"
    partners, share = Augment(("mixup",), (16, 16)).mix(0, 3, 8)
    assert torch.equal(others[0], batch.labels[0][partners])
    plain = group.batch(split, [np.arange(8)], 0).inputs()["pixel_values"]
    torch.testing.assert_close(
        batch.inputs()["pixel_values"], share * plain + (1 - share) * plain[partners], rtol=1e-5, atol=1e-5
    )


def test_embeddings_are_not_computed_where_the_prefix_is_at_hand() -> None:
    split = pictured(range(20))
    group = build(["last_layers"], [0], PrefixCache())
    seen: list[int] = []
    projection = group.model.get_submodule("vit.embeddings.patch_embeddings.projection")
    projection.register_forward_hook(lambda *_: seen.append(1))
    batches = [group.batch(split, [np.arange(8)], 0) for _ in range(3)]
    filled = len(seen)
    for batch in batches:
        group.logits(batch)
    assert len(seen) == filled == 1


@pytest.mark.parametrize("kind", ["dinov2", "vit"])
def test_behind_all_blocks_one_vector_per_image_is_kept(kind: str) -> None:
    """DINOv2's head reads all tokens: what is kept is the head's input. The logits are those without a cache."""
    split, rows = pictured(range(20)), [np.arange(8), np.arange(4, 12)]
    plain = build(["head", "head:learning_rate=1e-2"], [0, 1], kind=kind)
    cached = build(["head", "head:learning_rate=1e-2"], [0, 1], PrefixCache(), kind=kind)
    batch = cached.batch(split, rows, 0)
    width = tiny_backbone(kind).model.classifier.in_features
    assert batch.hidden is not None
    assert batch.hidden.shape == (16, 1, width)
    torch.testing.assert_close(cached.logits(batch), plain.logits(plain.batch(split, rows, 0)), rtol=1e-9, atol=1e-11)


def test_positions_are_interpolated_where_images_have_another_size() -> None:
    """As transformers does it, with and without our attention; and not where sizes agree."""
    backbone = tiny_backbone("vit")
    backbone = replace(backbone, images=type(backbone.images)(_larger(backbone.images)))  # type: ignore[union-attr]
    assert backbone.interpolate
    assert not tiny_backbone("vit").interpolate
    run = RunConfig(strategy=parse_run("head").strategies[0], training=TrainingConfig(), seed=0)
    group = assemble(backbone, [run], [select(run.strategy, backbone.anatomy, backbone.model)], FP64)
    split = pictured(range(8), side=24, interpolate=True)
    logits = group.evaluate_logits(group.batch(split, [np.arange(8)], 0))[0]
    plain = backbone.copy().double()
    for name, tensor in group.tensors(0).items():
        plain.get_parameter(name).data.copy_(tensor)
    inputs = model_inputs(split, np.arange(8), 0, CPU)
    assert inputs.pop("interpolate_pos_encoding") is True
    expected = plain(inputs["pixel_values"].double(), interpolate_pos_encoding=True).logits
    torch.testing.assert_close(logits, expected.float(), rtol=1e-5, atol=1e-6)


def _larger(reader: object) -> object:
    from tests.tiny import reader as make

    assert reader is not None
    return make(24).processor


def test_what_is_missing_or_makes_no_sense_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnsupportedModelError, match="augment changes images, and this model reads texts"):
        build([LORA], [0], kind="bert", augment="flip")
    monkeypatch.setitem(__import__("sys").modules, "kornia", None)
    with pytest.raises(MissingExtraError) as caught:
        Augment(("flip",), (16, 16))
    assert str(caught.value) == (
        "augment: flip needs the package kornia, which is not installed. Run: pip install 'tunefork[images]'"
    )
    assert Augment(("mixup",), (16, 16)).mixes, "mixing needs nobody"


def test_the_loss_of_mixed_images_is_that_of_both_labels() -> None:
    rows = Rows(pictured(range(40)), None, None, 0)
    group = build([LORA], [3], augment="mixup")
    run = RunConfig(
        strategy=parse_run(LORA).strategies[0],
        training=TrainingConfig.model_validate({"steps": 20, "batch_size": 8, "augment": "mixup"}),
        seed=3,
    )
    work = Training(group, [run], rows, Kept())
    chunk = next(chunks(3, 40, run.training, 20))
    group.train()
    batch = group.training_batch(rows.train, chunk.micro[:1], 0, 0)
    assert isinstance(batch, Pictures)
    assert batch.mixed is not None
    logits = group.logits(batch)[0]
    others, shares = batch.mixed
    own, other = (F.cross_entropy(logits, labels[0], reduction="none") for labels in (batch.labels, others))
    expected = (shares[0] * own + (1 - shares[0]) * other).mean()
    assert not torch.equal(batch.labels, others)
    assert work.step([chunk])[0] == pytest.approx(float(expected), rel=1e-7)


def test_a_run_that_leaves_takes_its_seed_along() -> None:
    """Of three augmented runs the middle one stops early; the others go on as they would alone."""
    rows = Rows(pictured(range(60)), pictured(range(60, 80)), pictured(range(80, 100)), 0)
    stopping = {"eval_every": 4, "early_stopping": {"metric": "loss", "patience": 1, "min_delta": 9.0}}
    texts, seeds = [LORA, LORA, LORA], [0, 1, 2]

    def trained(chosen: list[int]) -> GroupModel:
        runs = [
            RunConfig(
                strategy=parse_run(texts[n]).strategies[0],
                training=TrainingConfig.model_validate(
                    {"steps": 20, "batch_size": 8, "augment": "flip+crop", "eval_every": 4}
                    | (stopping if n == 1 else {})
                ),
                seed=seeds[n],
            )
            for n in chosen
        ]
        backbone = tiny_backbone("vit")
        group = assemble(
            backbone,
            runs,
            [select(run.strategy, backbone.anatomy, backbone.model) for run in runs],
            FP64,
            PrefixCache(),
        )
        outcomes = Training(group, runs, rows, Kept()).run()
        if len(chosen) == 3:
            assert [outcome.stopped_early for outcome in outcomes] == [False, True, False]
        return group

    together = trained([0, 1, 2])
    for number in (0, 2):
        for name, tensor in trained([number]).tensors(0).items():
            torch.testing.assert_close(together.tensors(number)[name], tensor, rtol=1e-7, atol=1e-9)


def test_each_image_gets_operations_of_its_own() -> None:
    equal = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(1)).repeat(24, 1, 1, 1)
    found = Augment(("randaugment",), (16, 16))(equal, 0, 0)
    assert len({image.numpy().tobytes() for image in found}) > 8


def test_dropout_of_a_backbone_draws_anew_at_every_call_and_again_the_same() -> None:
    """ViT's blocks call one dropout twice; checkpointing calls it again in backward."""
    backbone = tiny_backbone("vit", dropout=0.5)
    split, found = pictured(range(16)), []
    for checkpointing in ("off", "on"):
        training = TrainingConfig.model_validate(
            {"steps": 3, "batch_size": 8, "backbone_dropout": "as_pretrained", "checkpointing": checkpointing}
        )
        run = RunConfig(strategy=parse_run("full:learning_rate=1e-3").strategies[0], training=training, seed=0)
        group = assemble(backbone, [run], [select(run.strategy, backbone.anatomy, backbone.model)], FP64)
        masks: list[torch.Tensor] = []
        dropout = group.model.get_submodule("vit.layers.0.dropout")
        dropout.register_forward_hook(lambda _, args, out, masks=masks: masks.append(out == 0))
        work = Training(group, [run], Rows(split, None, None, 0), Kept())
        losses = [work.step([chunk])[0] for chunk in chunks(0, 16, training, 3)]
        assert not torch.equal(masks[0], masks[1])
        assert 0.4 < masks[0].double().mean() < 0.6
        found.append((losses, group.tensors(0)))
    assert found[0][0] == found[1][0]
    assert all(torch.equal(tensor, found[1][1][name]) for name, tensor in found[0][1].items())


@pytest.mark.parametrize("bias", ["all", "lora_only"])
def test_adapters_with_biases_train_in_bf16(bias: str) -> None:
    backbone = tiny_backbone("vit")
    text = f"lora:rank=2,targets=query+value,bias={bias},learning_rate=1e-2"
    run = RunConfig(strategy=parse_run(text).strategies[0], training=TrainingConfig(steps=3, batch_size=8), seed=0)
    precision = Precision(CPU, torch.bfloat16)
    group = assemble(backbone, [run], [select(run.strategy, backbone.anatomy, backbone.model)], precision)
    before = group.tensors(0)
    work = Training(group, [run], Rows(pictured(range(24)), None, None, 0), Kept())
    for chunk in chunks(0, 24, run.training, 3):
        work.step([chunk])
    biases = [name for name in before if name.endswith("q_proj.bias")]
    assert biases
    assert all(not torch.equal(group.tensors(0)[name], before[name]) for name in biases)
