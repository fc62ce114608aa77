"""What the study was about: settings, data, environment, how to repeat it, how to read the page."""

from __future__ import annotations

from typing import Any

from tunefork.report.glossary import settings
from tunefork.report.repeating import repeat
from tunefork.report.sections.material import Material
from tunefork.report.wording import flat, percent


def meanings(material: Material) -> dict[str, Any] | None:
    """What this study's settings mean."""
    found = settings(material.summary)
    return {"settings": found} if found else None


def data(material: Material) -> dict[str, Any]:
    """Task, model, rows, labels."""
    study = material.summary.study
    facts = [("task", study.task), ("model", study.model)]
    facts += [(f"{split} rows", f"{rows:,}") for split, rows in study.rows.items()]
    shown = ", ".join(study.labels[:30]) + (f" and {len(study.labels) - 30} more" if len(study.labels) > 30 else "")
    facts += [("labels", f"{len(study.labels)}: {shown}"), ("data hash", study.data_hash)]
    facts += [
        (f"{split} texts longer than the limit", f"{percent(share, 1)} %") for split, share in study.truncated.items()
    ]
    return {"facts": facts}


def repeating(material: Material) -> dict[str, Any]:
    """The command, the versions, the time."""
    found = repeat(material.summary, material.study_file)
    return {"repeat": found, "environment": flat(material.summary.study.environment)}


def reading(material: Material) -> dict[str, Any]:
    """What stands in the partial."""
    return {}
