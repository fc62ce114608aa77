"""A hub that is a folder: what huggingface_hub has downloaded, made by hand; and a model there with code of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import torch
import transformers

from tests.tiny import CONFIGS, tokenizer

NAME = "somebody/own-bert"
READ, LATER = "a" * 40, "b" * 40
"""The commit that somebody has read, and the newest, which ``main`` names."""
CONFIGURATION = """
import os
from transformers import BertConfig

with open(os.environ["TUNEFORK_TEST_RAN"], "a") as file:
    file.write("{commit}\\n")


class OwnConfig(BertConfig):
    model_type = "own-bert"
"""
MODELING = """
from transformers import BertForSequenceClassification
from .configuration_own import OwnConfig


class OwnClassifier(BertForSequenceClassification):
    config_class = OwnConfig
"""


def filled(home: Path, code: bool = True) -> Path:
    """A folder for ``HF_HOME`` with one repository of two commits, whose ``main`` is the later one."""
    repository = home / "hub" / f"models--{NAME.replace('/', '--')}"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(LATER)
    torch.manual_seed(0)
    config = transformers.BertConfig(**{**CONFIGS["bert"], "vocab_size": 30522})
    for commit in (READ, LATER):
        folder = repository / "snapshots" / commit
        transformers.BertModel(config).save_pretrained(folder)
        tokenizer().save_pretrained(folder)
        if not code:
            continue
        written = json.loads((folder / "config.json").read_text()) | {
            "model_type": "own-bert",
            "architectures": ["OwnClassifier"],
            "auto_map": {
                "AutoConfig": "configuration_own.OwnConfig",
                "AutoModelForSequenceClassification": "modeling_own.OwnClassifier",
            },
        }
        (folder / "config.json").write_text(json.dumps(written))
        (folder / "configuration_own.py").write_text(CONFIGURATION.format(commit=commit))
        (folder / "modeling_own.py").write_text(MODELING)
    return home


def told(home: Path, *arguments: str) -> tuple[int, str, set[str]]:
    """What the command line says with that hub: exit status, output, and the commits whose code has run."""
    ran = home / "ran"
    ran.unlink(missing_ok=True)
    environment = {
        **os.environ,
        "HF_HOME": str(home),
        "TUNEFORK_TEST_RAN": str(ran),
        "HF_HUB_OFFLINE": "1",
        "COLUMNS": "200",
    }
    for name in ("HF_HUB_CACHE", "HF_MODULES_CACHE"):
        environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-c", "from tunefork.cli import main; main()", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr, set(ran.read_text().split()) if ran.exists() else set()
