"""Pretrain builtin:vit-fashion: a small ViT on Fashion-MNIST, with tunefork itself. About half an hour on one core.

    python -m pretraining.vit_fashion --data FOLDER_WITH_FASHION_MNIST [--epochs 6 12]

FOLDER holds the four idx files of Xiao, Rasul and Vollgraf 2017 (arXiv 1708.07747). The model goes to
``src/tunefork/models/vit_fashion/``, its log to ``pretraining/vit_fashion.log``.

The pictures are grey, but the model is to be fine-tuned on colours as well: in a second stage some of the training
pictures are laid on a random background in a random tint. From random weights that would be too hard: with tints from
the first step on, eight epochs ended at an accuracy of 0.76. The test pictures stay as they are.

A ViT with small random weights learns slowly from so few pictures. It starts faster with positions that are sine waves
(Dosovitskiy et al. 2020, arXiv 2010.11929, appendix D.4 compares; Vaswani et al. 2017, arXiv 1706.03762, equation in
section 3.5, once for rows and once for columns) and patches that are not drowned by them.
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

from tunefork import Full, Results, Study, load_data, load_model
from tunefork.data import Data
from tunefork.runner import Display

CLASSES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
TARGET = Path("src/tunefork/models/vit_fashion")
SIDE, PATCH = 28, 4
PLAIN = 0.6
"""The share of training pictures that stay grey on black."""
CONTRAST = 96
"""How far apart the two colours of a tint are at least, in bytes, mean of red, green and blue."""
WIDTH, BLOCKS, HEADS, MIDDLE = 128, 6, 4, 384


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
        while np.abs(low - high).mean() < CONTRAST:
            low, high = random.integers(0, 256, (2, 3))
        share = pixels[..., None] / 255
        return (low + share * (high - low)).round().astype(np.uint8)

    return frame.assign(image=[tint(pixels) for pixels in frame["image"]])


def waves(width: int, side: int) -> torch.Tensor:
    """Positions [side * side, width]: sines and cosines of the row, then of the column."""
    place = torch.arange(side, dtype=torch.float32)
    rows, columns = torch.meshgrid(place, place, indexing="ij")
    speeds = 100.0 ** (-torch.arange(width // 4) / (width // 4))
    angles = [axis.flatten()[:, None] * speeds for axis in (rows, columns)]
    return torch.cat([wave for angle in angles for wave in (angle.sin(), angle.cos())], dim=1)


def fresh(folder: Path) -> None:
    """A ViT with random weights, one million of them."""
    torch.manual_seed(0)
    config = ViTConfig(
        hidden_size=WIDTH, num_hidden_layers=BLOCKS, num_attention_heads=HEADS, intermediate_size=MIDDLE,
        image_size=SIDE, patch_size=PATCH, num_labels=len(CLASSES), id2label=dict(enumerate(CLASSES)),
        label2id={name: number for number, name in enumerate(CLASSES)},
    )  # fmt: skip
    model = ViTForImageClassification(config)
    embeddings = model.vit.embeddings
    patches = embeddings.patch_embeddings.projection.weight
    with torch.no_grad():
        embeddings.position_embeddings[0, 1:] = 0.3 * waves(WIDTH, SIDE // PATCH)
        patches.normal_(0, 0.5 / patches[0].numel() ** 0.5)
    model.save_pretrained(folder)
    ViTImageProcessorPil(size={"height": SIDE, "width": SIDE}).save_pretrained(folder)


def ship(run: Path) -> None:
    """The trained model in fp16, with its config and image processor."""
    TARGET.mkdir(parents=True, exist_ok=True)
    weights = {name: tensor.half().contiguous() for name, tensor in load_file(run / "model.safetensors").items()}
    save_file(weights, TARGET / "model.safetensors", metadata={"format": "pt"})
    (TARGET / "model.safetensors").chmod(0o644)  # safetensors makes it for the owner alone
    config = json.loads((run / "config.json").read_text(encoding="utf-8"))
    config["dtype"] = "float16"
    (TARGET / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    shutil.copyfile(run / "preprocessor_config.json", TARGET / "preprocessor_config.json")


def stage(model: Path, data: Data, epochs: int, rate: float, augment: str, folder: Path) -> Results:
    """Train all weights of a model."""
    study = Study(
        model=str(model), data=data, compare=[Full(learning_rate=rate)], name="vit-fashion",
        training={
            "epochs": epochs, "batch_size": 64, "eval_batch_size": 500, "weight_decay": 0.05,
            "warmup": 0.05, "schedule": "cosine", "augment": augment, "log_every": 200,
        },
    )  # fmt: skip
    return study.run(folder, progress=Display())


def told(results: Results) -> list[str]:
    """The log's lines on one stage."""
    run = results.best().record.id
    lines = [
        f"epoch {each.epoch:6.2f}  step {each.step:6}  training loss {each.loss:.4f}"
        for each in results.store.steps(run)
    ]
    return lines + [
        f"epoch {each.epoch:6.2f}  {each.split}: loss {each.loss:.4f}, accuracy {each.accuracy:.4f}"
        for each in results.store.evaluations(run)
    ]


def main() -> None:
    """Train, save, write the log."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--epochs", type=int, nargs=2, default=(6, 12), help="of the two stages")
    parser.add_argument("--rows", type=int, help="train on so many only, to try the script")
    parser.add_argument("--study", type=Path, help="the study's folder; a temporary one unless given")
    options = parser.parse_args()
    train, test = read(options.data, "train"), read(options.data, "t10k")
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.study or Path(temporary)
        model, lines, seconds = Path(temporary) / "fresh", [], 0.0
        fresh(model)
        for name, frame, epochs, rate, augment in (
            ("grey", train, options.epochs[0], 1e-3, "flip"),
            ("tinted", tinted(train), options.epochs[1], 7e-4, "flip+crop"),
        ):
            data = load_data(
                frame, test=test, validation=0.05, classes=list(CLASSES), leakage="allow",
                rows={"train": options.rows} if options.rows else {},
            )  # fmt: skip
            results = stage(model, data, epochs, rate, augment, folder / name)
            lines += [name, *told(results)]
            seconds += results.best().record.seconds
            model = results.best().folder
        ship(model)
        found = load_model(model).predict(test)["prediction"].to_numpy() == test["label"].to_numpy()
    lines.append(
        f"seconds {seconds:.0f}; accuracy of the saved model on the {len(test)} test pictures {found.mean():.4f}"
    )
    Path("pretraining/vit_fashion.log").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(lines[-1])


if __name__ == "__main__":
    main()
