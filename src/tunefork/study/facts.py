"""What a saved model has to know of its study to read new rows: labels, columns, lengths."""

from __future__ import annotations

from typing import Any

from tunefork.config import StudyConfig
from tunefork.data import Splits
from tunefork.models import BACKEND, Backbone
from tunefork.study.encoding import Encoded


def model_facts(study: StudyConfig, splits: Splits, backbone: Backbone, encoded: Encoded) -> dict[str, Any]:
    """What goes into every artefact's ``tunefork.json``."""
    data, columns = study.data, splits.columns
    facts = {"study": study.name, "task": splits.task, "labels": list(splits.labels.names), "id": columns.id}
    if columns.image:
        return facts | {
            "image": columns.image,
            "image_size": data.image_size,
            "image_backend": BACKEND,
            "interpolate": backbone.interpolate,
        }
    return facts | {
        "text": list(columns.text),
        "max_length": encoded.max_length,
        "truncation": data.truncation,
    }
