"""Initial weights of what a run trains, from its seed alone.

Runs with the same seed get the same head and the same adapter directions, whatever group they are in: this pairs the
comparison (common random numbers).
"""

from __future__ import annotations

import copy

import torch

from tunefork.config import RunConfig
from tunefork.engine.randomness import derive
from tunefork.models import Backbone
from tunefork.strategies import Selection


def initial_weights(backbone: Backbone, selection: Selection, run: RunConfig) -> dict[str, torch.Tensor]:
    """The head's and the adapters' tensors, named and laid out as transformers and PEFT do, in fp32.

    Head: transformers' own initialisation of the architecture, except for parameters that the checkpoint brought along.
    Adapters, as in PEFT: ``lora_A`` [rank, in] uniform in ±1/sqrt(in) (Kaiming with a = sqrt 5), ``lora_B`` zero.
    """
    weights = initial_head(backbone, run.seed)
    for adapter in selection.adapters:
        generator = torch.Generator().manual_seed(derive(run.seed, "lora", adapter.module))
        bound = adapter.inputs**-0.5
        down = torch.empty(adapter.rank, adapter.inputs).uniform_(-bound, bound, generator=generator)
        weights[f"{adapter.module}.lora_A"] = down
        weights[f"{adapter.module}.lora_B"] = torch.zeros(adapter.outputs, adapter.rank)
    return weights


def initial_head(backbone: Backbone, seed: int) -> dict[str, torch.Tensor]:
    """The head's parameters by name: fresh where the checkpoint lacks them, else as they were pretrained."""
    found: dict[str, torch.Tensor] = {}
    for path in backbone.anatomy.head:
        module = copy.deepcopy(backbone.model.get_submodule(path))
        for parameter in module.parameters():
            parameter._is_hf_initialized = False  # otherwise transformers leaves it as it is
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive(seed, "head", path))
            module.apply(backbone.model._init_weights)
        for name, parameter in module.named_parameters(prefix=path):
            kept = name not in backbone.fresh
            found[name] = (backbone.model.get_parameter(name) if kept else parameter).detach().clone()
    return found
