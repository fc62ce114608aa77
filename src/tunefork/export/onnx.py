"""A model as one ONNX file, with any number of rows and tokens (https://onnx.ai)."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn

from tunefork.errors import MissingExtraError, UnsupportedModelError
from tunefork.models import Backbone, quietly

FILE = "model.onnx"
OPSET = 20
"""Of the operators: what onnxruntime has since 1.17."""
ONE_FILE = 1_800_000_000
"""Bytes of weights at most: a protobuf message ends at 2 GiB. Those of larger models lie beside it, in
``model.onnx.data``, where onnxruntime finds them."""
PLACES = 12
"""Tokens of the rows that the model is traced with; any two numbers above one do."""


class _Logits(nn.Module):
    """A model whose inputs have an order and whose output is a tensor."""

    def __init__(self, model: Any, names: list[str], fixed: dict[str, Any]) -> None:
        super().__init__()
        self.model, self.names, self.fixed = model, names, fixed

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.model(**dict(zip(self.names, inputs)), **self.fixed).logits
        return found


def write_onnx(model: Any, base: Backbone, target: Path) -> None:
    """Write ``model.onnx``, and ``model.onnx.data`` for large models.

    Inputs: ``input_ids``, ``attention_mask``, ``token_type_ids`` [rows, tokens] of int64, or ``pixel_values`` [rows, 3,
    height, width] of float32. Output: ``logits`` [rows, labels] of float32.

    Args:
        model: transformers' own, in fp32 and eval mode.
        base: tells what its rows are.
        target: the folder.

    Raises:
        MissingExtraError: onnx or onnxscript are not installed.
        UnsupportedModelError: torch cannot trace the architecture.
    """
    try:
        import onnx  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("An export to ONNX", package=error.name or "onnx", extra="onnx") from None
    names, inputs = _example(base)
    rows, tokens = torch.export.Dim("rows", min=1, max=4096), torch.export.Dim("tokens", min=2, max=_longest(base))
    shape = {0: rows} if base.images is not None else {0: rows, 1: tokens}
    fixed = {"interpolate_pos_encoding": True} if base.interpolate else {}
    wrapped = _Logits(model, names, fixed).eval()
    target.mkdir(parents=True, exist_ok=True)
    try:
        with quietly(), _silent(), warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                wrapped,
                tuple(inputs),
                str(target / FILE),
                input_names=names,
                output_names=["logits"],
                dynamic_shapes=(tuple(shape for _ in names),),
                opset_version=OPSET,
                dynamo=True,
                external_data=sum(each.numel() * each.element_size() for each in model.parameters()) > ONE_FILE,
                verbose=False,
            )
    except Exception as error:  # whatever an architecture makes the exporter raise; the cause stays attached
        raise UnsupportedModelError(
            f"torch cannot write {base.anatomy.family} as ONNX",
            where=base.name,
            found=str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__,
            fix="Use --format merged.",
        ) from error


@contextmanager
def _silent() -> Iterator[None]:
    """Without the exporter's words about operators of torchvision, which no model here has."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _example(base: Backbone) -> tuple[list[str], list[torch.Tensor]]:
    """The names of the inputs, and two rows."""
    if base.images is not None:
        return ["pixel_values"], [torch.zeros(2, 3, base.images.height, base.images.width)]
    ids = torch.full((2, PLACES), 5, dtype=torch.int64)
    found = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    found["attention_mask"][1, -3:] = 0
    found["input_ids"][1, -3:] = base.pad_id
    if "token_type_ids" in base.tokenizer.model_input_names:
        found["token_type_ids"] = torch.zeros_like(ids)
    return list(found), list(found.values())


def _longest(base: Backbone) -> int:
    from tunefork.models import longest_input

    return longest_input(base.model.config) or 8192
