"""An ONNX file in the place of transformers' model."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch

from tunefork.errors import MissingExtraError


class OnnxModel:
    """Called as transformers' models are, on the CPU.

    Args:
        path: the file.

    Raises:
        MissingExtraError: onnxruntime is not installed.
    """

    def __init__(self, path: Path) -> None:
        try:
            import onnxruntime
        except ImportError:
            raise MissingExtraError("A model in ONNX", package="onnxruntime", extra="onnx") from None
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = torch.get_num_threads()
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._names = [each.name for each in self._session.get_inputs()]
        self.device = torch.device("cpu")

    def to(self, place: torch.device | torch.dtype) -> OnnxModel:
        """Itself: it stays on the CPU and as it was written."""
        return self

    def __call__(self, **inputs: Any) -> SimpleNamespace:
        """``logits`` [rows, labels] of fp32, for tensors by their names."""
        given = {name: inputs[name].numpy() for name in self._names}
        return SimpleNamespace(logits=torch.from_numpy(self._session.run(["logits"], given)[0]))
