"""How copies of training texts are made."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from tunefork.config.values import Count, Share, Value
from tunefork.errors import ConfigError, did_you_mean

WORDNET = "wordnet"
"""In place of a file: the WordNet dictionary that is installed."""


class TextAugmentation(Value):
    """Changed copies of training texts (Wei and Zou 2019, "EDA", arXiv 1901.11196).

    Each copy is changed in one way, drawn among those that are asked for: synonyms where ``synonyms`` says whence,
    deletion and swaps where their shares are above 0. At least one word is changed.
    """

    synonyms: str = ""
    """A table with the columns word and synonym, a folder with WordNet's dictionary, or ``wordnet`` where it is
    installed; no synonyms unless given."""
    replace: Share = 0.1
    """Share of the words that get a synonym; 0.1 is every tenth, and one at least."""
    delete: Share = 0.0
    """Share of the words that are left out."""
    swap: Share = 0.0
    """Swaps of two words, as a share of the words."""
    copies: Annotated[Count, Field(le=100)] = 1
    """Of each training row."""
    seed: int = 0
    """Another seed makes other copies."""

    @model_validator(mode="after")
    def _some_way(self) -> TextAugmentation:
        if not self.ways:
            raise ValueError("augment needs synonyms (such as wordnet), or a share above 0 for delete or swap")
        return self

    @property
    def ways(self) -> dict[str, float]:
        """How a copy may be changed, and how much of it: ``replace``, ``delete``, ``swap``.

        >>> TextAugmentation(synonyms="wordnet", swap=0.2).ways
        {'replace': 0.1, 'swap': 0.2}
        """
        shares = {"replace": self.replace if self.synonyms else 0.0, "delete": self.delete, "swap": self.swap}
        return {way: share for way, share in shares.items() if share}


def parse_text_augmentation(text: str) -> dict[str, Any]:
    """What ``--augment-text`` says, as the study file would.

    >>> parse_text_augmentation("synonyms=wordnet,replace=0.2,copies=2")
    {'synonyms': 'wordnet', 'replace': 0.2, 'copies': 2}

    Raises:
        ConfigError: a part that is not of the form key=value, or a setting that there is not.
    """
    where, known = f"--augment-text {text}", list(TextAugmentation.model_fields)
    settings: dict[str, Any] = {}
    for part in text.split(","):
        key, equals, value = (side.strip() for side in part.partition("="))
        if not equals or not value:
            raise ConfigError(
                f"'{part}' is not of the form key=value",
                where=where,
                fix="Write --augment-text synonyms=wordnet,replace=0.1,copies=2.",
            )
        if key not in known:
            raise ConfigError(f"augment has no setting '{key}'", where=where, fix=did_you_mean(key, known))
        if key in settings:
            raise ConfigError(f"'{key}' is given twice", where=where, fix="Give it once.")
        settings[key] = value if key == "synonyms" else _number(value, where)
    return settings


def _number(text: str, where: str) -> int | float:
    try:
        return int(text) if text.lstrip("-").isdigit() else float(text)
    except ValueError:
        raise ConfigError(f"'{text}' is not a number", where=where, fix="Write 0.1 for every tenth word.") from None
