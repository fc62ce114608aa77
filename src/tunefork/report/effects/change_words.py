"""How training changed the matrices, as sentences and as a table."""

from __future__ import annotations

from collections.abc import Sequence

from tunefork.report.effects.changes import Changes, ConfigurationChanges
from tunefork.report.run_summary import Spread
from tunefork.report.tables import Block, Row, Table
from tunefork.report.wording import listed, plain_percent, several

NAMED = 6
"""Configurations in one sentence at most; the table has them all."""


def change_sentences(changes: Changes) -> tuple[str, ...]:
    """What the numbers say."""
    ordered = sorted(changes.configurations, key=lambda one: -one.spread("intruders").mean)
    sentences = [_intruders(ordered, changes)]
    if len(ordered) > 1:
        by_norm = sorted(ordered, key=lambda one: -one.spread("relative_norm").mean)
        sentences.append(
            f"The matrices that train moved furthest in {by_norm[0].name}, by {_norm(by_norm[0])} of their norm on "
            f"average, and least in {by_norm[-1].name}, by {_norm(by_norm[-1])}."
        )
    if changes.untouched:
        verb = "trains" if len(changes.untouched) == 1 else "train"
        sentences.append(f"{listed(changes.untouched)} {verb} no matrix of the backbone.")
    if ordered[0].spread("intruders").mean:
        sentences.append(
            "An intruder dimension is a large singular direction that resembles none of the pretrained matrix's own. "
            "Shuttleworth et al. 2024 found them where models had forgotten more; whether these models forgot is what "
            "tunefork retention measures."
        )
    return tuple(sentences)


def change_table(changes: Changes) -> Table:
    """One line for each configuration: means over its matrices, and over its seeds."""
    columns = ("run", "matrices", "‖ΔW‖ / ‖W‖ %", "effective rank", "stable rank", "intruders", "a matrix")
    rows = tuple(_row(one) for one in changes.configurations)
    note = (
        f"Intruders are counted over all matrices that train ({changes.settings}); norms and ranks of ΔW are means "
        "over them. In brackets the range over seeds."
    )
    return Table("", columns, (Block("", rows),), (note,))


def _intruders(ordered: Sequence[ConfigurationChanges], changes: Changes) -> str:
    if not ordered[0].spread("intruders").mean:
        return f"No matrix of any run has an intruder dimension ({changes.settings})."
    parts = [_most(ordered[0], changes), *(_fewer(one) for one in ordered[1:NAMED])]
    left = len(ordered) - NAMED
    rest = f" The table has {several(left, 'more configuration')}, with as many or fewer." if left > 0 else ""
    return f"{listed(parts)}.{rest}"


def _most(one: ConfigurationChanges, changes: Changes) -> str:
    spread = one.spread("intruders")
    noun = "dimension" if spread.mean == 1 else "dimensions"
    matrices = "1 matrix" if one.matrices == 1 else f"{one.matrices:,} matrices"
    settings = "; ".join(filter(None, [changes.settings, _range(spread)]))
    return f"{one.name} has {_count(spread.mean)} intruder {noun} in {matrices} ({settings})"


def _fewer(one: ConfigurationChanges) -> str:
    spread = one.spread("intruders")
    seeds = f" ({_range(spread)})" if _range(spread) else ""
    return f"{one.name} {_count(spread.mean)} in {one.matrices:,}{seeds}"


def _range(spread: Spread) -> str:
    low, high = min(spread.values), max(spread.values)
    return "" if low == high else f"{low:,.0f} to {high:,.0f} over {several(len(spread.values), 'seed')}"


def _norm(one: ConfigurationChanges) -> str:
    return f"{plain_percent(100 * one.spread('relative_norm').mean)} %"


def _row(one: ConfigurationChanges) -> Row:
    intruders = one.spread("intruders")
    relative = Spread(tuple(100 * each for each in one.spread("relative_norm").values))
    ends = (min(intruders.values), max(intruders.values))
    cells = (
        one.name,
        f"{one.matrices:,}",
        _ranged(relative, 2),
        _ranged(one.spread("effective_rank"), 1),
        _ranged(one.spread("stable_rank"), 1),
        _count(intruders.mean) + (f" ({ends[0]:,.0f}–{ends[1]:,.0f})" if ends[0] != ends[1] else ""),
        f"{intruders.mean / one.matrices:.2f}",
    )
    return Row(cells)


def _ranged(spread: Spread, digits: int) -> str:
    """The mean, and where seeds differ the range."""
    mean, low, high = (f"{each:.{digits}f}" for each in (spread.mean, min(spread.values), max(spread.values)))
    return mean if low == high else f"{mean} ({low}–{high})"


def _count(value: float) -> str:
    """A mean of counts: whole where it is one."""
    return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"
