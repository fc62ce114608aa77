"""What a study remembers, and where."""

from tunefork.store.protocol import Store
from tunefork.store.records import (
    CountsRecord,
    EvaluationRecord,
    Predictions,
    RunRecord,
    StepRecord,
    StudyRecord,
)

__all__ = ["CountsRecord", "EvaluationRecord", "Predictions", "RunRecord", "StepRecord", "Store", "StudyRecord"]
