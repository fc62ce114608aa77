"""Pretrain builtin:vit-fashion: a small ViT on Fashion-MNIST, with tunefork itself. About 40 minutes on two cores.

    python -m pretraining.vit_fashion --data FOLDER_WITH_FASHION_MNIST [--epochs 20]

FOLDER holds the four idx files of Xiao, Rasul and Vollgraf 2017 (arXiv 1708.07747). The model goes to
``src/tunefork/models/vit_fashion/``, its log to ``pretraining/vit_fashion.log``.

The pictures are grey, but the model is to be fine-tuned on colours as well: two thirds of the training pictures are
laid on a random background in a random tint. The test pictures stay as they are.
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from safetensors.torch import load_file, save_file
from transformers import ViTConfig, ViTForImageClassification
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

from tunefork import Full, Study, load_data, load_model
from tunefork.runner import Display

CLASSES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
TARGET = Path("src/tunefork/models/vit_fashion")
SIDE, PATCH = 28, 4
PLAIN = 1 / 3
"""The share of training pictures that stay grey on black."""


def read(folder: Path, split: str) -> pd.DataFrame:
    """The pictures of one split, [28, 28] bytes each, and the names of their classes."""
    with gzip.open(folder / f"{split}-images-idx3-ubyte.gz") as file:
        pixels = np.frombuffer(file.read(), dtype=np.uint8, offset=16).reshape(-1, SIDE, SIDE)
    with gzip.open(folder / f"{split}-labels-idx1-ubyte.gz") as file:
        numbers = np.frombuffer(file.read(), dtype=np.uint8, offset=8)
    return pd.DataFrame({"image": list(pixels), "label": [CLASSES[number] for number in numbers]})


def tinted(frame: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """The same pictures, most of them [28, 28, 3]: one random colour for black, another for white."""
    random = np.random.default_rng(seed)

    def tint(pixels: np.ndarray) -> np.ndarray:
        if random.random() < PLAIN:
            return pixels
        low, high = random.integers(0, 256, (2, 3))
        share = pixels[..., None] / 255
        return (low + share * (high - low)).round().astype(np.uint8)

    return frame.assign(image=[tint(pixels) for pixels in frame["image"]])


def fresh(folder: Path) -> None:
    """A ViT with random weights, 2.7 million of them."""
    torch.manual_seed(0)
    config = ViTConfig(
        hidden_size=192, num_hidden_layers=6, num_attention_heads=3, intermediate_size=768, image_size=SIDE,
        patch_size=PATCH, num_labels=len(CLASSES), id2label=dict(enumerate(CLASSES)),
        label2id={name: number for number, name in enumerate(CLASSES)},
    )  # fmt: skip
    ViTForImageClassification(config).save_pretrained(folder)
    ViTImageProcessorPil(size={"height": SIDE, "width": SIDE}).save_pretrained(folder)


def ship(run: Path) -> None:
    """The trained model in fp16, with its config and image processor."""
    TARGET.mkdir(parents=True, exist_ok=True)
    weights = {name: tensor.half().contiguous() for name, tensor in load_file(run / "model.safetensors").items()}
    save_file(weights, TARGET / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((run / "config.json").read_text(encoding="utf-8"))
    config["dtype"] = "float16"
    (TARGET / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    shutil.copyfile(run / "preprocessor_config.json", TARGET / "preprocessor_config.json")


def main() -> None:
    """Train, save, write the log."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--rows", type=int, help="train on so many only, to try the script")
    parser.add_argument("--study", type=Path, help="the study's folder; a temporary one unless given")
    options = parser.parse_args()
    train, test = read(options.data, "train"), read(options.data, "t10k")
    with tempfile.TemporaryDirectory() as folder:
        start = Path(folder) / "fresh"
        fresh(start)
        data = load_data(
            tinted(train), test=test, validation=0.05, classes=list(CLASSES), leakage="allow",
            rows={"train": options.rows} if options.rows else {},
        )  # fmt: skip
        study = Study(
            model=str(start), data=data, compare=[Full(learning_rate=1e-3)], name="vit-fashion",
            training={
                "epochs": options.epochs, "batch_size": 128, "eval_batch_size": 500, "weight_decay": 0.05,
                "warmup": 0.05, "schedule": "cosine", "augment": "flip+crop", "log_every": 100,
            },
        )  # fmt: skip
        results = study.run(options.study or Path(folder) / "study", progress=Display())
        run = results.best()
        steps = results.store.steps(run.record.id)
        evaluations = results.store.evaluations(run.record.id)
        ship(run.folder)
        rows = test.sample(2000, random_state=0)
        shipped = load_model(run.folder).predict(rows)["prediction"].to_numpy() == rows["label"].to_numpy()
    lines = [f"epoch {each.epoch:6.2f}  step {each.step:6}  training loss {each.loss:.4f}" for each in steps]
    lines += [
        f"epoch {each.epoch:6.2f}  {each.split}: loss {each.loss:.4f}, accuracy {each.accuracy:.4f}"
        for each in evaluations
    ]
    lines.append(
        f"seconds {run.record.seconds:.0f}; accuracy of the saved model on 2,000 test pictures {shipped.mean():.4f}"
    )
    Path("pretraining/vit_fashion.log").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines[-4:]))


if __name__ == "__main__":
    main()
