"""Every test runs offline, on one thread, with a cache folder of its own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.setenv("TUNEFORK_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with the real data sets."""
    folder = os.environ.get("TUNEFORK_DATA")
    if not folder:
        pytest.skip("TUNEFORK_DATA names no folder with the real data sets")
    return Path(folder)


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A two-block BERT with random weights and a real tokenizer, as a folder that transformers loads."""
    import torch
    import transformers

    from tests.tiny import CONFIGS, tokenizer

    folder = tmp_path_factory.mktemp("models") / "tiny-bert"
    torch.manual_seed(0)
    config = transformers.AutoConfig.for_model("bert", **{**CONFIGS["bert"], "vocab_size": 30522})
    transformers.BertModel(config).save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def messages_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """240 real messages of three intents, with ids."""
    import csv

    from tests.tiny import messages

    wanted = {"order_status": "status", "damaged_item": "damaged", "return_item": "return"}
    rows = [(text, wanted[intent]) for text, intent in messages() if intent in wanted][:240]
    path = tmp_path_factory.mktemp("data") / "messages.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "message", "intent"])
        writer.writerows((f"m{number}", text, intent) for number, (text, intent) in enumerate(rows))
    return path


@pytest.fixture(scope="session")
def tiny_vit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A two-block ViT with random weights and an image processor of 16 pixels, as a folder that transformers loads."""
    import torch
    import transformers

    from tests.tiny import IMAGE_CONFIGS, reader

    folder = tmp_path_factory.mktemp("models") / "tiny-vit"
    torch.manual_seed(0)
    transformers.ViTModel(transformers.ViTConfig(**IMAGE_CONFIGS["vit"])).save_pretrained(folder)
    reader().save_pretrained(str(folder))
    return folder


@pytest.fixture(scope="session")
def digit_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """240 handwritten digits of four classes, as a folder of class folders."""
    from PIL import Image

    from tests.tiny import digits

    root = tmp_path_factory.mktemp("data") / "digits"
    names = ("zero", "one", "two", "three")
    images, numbers = digits()
    for row in [row for row, number in enumerate(numbers) if number < 4][:240]:
        folder = root / names[numbers[row]]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(images[row]).resize((24, 24)).save(folder / f"{row}.png")
    return root
