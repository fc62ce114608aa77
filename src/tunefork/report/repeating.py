"""How to repeat a study: the command, the versions, what was chosen by measurement, and how long it takes."""

from __future__ import annotations

import hashlib
import shlex
from dataclasses import dataclass

from tunefork.report.summary import Summary
from tunefork.report.wording import duration, listed, several

PINNED = ("tunefork", "torch", "transformers", "peft", "tokenizers", "numpy", "scikit-learn", "pillow", "kornia")
"""Packages whose versions decide the numbers."""


@dataclass(frozen=True)
class Repeat:
    """What to type, and what to know."""

    commands: tuple[str, ...]
    """For a shell, in the study's folder."""
    notes: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]


def repeat(summary: Summary, study_file: str = "") -> Repeat:
    """The command that runs the same study again into a folder of its own.

    Args:
        summary: the study.
        study_file: its resolved study file, which lies in its folder.
    """
    import yaml

    study, commands, notes = summary.study, [], []
    versions = [f"{name}=={found}" for name in PINNED if (found := _version(study.environment.get(name)))]
    if versions:
        commands.append(f"pip install {' '.join(shlex.quote(each) for each in versions)}")
    if study_file:
        workers = study.environment.get("workers")
        option = f" --workers {workers}" if isinstance(workers, int) and workers > 1 else ""
        commands.append(f"tunefork run study.yaml -o {shlex.quote(f'{study.name}-again')}{option}")
        content = yaml.safe_load(study_file)
        if isinstance(content, dict) and (content.get("data") or {}).get("train") == "-":
            notes.append(
                "The rows were handed over in Python, so they have to be again: "
                "Study.from_file takes none, Study(data=load_data(frame)) does."
            )
    if study.choices:
        notes.append(
            "What was chosen by measurement (precision, groups, workers) is in study.db, and a study that is continued "
            "keeps it. Another folder or machine may choose otherwise; numbers then agree up to rounding."
        )
    return Repeat(tuple(commands), tuple(notes), _facts(summary, study_file))


def _facts(summary: Summary, study_file: str) -> tuple[tuple[str, str], ...]:
    study, done = summary.study, [run for run in summary.runs if run.done]
    spent, alone = (sum(getattr(run.record, name) for run in done) for name in ("seconds", "seconds_alone"))
    facts = []
    if spent:
        told = f"{duration(spent)} for {several(len(done), 'run')}"
        saved = f"; one after another, alone, about {duration(alone)}" if alone > 1.02 * spent else ""
        facts.append(("training in all", told + saved))
    facts.append(("data hash", study.data_hash))
    if study_file:
        facts.append(("study.yaml, SHA-256", hashlib.sha256(study_file.encode()).hexdigest()))
    precisions = dict.fromkeys(run.record.precision for run in done if run.record.precision)
    facts += [("precision", listed(list(precisions)))] if precisions else []
    return tuple(facts)


def _version(found: object) -> str:
    """As an index knows it, without the mark of a local build; empty for what is no version.

    >>> _version("2.13.0+cpu"), _version("not installed")
    ('2.13.0', '')
    """
    return found.partition("+")[0] if isinstance(found, str) and found[:1].isdigit() else ""
