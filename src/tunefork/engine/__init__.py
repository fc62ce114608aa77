"""The only training loop: groups of runs over one backbone."""

from tunefork.engine.artefacts import Artefact, save_run, verify_run
from tunefork.engine.assemble import assemble
from tunefork.engine.evaluate import evaluate
from tunefork.engine.group_model import GroupModel
from tunefork.engine.loop import Outcome, Rows, Training
from tunefork.engine.observer import Observer
from tunefork.engine.precision import Precision, best_device, choose_precision

__all__ = [
    "Artefact",
    "GroupModel",
    "Observer",
    "Outcome",
    "Precision",
    "Rows",
    "Training",
    "assemble",
    "best_device",
    "choose_precision",
    "evaluate",
    "save_run",
    "verify_run",
]
