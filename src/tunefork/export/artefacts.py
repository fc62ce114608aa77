"""The formats of an export, each written into an empty folder that needs nothing else of the study."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, get_args

from tunefork.errors import UnsupportedModelError
from tunefork.models import Backbone, quietly
from tunefork.spectra import base_model, tuned_model
from tunefork.spectra.weights import FACTS, read_facts
from tunefork.store.whole import MANIFEST

Format = Literal["peft", "merged", "onnx"]
FORMATS: tuple[Format, ...] = get_args(Format)
ADAPTER = "adapter_config.json"


def export_run(study: Path, run: Path, target: Path, form: Format, home: Path) -> None:
    """Write a run in a format.

    Args:
        study: the study's folder.
        run: the run's folder in it.
        target: an empty folder.
        form: ``peft`` (the adapter, with its head), ``merged`` (a whole model for transformers) or ``onnx``.
        home: where the folder will lie in the end.

    Raises:
        UnsupportedModelError: the run has no such form.
        MissingExtraError: ``onnx`` without its packages.
        StoreError: the run has no model.
    """
    writers: dict[Format, Callable[[Path, Path, Path], None]] = {"merged": _merged, "onnx": _onnx}
    if form == "peft":
        _adapter(study, run, target, home)
    else:
        writers[form](study, run, target)


def _adapter(study: Path, run: Path, target: Path, home: Path) -> None:
    """A copy; an adapter on a model that lies in the study's folder (``start_from``) gets that along."""
    facts = read_facts(run)
    if not (run / ADAPTER).is_file():
        raise UnsupportedModelError(
            "The run trained weights of the model itself, and is no adapter",
            where=str(run),
            found=f"a run of kind {facts.get('kind', 'transformers')}",
            fix="Use --format merged.",
        )
    shutil.copytree(run, target, ignore=shutil.ignore_patterns(MANIFEST, "predictions.parquet"), dirs_exist_ok=True)
    start = study / "start"
    if start.is_dir():
        shutil.copytree(start, target / "base")
        _change(target / FACTS, model="base")
        _change(target / ADAPTER, base_model_name_or_path=str((home / "base").resolve()))


def _merged(study: Path, run: Path, target: Path) -> None:
    base, model = _whole(study, run)
    with quietly():
        model.save_pretrained(str(target))
        base.reader.save_pretrained(str(target))
    _write_facts(target, read_facts(run) | {"kind": "transformers"})


def _onnx(study: Path, run: Path, target: Path) -> None:
    from tunefork.export.onnx import write_onnx

    base, model = _whole(study, run)
    write_onnx(model, base, target)
    with quietly():
        model.config.save_pretrained(str(target))
        base.reader.save_pretrained(str(target))
    _write_facts(target, read_facts(run) | {"kind": "onnx"})


def _whole(study: Path, run: Path) -> tuple[Backbone, Any]:
    """What the run began with, and the run as one model of transformers, in fp32."""
    base = base_model(study, run)
    try:
        model = tuned_model(run, base)
    except (RuntimeError, AttributeError, ValueError, KeyError, TypeError) as error:  # some of PEFT's methods, by model
        raise UnsupportedModelError(
            "PEFT cannot merge this adapter into its model",
            where=str(run),
            found=str(error).splitlines()[0][:200] if str(error) else type(error).__name__,
            fix="Use --format peft.",
        ) from error
    if model is None:
        raise UnsupportedModelError(
            "Prefix and prompt methods add tokens and change no weight, so there is nothing to merge",
            where=str(run),
            fix="Use --format peft.",
        )
    model.config.architectures = [type(model).__name__]
    return base, model.eval()


def _write_facts(target: Path, facts: dict[str, Any]) -> None:
    (target / FACTS).write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _change(path: Path, **values: Any) -> None:
    facts = json.loads(path.read_text(encoding="utf-8")) | values
    path.write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
