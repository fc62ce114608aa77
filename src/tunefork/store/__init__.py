"""What a study remembers, and where."""

from tunefork.store.changes import ChangeRecord, RetentionRecord
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
from tunefork.store.wishes import StopWish

__all__ = [
    "BaselineRecord",
    "ChangeRecord",
    "EvaluationRecord",
    "MemoryStore",
    "Predictions",
    "RetentionRecord",
    "RunRecord",
    "SqliteStore",
    "Status",
    "StepRecord",
    "StopWish",
    "Store",
    "StudyRecord",
    "TrialRecord",
]
