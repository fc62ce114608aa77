"""What further training left of an earlier task, as sentences and as a table."""

from __future__ import annotations

from tunefork.report.effects.retention import Answered, ConfigurationRetention, TaskRetention
from tunefork.report.tables import Block, Row, Table
from tunefork.report.wording import UNKNOWN, listed, percent, points, several
from tunefork.uncertainty import SIGNIFICANT, Difference

NAMED = 4
"""Pairs that are told apart in words at most."""


def retention_sentences(found: TaskRetention, study: str) -> tuple[str, ...]:
    """What the numbers say.

    Args:
        found: an earlier task.
        study: the name of the study that trained further.
    """
    before, rows = found.before, several(found.before.rows, "row")
    sentences = [
        f"Before training on {study}, the model answered {percent(before.accuracy, 1)} % of {rows} of {before.name} "
        "rightly."
    ]
    ordered = sorted(found.configurations, key=lambda one: -one.shown.accuracy.mean)
    sentences += [_sentence(one, before.name) for one in ordered]
    return (*sentences, *_saved(found), *_pairs(found))


def retention_table(found: TaskRetention) -> Table:
    """One line for each configuration, and one for the model before."""
    own = any(one.own for one in found.configurations)
    columns = ("run", "accuracy %", "difference", "95 % interval", "still right %") + ("earlier head %",) * own
    rows = [_row(one, own) for one in found.configurations]
    before = (f"before ({found.before.name})", percent(found.before.accuracy), UNKNOWN, UNKNOWN, UNKNOWN)
    rows.append(Row(before + (percent(found.before.accuracy),) * own, "reference"))
    notes = [
        "difference: of accuracies, in points, paired by row; its interval counts rows, and seeds where there are "
        "several. still right: of the rows that the model before answered rightly.",
        _how(own),
    ]
    caption = f"{several(found.before.rows, 'row')} of {found.before.name}"
    return Table(caption, columns, (Block("", tuple(rows)),), tuple(notes))


def _how(own: bool) -> str:
    if not own:
        return "Each run's backbone answers under the head of the model before, because its own has other classes."
    return "Models answer as they are; in the last column their backbones answer under the head of the model before."


def _sentence(one: ConfigurationRetention, task: str) -> str:
    shown = one.shown
    seeds = len(shown.records)
    of = f", {several(seeds, 'seed')}" if seeds > 1 else ""
    if (shown.right == shown.before).all():
        return f"{one.name} answers every row as before{of}."
    head = ""
    if one.own and one.earlier:
        head = f" Under the earlier head its backbone has {percent(one.earlier.accuracy.mean, 1)} %."
    return (
        f"{one.name} keeps {percent(shown.kept, 1)} % of the right answers on {task}: accuracy "
        f"{percent(shown.accuracy.mean, 1)} % ({points(shown.difference.value, sign=True)} points, 95 % interval "
        f"{_interval(shown.difference)}{of}).{head}"
    )


def _saved(found: TaskRetention) -> tuple[str, ...]:
    """The saved models are no sample of seeds: of each, rows alone say whether it is worse than the one before."""
    worse = [
        one.name
        for one in found.configurations
        if one.shown.difference.value < 0
        and all(found.p_values[record.run] < SIGNIFICANT for record in one.shown.records)
    ]
    if not worse:
        return ()
    return (
        f"Every saved model of {listed(worse)} answers these rows worse than the model before (McNemar's test, "
        "corrected for all saved models).",
    )


def _pairs(found: TaskRetention) -> tuple[str, ...]:
    """Which configurations keep more than others, where the rows show it."""
    names = [one.name for one in found.configurations]
    pairs = [pair if pair.difference.value > 0 else pair.turned for pair in found.pairs]
    shown = sorted((pair for pair in pairs if pair.outcome == "better"), key=lambda pair: -pair.difference.value)
    if not pairs:
        return ()
    if not shown:
        return ("That one configuration keeps more than another is not shown, corrected for all pairs.",)
    told = [
        f"{names[pair.first]} keeps more than {names[pair.second]} ({points(pair.difference.value, sign=True)} points, "
        f"{_interval(pair.difference)})"
        for pair in shown[:NAMED]
    ]
    more = f" So do {len(shown) - NAMED} other pairs." if len(shown) > NAMED else ""
    return (f"Shown after correction for all pairs: {'; '.join(told)}.{more}",)


def _row(one: ConfigurationRetention, own: bool) -> Row:
    shown = one.shown
    cells = (
        one.name,
        _accuracy(shown),
        points(shown.difference.value, sign=True),
        _interval(shown.difference),
        percent(shown.kept, 1),
    )
    return Row(cells + ((_accuracy(one.earlier) if one.earlier else UNKNOWN),) * own)


def _accuracy(answered: Answered) -> str:
    spread = answered.accuracy
    ends = [percent(each) for each in (min(spread.values), max(spread.values))]
    return percent(spread.mean) + (f" ({ends[0]}–{ends[1]})" if ends[0] != ends[1] else "")


def _interval(difference: Difference) -> str:
    return f"{points(difference.interval.low, sign=True)} to {points(difference.interval.high, sign=True)}"
