"""A small dictionary in WordNet's format (wndb(5WN)), written for the tests."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

PARTS = {"noun": ("n", 1), "verb": ("v", 2), "adj": ("a", 3), "adv": ("r", 4)}
LICENCE = "  1 A dictionary of a few words, for tests.\n"
SENSES: tuple[tuple[str, int, dict[str, int]], ...] = (
    ("noun", 10, {"movie": 26, "film": 38, "moving_picture": 0, "motion-picture_show": 0, "Flick": 0}),
    ("noun", 6, {"film": 5, "celluloid": 0}),
    ("noun", 4, {"parcel": 1, "package": 3}),
    ("verb", 31, {"desire": 20, "want": 389}),
    ("verb", 29, {"have": 900, "feature": 2}),
    ("adv", 2, {"late": 16, "belatedly": 0, "tardily": 0}),
    ("adj", 0, {"late": 33}),
    ("noun", 14, {"information_technology": 0, "IT": 0}),
)
"""Part of speech, number of the file the sense is in, and how often each word was found with this sense."""


def write_dictionary(folder: Path) -> Path:
    """Write it; the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    counts = []
    for part, (letter, number) in PARTS.items():
        data, index = LICENCE, defaultdict(list)
        for kind, file, words in SENSES:
            if kind != part:
                continue
            offset = len(data)
            named = " ".join(f"{word} 0" for word in words)
            frames = " 00" if part == "verb" else ""
            data += f"{offset:08} {file:02} {letter} {len(words):02x} {named} 000{frames} | a meaning\n"
            for word, uses in words.items():
                index[word.lower()].append(offset)
                counts += [f"{word.lower()}%{number}:{file:02}:00:: 1 {uses}\n"] if uses else []
        lines = [
            f"{word} {letter} {len(at)} 0 {len(at)} 0 {' '.join(f'{each:08}' for each in at)}\n"
            for word, at in sorted(index.items())
        ]
        (folder / f"data.{part}").write_text(data)
        (folder / f"index.{part}").write_text(LICENCE + "".join(lines))
        (folder / f"{part}.exc").write_text("films film\n" if part == "noun" else "")
    (folder / "cntlist.rev").write_text("".join(sorted(counts)))
    return folder
