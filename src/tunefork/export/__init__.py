"""A trained run as something to use elsewhere: an adapter, a whole model, an ONNX file; checked, with a model card."""

from tunefork.export.artefacts import FORMATS, Format, export_run
from tunefork.export.card import Facts, model_card
from tunefork.export.push import push
from tunefork.export.rescoring import Rescored, rescore

__all__ = ["FORMATS", "Facts", "Format", "Rescored", "export_run", "model_card", "push", "rescore"]
