"""The only training loop: groups of runs over one backbone."""

from tunefork.engine.artefacts import Artefact, Verified, save_run, verify_run
from tunefork.engine.assemble import assemble, has_banks
from tunefork.engine.checkpoint import Checkpoints
from tunefork.engine.evaluate import evaluate
from tunefork.engine.group_model import GroupModel
from tunefork.engine.loading import base_name, load_artefact, load_base, model_inputs
from tunefork.engine.loop import Training
from tunefork.engine.material import Outcome, Rows
from tunefork.engine.memory import available_bytes, out_of_memory
from tunefork.engine.observer import Observer
from tunefork.engine.parallel import ALONE, Devices, Together
from tunefork.engine.pausing import Paused
from tunefork.engine.precision import Precision, automatic_precision, best_device, choose_precision, product_rate
from tunefork.engine.prefix_cache import PrefixCache
from tunefork.engine.shared_states import SharedStates
from tunefork.engine.slots import counted
from tunefork.engine.stopping import Wishes, ask, stopping, wanted
from tunefork.engine.threads import compute_threads
from tunefork.engine.timing import TIMED_STEPS, time_steps
from tunefork.engine.unit import Unit, unit_of

__all__ = [
    "ALONE",
    "TIMED_STEPS",
    "Artefact",
    "Checkpoints",
    "Devices",
    "GroupModel",
    "Observer",
    "Outcome",
    "Paused",
    "Precision",
    "PrefixCache",
    "Rows",
    "SharedStates",
    "Together",
    "Training",
    "Unit",
    "Verified",
    "Wishes",
    "ask",
    "assemble",
    "automatic_precision",
    "available_bytes",
    "base_name",
    "best_device",
    "choose_precision",
    "compute_threads",
    "counted",
    "evaluate",
    "has_banks",
    "load_artefact",
    "load_base",
    "model_inputs",
    "out_of_memory",
    "product_rate",
    "save_run",
    "stopping",
    "time_steps",
    "unit_of",
    "verify_run",
    "wanted",
]
