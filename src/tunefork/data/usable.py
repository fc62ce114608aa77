"""The rows that can be used, of all tables that were given: everything that is wrong with them is told at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from tunefork.config import DataConfig
from tunefork.data.columns import Columns
from tunefork.data.images.gallery import Resize
from tunefork.data.label_map import LabelMap
from tunefork.data.leakage import settle, torn_groups
from tunefork.data.left_out import LeftOut
from tunefork.data.naming import Named, name_labels, settle_rare
from tunefork.data.rows import RowSet, clean_rows
from tunefork.data.table import Table
from tunefork.errors import SplitError
from tunefork.preflight import Preflight
from tunefork.problem import Problem


@dataclass
class Said:
    """What there is to be told of the rows, and which were left out."""

    notices: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


def usable_rows(
    tables: Mapping[str, Table],
    columns: Columns,
    problem: Problem,
    config: DataConfig,
    resize: Resize | None,
    said: Said,
) -> tuple[dict[str, RowSet], LabelMap]:
    """The usable rows of all tables by role, and the names of their labels.

    Raises:
        DataError, ProblemsError: see ``load_splits``.
    """
    checks, pools = Preflight(), dict[str, RowSet]()
    for role, table in tables.items():
        said.notices += table.notices
        group = columns.group if columns.group in table.values else ""
        cleaned = clean_rows(table, replace(columns, group=group), config, checks, resize, problem, role)
        if cleaned is not None:
            pools[role] = cleaned.rows
            said.notices += cleaned.notices
            said.warnings += cleaned.warnings
            said.left_out += cleaned.left_out
    settled = _settle_leaks(pools, columns, config, checks, said)
    if settled and len(pools) == len(tables):
        named = checks.look(lambda: name_labels(pools, columns, config, checks))
        missing = ("test" not in pools and config.test) or ("validation" not in pools and config.validation)
        if named is not None and missing:
            known = named
            named = checks.past(lambda settings: _rare_settled(known, settings), config)
    checks.settle()
    assert named is not None
    said.notices += named[2]
    return named[0], named[1]


def _rare_settled(named: Named, config: DataConfig) -> Named:
    """The splits with what is done about rare classes, and all notices."""
    pools, labels, told = settle_rare(named[0], named[1], config)
    return pools, labels, (*named[2], *told)


def _settle_leaks(
    pools: dict[str, RowSet], columns: Columns, config: DataConfig, checks: Preflight, said: Said
) -> bool:
    """Compare what the user supplied, before anything is held out: our own splits cannot leak.

    A text in both validation and test is taken out of validation: test rows are never changed.

    Returns:
        Whether rows are left in all of them.
    """
    left = True
    for first, second in (("train", "validation"), ("train", "test"), ("validation", "test")):
        if first not in pools or second not in pools:
            continue
        pair = (first, pools[first]), (second, pools[second])
        settled = checks.past(partial(_settled, *pair), config)
        if settled is None:
            left = False
            continue
        pools[first], notice, warning = settled
        torn = torn_groups((first, pools[first]), (second, pools[second]), columns.group)
        said.notices += filter(None, [notice])
        said.warnings += filter(None, [warning, torn])
    return left


def _settled(first: tuple[str, RowSet], second: tuple[str, RowSet], config: DataConfig) -> tuple[RowSet, str, str]:
    """See ``settle``; something has to be left."""
    rows, notice, warning = settle(first, second, config.leakage)
    if not len(rows):
        raise SplitError(
            f"No row of {first[0]} is left: all of its {rows.kind}s are in {second[0]}",
            where=rows.table.name,
            fix="Give another file.",
        )
    return rows, notice, warning
