"""Long contents as something short to compare.

Where ``CI`` is set, pytest tells every difference of two values that should be equal. Of two files of weights that
takes it longer than any test may, and nobody reads it: a test compares their digests, and fails in a moment.
"""

from __future__ import annotations

import hashlib


def digest(content: bytes) -> str:
    """Sixteen hexadecimal digits (64 bits of SHA-256) that differ where the bytes do."""
    return hashlib.sha256(content).hexdigest()[:16]
