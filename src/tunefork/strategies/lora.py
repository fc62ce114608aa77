"""LoRA: low-rank adapters on chosen linears, and the head."""

from collections.abc import Sequence

from tunefork.config import LoRAStrategy
from tunefork.errors import TargetError, UnsupportedModelError, did_you_mean
from tunefork.models import Anatomy, Linear
from tunefork.strategies.selection import Adapter, Selection


def select_lora(strategy: LoRAStrategy, anatomy: Anatomy) -> Selection:
    """Adapters on the targets of the chosen blocks, the head, and what ``bias`` and ``modules_to_save`` add.

    Raises:
        TargetError: a target, layer or module that is not there, or a rank larger than a linear allows.
    """
    linears, notices = anatomy.match(strategy.targets)
    if strategy.layers is not None:
        linears = _in_layers(linears, strategy.layers, anatomy)
        if not linears:
            raise TargetError(
                "The targets are in none of the chosen layers",
                where="lora.layers",
                found=f"targets {'+'.join(strategy.targets)}, layers {'+'.join(map(str, strategy.layers))}",
                fix="Leave layers out, or name targets in them.",
            )
    for linear in linears:
        if strategy.rank > min(linear.inputs, linear.outputs):
            raise TargetError(
                f"rank must be at most {min(linear.inputs, linear.outputs)} for {linear.name} but got {strategy.rank}",
                where="lora.rank",
                found=f"a linear from {linear.inputs} to {linear.outputs}",
                fix="Lower the rank, or leave this linear out of the targets.",
            )
    saved = anatomy.head + _modules(strategy.modules_to_save, anatomy)
    head = anatomy.inside(anatomy.head)
    backbone = [name for name in anatomy.inside(saved) if name not in set(head)]
    backbone += [name for name in _biases(strategy, linears, anatomy) if name not in {*head, *backbone}]
    return Selection(
        head=head,
        backbone=tuple(backbone),
        adapters=tuple(Adapter(linear.name, strategy.rank, linear.inputs, linear.outputs) for linear in linears),
        saved_modules=saved,
        notices=notices,
    )


def _in_layers(linears: Sequence[Linear], layers: Sequence[int], anatomy: Anatomy) -> tuple[Linear, ...]:
    if anatomy.shared_blocks:
        raise UnsupportedModelError(
            f"{anatomy.family}'s blocks are one block applied many times, so adapters cannot be put on some of them",
            where="lora.layers",
            fix="Leave layers out.",
        )
    beyond = [layer for layer in layers if layer >= len(anatomy.blocks)]
    if beyond:
        raise TargetError(
            f"There is no layer {beyond[0]}",
            where="lora.layers",
            found=f"layers 0 to {len(anatomy.blocks) - 1}",
            fix="Layers count from 0.",
        )
    return tuple(linear for linear in linears if linear.block in layers)


def _modules(names: Sequence[str], anatomy: Anatomy) -> tuple[str, ...]:
    """Full paths of the modules that end in the given names."""
    owners = [name.split(".")[:-1] for name in anatomy.parameters]
    modules = list(dict.fromkeys(".".join(owner[:end]) for owner in owners for end in range(1, len(owner) + 1)))
    found: list[str] = []
    for name in names:
        matching = [module for module in modules if module == name or module.endswith(f".{name}")]
        if not matching:
            raise TargetError(
                f"There is no module '{name}'",
                where="lora.modules_to_save",
                fix=did_you_mean(name, list(dict.fromkeys(module.rpartition(".")[2] for module in modules))),
            )
        found += [module for module in matching if module not in anatomy.head]
    return tuple(dict.fromkeys(found))


def _biases(strategy: LoRAStrategy, linears: Sequence[Linear], anatomy: Anatomy) -> list[str]:
    if strategy.bias == "all":
        return [name for name in anatomy.parameters if name.rpartition(".")[2] == "bias"]
    if strategy.bias == "lora_only":
        return [f"{linear.name}.bias" for linear in linears if linear.bias]
    return []
