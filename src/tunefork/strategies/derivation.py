"""Where counts come from: formulas with the model's sizes filled in, made from shapes alone.

``count`` adds up what is there; this derives the same numbers the way a reader would on paper, so that one can be held
against the other.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tunefork.counts import Formula
from tunefork.models import Anatomy
from tunefork.strategies.selection import Adapter, Selection


@dataclass(frozen=True)
class _Term:
    """An expression and what it gives."""

    text: str
    value: int
    is_sum: bool = False


def derivation(selection: Selection, anatomy: Anatomy) -> tuple[Formula, ...]:
    """The formulas of everything that a strategy trains in a model: adapters, head, backbone.

    Example: ViT-B/16 with LoRA r=8 on query and value gives ``12 × 2 × 2 × 768 × 8`` = 294,912 (blocks, linears in
    each, A and B, width, rank) and its head for 101 classes ``768 × 101 + 101`` = 77,669.
    """
    found = _adapters(selection.adapters, anatomy)
    if selection.peft_adapter:
        found.append(Formula("adapter", "what PEFT adds", "", selection.peft_adapter))
    for owner, shapes in _by_owner(selection.head, anatomy).items():
        found.append(_formula("head", owner, _module(shapes)))
    return (*found, *_backbone(selection.backbone, anatomy))


def _adapters(adapters: Sequence[Adapter], anatomy: Anatomy) -> list[Formula]:
    """One formula per size of linear: A is [rank, inputs], B is [outputs, rank]."""
    linears = {linear.name: linear for linear in anatomy.linears}
    alike: dict[tuple[int, int, int], list[str]] = defaultdict(list)
    for adapter in adapters:
        alike[adapter.rank, adapter.inputs, adapter.outputs].append(adapter.module)
    found = []
    for (rank, inputs, outputs), names in alike.items():
        roles = dict.fromkeys(role for name in names for role in linears[name].roles or (name.rpartition(".")[2],))
        own = Counter(linears[name].block for name in names)
        each = f"each of {len(own)} blocks" if len(own) > 1 else f"block {next(iter(own))}"
        term = _sum([_product([inputs, rank]), _product([rank, outputs])])
        if inputs == outputs:
            term = _product([2, inputs, rank])
        if len(set(own.values())) == 1:
            term = _times(len(own), _times(next(iter(own.values())), term))
        else:
            term, each = _times(len(names), term), f"{len(names)} linears"
        found.append(_formula("adapter", f"A and B of rank {rank} on {', '.join(roles)} in {each}", term))
    return found


def _backbone(names: Sequence[str], anatomy: Anatomy) -> list[Formula]:
    """The embeddings, the blocks (those that are alike in one formula), and what else there is."""
    inside = {block: [name for name in names if name.startswith(f"{block}.")] for block in anatomy.blocks}
    alike: dict[tuple[str, ...], list[int]] = defaultdict(list)
    terms: dict[tuple[str, ...], _Term] = {}
    for number, own in enumerate(inside.values()):
        if own:
            modules = [_module(shapes) for shapes in _by_owner(own, anatomy).values()]
            key = tuple(module.text for module in modules)
            terms[key] = _sum(_gathered(modules))
            alike[key].append(number)
    blocks = [
        _formula(
            "backbone",
            f"{len(numbers)} blocks" if len(numbers) > 1 else f"block {numbers[0]}",
            _times(len(numbers), terms[key]),
        )
        for key, numbers in alike.items()
    ]
    first = set(anatomy.inside(anatomy.embeddings))
    taken = first.union(*inside.values())
    embeddings = _rest("embeddings", [name for name in names if name in first], anatomy)
    return [*embeddings, *blocks, *_rest("", [name for name in names if name not in taken], anatomy)]


def _rest(what: str, names: Sequence[str], anatomy: Anatomy) -> list[Formula]:
    """Modules outside the blocks, in one formula."""
    if not names:
        return []
    owners = _by_owner(names, anatomy)
    modules = [_module(shapes) for shapes in owners.values()]
    return [_formula("backbone", what or ", ".join(owners), _sum(_gathered(modules)))]


def _by_owner(names: Iterable[str], anatomy: Anatomy) -> dict[str, list[tuple[int, ...]]]:
    """The shapes of the parameters of each module, in the model's order."""
    found: dict[str, list[tuple[int, ...]]] = defaultdict(list)
    for name in names:
        found[name.rpartition(".")[0] or name].append(anatomy.parameters[name])
    return dict(found)


def _module(shapes: Sequence[tuple[int, ...]]) -> _Term:
    """A module's parameters; a linear's are written as inputs × outputs + outputs, however its weight is stored."""
    plain = [tuple(length for length in shape if length != 1) or (1,) for shape in shapes]
    if len(plain) == 2 and len(plain[0]) == 2 and plain[1] == plain[0][:1]:
        plain[0] = plain[0][::-1]
    return _sum(_gathered([_product(shape) for shape in plain]))


def _gathered(terms: Sequence[_Term]) -> list[_Term]:
    """Equal terms as one, with their number in front."""
    unique = dict.fromkeys(terms)
    return [_times(sum(other == term for other in terms), term) for term in unique]


def _product(factors: Iterable[int]) -> _Term:
    value, parts = 1, []
    for factor in factors:
        value *= factor
        parts.append(f"{factor:,}")
    return _Term(" × ".join(parts), value)


def _times(count: int, term: _Term) -> _Term:
    if count == 1:
        return term
    inner = f"({term.text})" if term.is_sum else term.text
    return _Term(f"{count:,} × {inner}", count * term.value)


def _sum(terms: Sequence[_Term]) -> _Term:
    if len(terms) == 1:
        return terms[0]
    return _Term(" + ".join(term.text for term in terms), sum(term.value for term in terms), is_sum=True)


def _formula(part: str, what: str, term: _Term) -> Formula:
    return Formula(part, what, term.text, term.value)
