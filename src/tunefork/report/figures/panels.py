"""Small multiples: which configurations share a set of axes, so that many stay readable."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tunefork.report.run_summary import RunSummary
from tunefork.report.summary import ConfigurationSummary, Summary
from tunefork.report.wording import STRATEGIES
from tunefork.store import EvaluationRecord

TOGETHER = 7
"""Configurations that can be told apart in one set of axes: as many as there are colours."""


@dataclass(frozen=True)
class Panel:
    """Configurations in one set of axes: a block of the study, or a strategy, or a part of one."""

    title: str
    configurations: tuple[ConfigurationSummary, ...]


def panels(summary: Summary) -> list[Panel]:
    """The configurations of the study in groups of at most ``TOGETHER``.

    Blocks stay together where the study has blocks; else strategies, and of many LoRAs those with the same targets.
    """
    known = [one for one in summary.configurations if any(run.steps or validations(run) for run in one.runs)]
    if any(one.blocks for one in known):
        groups = {title: [one for one in shown if one in known] for title, shown in summary.blocks}
    elif len(known) <= TOGETHER:
        groups = {"": known}
    else:
        groups = _by_strategy(known)
    return [panel for title, group in groups.items() for panel in _parts(title, group)]


def _by_strategy(known: Sequence[ConfigurationSummary]) -> dict[str, list[ConfigurationSummary]]:
    """Strategies with one configuration share a group."""
    kinds = Counter(one.strategy for one in known)
    groups: dict[str, list[ConfigurationSummary]] = {}
    for one in known:
        title = STRATEGIES.get(one.strategy, one.strategy) if kinds[one.strategy] > 1 else ""
        targets = one.runs[0].record.config.get("strategy", {}).get("targets")
        if one.strategy == "lora" and kinds["lora"] > TOGETHER and isinstance(targets, list):
            title = f"LoRA {'+'.join(targets)}"
        groups.setdefault(title, []).append(one)
    return groups


def _parts(title: str, group: Sequence[ConfigurationSummary]) -> Iterator[Panel]:
    """As few equal parts as hold no more than ``TOGETHER``."""
    count = -(-len(group) // TOGETHER)
    for number in range(count):
        part = group[number * len(group) // count : (number + 1) * len(group) // count]
        yield Panel(f"{title} {number + 1}/{count}".strip() if count > 1 else title, tuple(part))


def validations(run: RunSummary) -> list[EvaluationRecord]:
    """A run's evaluations on validation, by step."""
    return [one for one in run.evaluations if one.split == "validation"]
