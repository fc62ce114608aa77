"""tunefork: which way of fine-tuning this pretrained transformer is worth it here, and may I have the model?

from tunefork import Full, Head, LoRA, Study, load_data, load_model
study = Study(model="builtin:minilm", data=load_data("reviews.csv"), compare=[Full(), Head(), LoRA(rank=[2, 8])])
results = study.run()
print(results.verdict())
results.best().save("model/")
load_model("model/").predict(["late again"])
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tunefork._version import __version__

if TYPE_CHECKING:
    from tunefork.config import Full, Head, LastLayers, LoRA, Peft
    from tunefork.data import load_data
    from tunefork.estimator import Classifier
    from tunefork.predictor import load_model
    from tunefork.study import Results, Study

# Loaded when first used: importing tunefork must not import torch.
_HOMES = {
    "Classifier": "tunefork.estimator",
    "Full": "tunefork.config",
    "Head": "tunefork.config",
    "LastLayers": "tunefork.config",
    "LoRA": "tunefork.config",
    "Peft": "tunefork.config",
    "Results": "tunefork.study",
    "Study": "tunefork.study",
    "load_data": "tunefork.data",
    "load_model": "tunefork.predictor",
}

__all__ = [
    "Classifier",
    "Full",
    "Head",
    "LastLayers",
    "LoRA",
    "Peft",
    "Results",
    "Study",
    "__version__",
    "load_data",
    "load_model",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'tunefork' has no attribute '{name}'")
