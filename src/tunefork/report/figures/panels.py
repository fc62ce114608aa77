"""Small multiples: which configurations share a set of axes, so that many stay readable."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tunefork.report.run_summary import RunSummary
from tunefork.report.summary import ConfigurationSummary, Summary
from tunefork.store import EvaluationRecord

TOGETHER = 6
"""Configurations that can be told apart in one set of axes."""


@dataclass(frozen=True)
class Panel:
    """Configurations in one set of axes: a block of the study, or a strategy, or a part of one."""

    title: str
    configurations: tuple[ConfigurationSummary, ...]


def panels(summary: Summary) -> list[Panel]:
    """The configurations of the study in groups of at most ``TOGETHER``, block by block or strategy by strategy."""
    known = [one for one in summary.configurations if any(run.steps or validations(run) for run in one.runs)]
    if any(one.blocks for one in known):
        groups = [(title, [one for one in shown if one in known]) for title, shown in summary.blocks]
    elif len(known) > TOGETHER:
        kinds = dict.fromkeys(one.strategy for one in known)
        lone = [kind for kind in kinds if sum(one.strategy == kind for one in known) == 1]
        groups = [("", [one for one in known if one.strategy in lone])]
        groups += [
            (kind.replace("_", " "), [one for one in known if one.strategy == kind])
            for kind in kinds
            if kind not in lone
        ]
    else:
        groups = [("", known)]
    return [panel for title, group in groups for panel in _parts(title, group)]


def _parts(title: str, group: Sequence[ConfigurationSummary]) -> Iterator[Panel]:
    """As few equal parts as hold no more than ``TOGETHER``."""
    count = -(-len(group) // TOGETHER)
    for number in range(count):
        part = group[number * len(group) // count : (number + 1) * len(group) // count]
        yield Panel(f"{title} {number + 1}/{count}".strip() if count > 1 else title, tuple(part))


def validations(run: RunSummary) -> list[EvaluationRecord]:
    """A run's evaluations on validation, by step."""
    return [one for one in run.evaluations if one.split == "validation"]
