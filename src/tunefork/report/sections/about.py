"""What the study was about: settings, data, environment, how to repeat it, how to read the page."""

from __future__ import annotations

from typing import Any

from tunefork.report.glossary import settings
from tunefork.report.repeating import repeat
from tunefork.report.sections.material import Material
from tunefork.report.wording import flat, percent
from tunefork.store import StudyRecord


def meanings(material: Material) -> dict[str, Any] | None:
    """What this study's settings mean."""
    found = settings(material.summary)
    return {"settings": found} if found else None


def data(material: Material) -> dict[str, Any]:
    """Task, model, rows, labels."""
    study = material.summary.study
    facts = [("task", study.task), ("model", study.model)]
    facts += [(f"{split} rows", f"{rows:,}") for split, rows in study.rows.items()]
    if study.problem == "regression":
        return {"facts": [*facts, ("label", f"{study.labels[0]}, a number"), *_data_facts(study)]}
    shown = ", ".join(study.labels[:30]) + (f" and {len(study.labels) - 30} more" if len(study.labels) > 30 else "")
    return {"facts": [*facts, ("labels", f"{len(study.labels)}: {shown}"), *_data_facts(study)]}


def _data_facts(study: StudyRecord) -> list[tuple[str, str]]:
    long = [
        (f"{split} texts longer than the limit", f"{percent(share, 1)} %") for split, share in study.truncated.items()
    ]
    return [("data hash", study.data_hash), *long]


def repeating(material: Material) -> dict[str, Any]:
    """The command, the versions, the time."""
    found = repeat(material.summary, material.study_file)
    return {"repeat": found, "environment": flat(material.summary.study.environment)}


def reading(material: Material) -> dict[str, Any]:
    """What stands in the partial, and what the metrics mean where that is not common knowledge."""
    return {"meanings": material.summary.units.kind.meanings}
