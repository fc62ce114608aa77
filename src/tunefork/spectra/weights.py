"""The matrices of a model's blocks, before and after training, from the files of a study."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from tunefork.errors import StoreError
from tunefork.models import Backbone, load_adapter, load_backbone, weight_in_out
from tunefork.spectra.singular import Floats

FACTS = "tunefork.json"


def base_model(study: Path, run: Path) -> Backbone:
    """What a run's training began with: the pretrained model, or what ``start_from`` named.

    Args:
        study: the study's folder.
        run: the run's folder in it.

    Raises:
        StoreError: the run has no model.
        ModelNotFoundError: the pretrained model is out of reach.
    """
    facts = read_facts(run)
    start = study / "start"
    if start.is_dir():
        return _loaded(str(start), None, facts)
    return _loaded(facts["model"], facts["revision"], facts)


def read_facts(run: Path) -> dict[str, Any]:
    """What a run's folder says of its model.

    Raises:
        StoreError: there is no model in it.
    """
    place = run / FACTS
    if not place.is_file():
        raise StoreError(
            "The run's model is not there",
            where=str(run),
            found=f"no {FACTS}" if run.is_dir() else "no such folder",
            fix="Put it back, or train the run again in another folder.",
        )
    facts: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
    return facts


def tuned_model(run: Path, base: Backbone, exact: bool = False) -> Any:
    """A saved run as one transformers model, on the CPU; an adapter is merged into its base.

    None for PEFT's prompt and prefix methods: they add tokens and change no weight.

    Args:
        run: the run's folder.
        base: what its training began with.
        exact: merge in float64. In float32 a merged matrix carries rounding errors of W0's size, which are not small
            beside a small ΔW.
    """
    if not (run / "adapter_config.json").is_file():
        return _loaded(str(run), None, read_facts(run)).model
    model = base.copy()
    if exact:
        for linear in base.anatomy.linears:
            model.get_submodule(linear.name).double()
    adapted = load_adapter(model, run)
    if adapted.active_peft_config.is_prompt_learning:
        return None
    return adapted.merge_and_unload()


def _loaded(name: str, revision: str | None, facts: dict[str, Any]) -> Backbone:
    problem = facts.get("problem", "single_label")
    return load_backbone(name, facts["labels"], revision, facts.get("image_size"), problem, any_head=True)


def matrix_of(model: Any, linear: str) -> Floats:
    """The weight of a linear as [outputs, inputs], whichever way it is stored, in float64.

    Args:
        model: transformers' own.
        linear: the path in it.
    """
    return np.asarray(weight_in_out(model.get_submodule(linear)).detach().t().double().numpy())
