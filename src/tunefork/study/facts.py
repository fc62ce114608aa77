"""What every saved model says of the study that it comes from."""

from __future__ import annotations

from typing import Any

from tunefork.config import StudyConfig
from tunefork.data import Splits
from tunefork.models import BACKEND, Backbone
from tunefork.study.encoding import Encoded


def artefact_facts(study: StudyConfig, splits: Splits, encoded: Encoded, backbone: Backbone) -> dict[str, Any]:
    """The part of ``tunefork.json`` that is the same for all runs: labels, columns, lengths."""
    data, columns = study.data, splits.columns
    facts = {"study": study.name, "task": splits.task, "labels": list(splits.labels.names), "id": columns.id}
    facts["problem"] = splits.problem
    if columns.image:
        return facts | {
            "image": columns.image,
            "image_size": data.image_size,
            "image_backend": BACKEND,
            "interpolate": backbone.interpolate,
        }
    return facts | {"text": list(columns.text), "max_length": encoded.max_length, "truncation": data.truncation}
