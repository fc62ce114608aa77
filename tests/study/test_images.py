"""A study of images from beginning to end: the same guarantees as for texts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import transformers
from PIL import Image

from tests.tiny import IMAGE_CONFIGS, reader
from tunefork import Full, Head, LastLayers, LoRA, Peft, Results, Study, load_data, load_model
from tunefork.errors import ColumnError, ConfigError, DataError, ModelNotFoundError, UnsupportedModelError
from tunefork.plan import StepTiming
from tunefork.predictor import ImagePredictor
from tunefork.runner import LocalRunner
from tunefork.study import grouping, outline

TRAINING = {"epochs": 2, "batch_size": 16, "precision": "fp32"}


@pytest.fixture(scope="module")
def study(tiny_vit: Path, digit_folder: Path) -> Study:
    return Study(
        model=str(tiny_vit),
        data=load_data(digit_folder),
        compare=[Full(learning_rate=1e-3), Head(), LastLayers(), LoRA(rank=[2, 4], targets="query+value")],
        seeds=2,
        training=TRAINING,
        name="digits",
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, study: Study) -> Results:
    return study.run(tmp_path_factory.mktemp("study") / "out", progress=False)


def test_every_run_is_done_and_the_task_is_told(made: Results) -> None:
    document = made.to_dict()
    assert document["task"] == "image-classification"
    assert len(document["runs"]) == 10
    assert {run["status"] for run in document["runs"]} == {"done"}


def test_it_learns(tiny_vit: Path, digit_folder: Path, tmp_path: Path) -> None:
    training = {"epochs": 15, "batch_size": 16, "eval_every": "5 epochs"}
    study = Study(
        model=str(tiny_vit), data=load_data(digit_folder), compare=[Full(learning_rate=3e-3)], training=training
    )
    found = study.run(tmp_path / "out", progress=False).to_dict()
    assert found["runs"][0]["accuracy"] > 0.6
    assert found["majority"]["accuracy"] < 0.35


def test_saved_runs_are_what_transformers_and_peft_load(made: Results, tiny_vit: Path, digit_folder: Path) -> None:
    path = next(digit_folder.rglob("*.png"))
    processor = transformers.AutoImageProcessor.from_pretrained(tiny_vit, backend="pil")
    pixels = processor(Image.open(path).convert("RGB"), return_tensors="pt")
    for run in made.runs():
        config = run.folder / "adapter_config.json"
        with torch.no_grad():
            if config.is_file():
                from peft import PeftModel

                base = transformers.AutoModelForImageClassification.from_pretrained(tiny_vit, num_labels=4)
                model = PeftModel.from_pretrained(base, str(run.folder)).eval()
                assert json.loads(config.read_text())["task_type"] is None
            else:
                model = transformers.AutoModelForImageClassification.from_pretrained(run.folder).eval()
                assert model.config.id2label == {0: "one", 1: "three", 2: "two", 3: "zero"}
            expected = model(**pixels).logits.softmax(-1)[0].numpy()
        found = load_model(run.folder).predict([path], calibrated=False).filter(like="p_").to_numpy()[0]
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
        assert (run.folder / "preprocessor_config.json").is_file()
        facts = json.loads((run.folder / "tunefork.json").read_text())
        assert (facts["image_backend"], facts["interpolate"]) == ("pil", False)


def test_the_best_model_predicts_what_was_recorded(made: Results, digit_folder: Path) -> None:
    frame = pd.read_parquet(made.best().folder / "predictions.parquet")
    tests = frame[frame["split"] == "test"]
    model = made.best().load()
    assert isinstance(model, ImagePredictor)
    found = model.predict([digit_folder / name for name in tests["id"]])
    assert found["prediction"].tolist() == tests["predicted"].tolist()


def test_a_predictor_takes_what_people_have(made: Results, digit_folder: Path) -> None:
    model = made.best().load()
    path = next(digit_folder.rglob("*.png"))
    image = Image.open(path)
    given = [path, str(path), path.read_bytes(), image, np.asarray(image)]
    found = model.predict(given)
    assert found["prediction"].nunique() == 1
    frame = pd.DataFrame({"image": given, "note": range(5)})
    assert model.predict(frame)["note"].tolist() == list(range(5))
    with pytest.raises(ColumnError, match="predict takes a list of pictures"):
        model.predict(str(path))
    with pytest.raises(ColumnError, match="There is no column 'image'"):
        model.predict(frame.rename(columns={"image": "picture"}))
    with pytest.raises(DataError, match="1 picture cannot be read") as caught:
        model.predict([path, "none.png"])
    assert "none.png: no such file" in caught.value.found


def test_the_report_shows_mistakes(made: Results) -> None:
    text = (made.folder / "report.html").read_text(encoding="utf-8")
    assert "Most confident mistakes" in text
    assert text.count('src="data:image/jpeg;base64,') >= 4
    assert "img-src data:" in text
    assert "texts longer than the limit" not in text
    assert len(made.store.thumbnails()) >= 4


def test_continuing_gives_the_same_and_trains_nothing(made: Results, study: Study) -> None:
    before = made.to_dict()["runs"]
    assert study.run(made.folder, progress=False).to_dict()["runs"] == before


def test_a_run_in_a_worker_gives_the_same_bits(
    made: Results, tiny_vit: Path, digit_folder: Path, tmp_path: Path
) -> None:
    study = Study(
        model=str(tiny_vit),
        data=load_data(digit_folder),
        compare=[Head(), LoRA(rank=[2], targets="query+value")],
        training=TRAINING,
        name="digits",
    )
    alone = study.run(tmp_path / "one", progress=False, runner=LocalRunner())
    shared = study.run(tmp_path / "two", progress=False, workers=2)
    for run in alone.to_dict()["runs"]:
        one, other = (results.store.predictions(run["id"], "test") for results in (alone, shared))
        np.testing.assert_allclose(one.logits, other.logits, rtol=1e-5, atol=1e-6)


def test_another_image_size_and_augmentation(tiny_vit: Path, digit_folder: Path, tmp_path: Path) -> None:
    study = Study(
        model=str(tiny_vit),
        data=load_data(digit_folder, image_size=24),
        compare=[Head(), LoRA(rank=2)],
        training=TRAINING | {"augment": "flip+crop", "epochs": 1},
        name="larger",
    )
    plan = study.plan()
    assert plan.tokens["train"] == 37
    assert any("images are 24 × 24, the model was pretrained on 16 × 16" in notice for notice in plan.notices)
    told = next(notice for notice in plan.notices if notice.startswith("augment changes images at every step"))
    assert "head (" in told
    assert " ms a step, " in told
    assert not any(group.features for group in plan.groups)
    assert "37 tokens each" in str(plan)
    results = study.run(tmp_path / "out", progress=False)
    assert {run["status"] for run in results.to_dict()["runs"]} == {"done"}
    model = results.best().load()
    frame = pd.read_parquet(results.best().folder / "predictions.parquet")
    tests = frame[frame["split"] == "test"]
    assert (
        model.predict([digit_folder / name for name in tests["id"]])["prediction"].tolist()
        == tests["predicted"].tolist()
    )


@pytest.mark.parametrize("kind", ["lora", "head"])
def test_starting_from_an_earlier_run_of_another_size(
    kind: str, tiny_vit: Path, digit_folder: Path, tmp_path: Path
) -> None:
    """Pixels, tokens and the saved processor are all of the size that the earlier run had."""
    first = Study(
        model=str(tiny_vit), data=load_data(digit_folder, image_size=24), compare=[LoRA(rank=2), Head()],
        training=TRAINING | {"epochs": 1},
    ).run(tmp_path / "first", progress=False)  # fmt: skip
    earlier = next(run for run in first.runs() if run.record.strategy == kind)
    study = Study(
        model=str(tiny_vit),
        data=load_data(digit_folder, **({"image_size": 24} if kind == "lora" else {})),
        compare=[Head()],
        training=TRAINING | {"epochs": 1},
        start_from=str(earlier.folder),
    )
    results = study.run(tmp_path / "out", progress=False)
    assert results.to_dict()["runs"][0]["status"] == "done"
    assert study.encoded.rows.train.lengths[0] == 37
    frame = pd.read_parquet(results.best().folder / "predictions.parquet")
    tests = frame[frame["split"] == "test"]
    found = results.best().load().predict([digit_folder / name for name in tests["id"]])
    np.testing.assert_allclose(found["p_one"], tests["p_one"], atol=1e-4)


@pytest.mark.parametrize("kind", ["beit", "dinov2", "ijepa"])
def test_other_architectures_and_sizes(kind: str, digit_folder: Path, tmp_path: Path) -> None:
    config = transformers.AutoConfig.for_model(kind, **IMAGE_CONFIGS.get(kind, IMAGE_CONFIGS["vit"]))
    transformers.AutoModelForImageClassification.from_config(config).save_pretrained(tmp_path / "model")
    reader().save_pretrained(str(tmp_path / "model"))
    sizes = {} if kind == "ijepa" else {"image_size": 24}
    study = Study(
        model=str(tmp_path / "model"),
        data=load_data(digit_folder, **sizes),
        compare=[Head(), LoRA(rank=2)],
        training=TRAINING | {"epochs": 1},
    )
    results = study.run(tmp_path / "out", progress=False)
    assert {run["status"] for run in results.to_dict()["runs"]} == {"done"}
    frame = pd.read_parquet(results.best().folder / "predictions.parquet")
    tests = frame[frame["split"] == "test"]
    found = results.best().load().predict([digit_folder / name for name in tests["id"]])
    np.testing.assert_allclose(found["p_one"], tests["p_one"], atol=1e-4)


def test_a_size_below_the_patches_is_refused(tiny_vit: Path, digit_folder: Path) -> None:
    with pytest.raises(UnsupportedModelError, match="The model cannot read images of 2 × 2 pixels"):
        Study(model=str(tiny_vit), data=load_data(digit_folder, image_size=2)).plan()


def test_methods_that_add_words_are_refused(tiny_vit: Path, digit_folder: Path, tmp_path: Path) -> None:
    data = load_data(digit_folder)
    with pytest.raises(ConfigError, match="PREFIX_TUNING puts tokens of text in front"):
        Study(model=str(tiny_vit), data=data, compare=[Peft(type="PREFIX_TUNING", num_virtual_tokens=4)]).plan()
    study = Study(
        model=str(tiny_vit), data=data, training=TRAINING | {"epochs": 1},
        compare=[Peft(type="IA3", target_modules=["k_proj", "v_proj", "fc2"], feedforward_modules=["fc2"])],
    )  # fmt: skip
    assert study.run(tmp_path / "out", progress=False).to_dict()["runs"][0]["status"] == "done"


def test_texts_and_images_are_not_mixed_up(
    tiny_vit: Path, tiny_folder: Path, messages_csv: Path, digit_folder: Path
) -> None:
    with pytest.raises(UnsupportedModelError, match="reads images, and these rows are texts") as caught:
        Study(model=str(tiny_vit), data=load_data(messages_csv)).plan()
    assert "builtin:minilm" in caught.value.fix
    with pytest.raises(UnsupportedModelError, match="reads texts, and these rows are images") as caught:
        Study(model=str(tiny_folder), data=load_data(digit_folder)).plan()
    assert "builtin:vit-fashion" in caught.value.fix


def test_a_model_without_an_image_processor_names_the_files(tiny_vit: Path, digit_folder: Path, tmp_path: Path) -> None:
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).write_bytes((tiny_vit / name).read_bytes())
    with pytest.raises(ModelNotFoundError) as caught:
        Study(model=str(tmp_path), data=load_data(digit_folder)).plan()
    assert caught.value.what == "The model has no image processor"
    assert "preprocessor_config.json" in caught.value.found


def test_a_plan_without_the_weights(digit_folder: Path) -> None:
    study = Study(model="google/vit-base-patch16-224-in21k", data=load_data(digit_folder), compare=[LoRA(rank=8)])
    plan = outline(study)
    assert plan.runs[0].counts.adapter == 294_912
    assert plan.tokens == dict.fromkeys(("train", "validation", "test"), 197.0), "14 × 14 patches and one more"


@pytest.mark.parametrize("kind", ["vit", "dinov2"])
def test_heads_share_a_pass(kind: str, digit_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = transformers.AutoConfig.for_model(kind, **IMAGE_CONFIGS[kind])
    transformers.AutoModelForImageClassification.from_config(config).save_pretrained(tmp_path)
    reader().save_pretrained(str(tmp_path))
    monkeypatch.setattr(grouping, "timed", lambda *_: StepTiming(0.1, 0.001))
    rates = [0.001 * number for number in range(1, 21)]
    study = Study(
        model=str(tmp_path), data=load_data(digit_folder), compare=[Head(learning_rate=rates)], training=TRAINING
    )
    assert [len(group.runs) for group in study.plan(timings=False, workers=1).groups] == [20]
