"""Changed copies of training texts: words (what is changed), synonyms (from where), copies (which rows get them)."""

from tunefork.data.augment.copies import Augmented, augment

__all__ = ["Augmented", "augment"]
