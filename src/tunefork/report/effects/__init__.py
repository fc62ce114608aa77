"""What fine-tuning did to the models of a study: how their matrices changed, what they kept of an earlier task."""

from tunefork.report.effects.change_words import change_sentences, change_table
from tunefork.report.effects.changes import MEASURES, Changes, ConfigurationChanges, RunChanges, changes_of
from tunefork.report.effects.json import changes_json, effects_json, retention_json
from tunefork.report.effects.retention import Answered, ConfigurationRetention, TaskRetention, retention_of
from tunefork.report.effects.retention_words import retention_sentences, retention_table

__all__ = [
    "MEASURES",
    "Answered",
    "Changes",
    "ConfigurationChanges",
    "ConfigurationRetention",
    "RunChanges",
    "TaskRetention",
    "change_sentences",
    "change_table",
    "changes_json",
    "changes_of",
    "effects_json",
    "retention_json",
    "retention_of",
    "retention_sentences",
    "retention_table",
]
