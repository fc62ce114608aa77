"""What a study remembers, and where."""

from tunefork.store.memory import MemoryStore
from tunefork.store.protocol import Store
from tunefork.store.records import (
    BaselineRecord,
    EvaluationRecord,
    Predictions,
    RunRecord,
    Status,
    StepRecord,
    StudyRecord,
    TrialRecord,
)
from tunefork.store.sqlite import SqliteStore

__all__ = [
    "BaselineRecord",
    "EvaluationRecord",
    "MemoryStore",
    "Predictions",
    "RunRecord",
    "SqliteStore",
    "Status",
    "StepRecord",
    "Store",
    "StudyRecord",
    "TrialRecord",
]
