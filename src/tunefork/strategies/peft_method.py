"""Any other PEFT method: PEFT itself decides what trains, this file asks it."""

from __future__ import annotations

from typing import Any

from torch import nn

from tunefork.config import PeftStrategy
from tunefork.errors import ConfigError, did_you_mean
from tunefork.models import Anatomy, quietly
from tunefork.strategies.peft_targets import check_ranks, target_modules
from tunefork.strategies.selection import Selection


def peft_config(strategy: PeftStrategy, anatomy: Anatomy, task: str | None = "SEQ_CLS") -> Any:
    """PEFT's own configuration for the method, with the head among the modules it saves.

    Raises:
        ConfigError: no such method, or a setting that the method does not have.
    """
    from peft import PEFT_TYPE_TO_CONFIG_MAPPING

    methods = {str(getattr(kind, "value", kind)): config for kind, config in PEFT_TYPE_TO_CONFIG_MAPPING.items()}
    if strategy.type not in methods:
        raise ConfigError(
            f"PEFT has no method '{strategy.type}'", where="peft.type", fix=did_you_mean(strategy.type, list(methods))
        )
    settings: dict[str, Any] = {"task_type": task, **strategy.settings}
    if "modules_to_save" in methods[strategy.type].__dataclass_fields__:
        settings["modules_to_save"] = [*anatomy.head, *strategy.settings.get("modules_to_save", ())]
    try:
        return methods[strategy.type](**settings)
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"PEFT refuses these settings of {strategy.type}",
            where="peft.settings",
            found=str(error),
            fix="See PEFT's documentation.",
        ) from None


def install_peft(strategy: PeftStrategy, anatomy: Anatomy, model: Any) -> Any:
    """The model inside PEFT's wrapper.

    Raises:
        TargetError: a target that selects nothing, or a rank larger than a module's dimension.
        ConfigError: PEFT cannot put the method into this model.
    """
    from peft import get_peft_model

    images = getattr(model, "main_input_name", "") == "pixel_values"  # for which PEFT has no task of its own
    if "target_modules" in strategy.settings:
        targets = target_modules(strategy.settings["target_modules"], anatomy, model)
        strategy = strategy.model_copy(update={"settings": {**strategy.settings, "target_modules": targets}})
    config = peft_config(strategy, anatomy, None if images else "SEQ_CLS")
    if images and config.is_prompt_learning:
        raise ConfigError(
            f"{strategy.type} puts tokens of text in front of the others, and this model reads images",
            where="peft.type",
            fix="Choose a method that changes linears, such as IA3 or LOHA.",
        )
    try:
        with quietly():
            wrapped = get_peft_model(model, config)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise ConfigError(
            f"PEFT cannot put {strategy.type} into this {anatomy.family} model",
            where="peft",
            found=str(error).splitlines()[0],
            fix="Give target_modules by name, as PEFT wants them.",
        ) from error
    check_ranks(strategy.type, wrapped)
    return wrapped


def select_peft(strategy: PeftStrategy, anatomy: Anatomy, model: nn.Module) -> Selection:
    """What PEFT trains, counted on a throw-away copy of the model (meta device)."""
    wrapped = install_peft(strategy, anatomy, model)
    head = anatomy.inside(anatomy.head)
    saved_copies = tuple(f".{module}.modules_to_save." for module in anatomy.head)
    adapter = sum(
        parameter.numel()
        for name, parameter in wrapped.named_parameters()
        if parameter.requires_grad and not any(part in f".{name}" for part in saved_copies)
    )
    trained_head = head if getattr(wrapped.peft_config["default"], "modules_to_save", None) else ()
    return Selection(head=trained_head, saved_modules=anatomy.head if trained_head else (), peft_adapter=adapter)
