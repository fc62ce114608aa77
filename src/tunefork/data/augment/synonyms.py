"""Where synonyms come from: a table of the user's, or WordNet's dictionary."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Sequence
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

from tunefork.config import WORDNET
from tunefork.data.augment.words import Synonyms
from tunefork.data.readers import read_rows
from tunefork.data.table import Table, count, missing, shorten
from tunefork.errors import ColumnError, ConfigError, DataError, MissingExtraError, did_you_mean

SETTING = "data.augment.synonyms"
COLUMNS = ("word", "synonym")
FILES = ("data.noun", "data.verb", "data.adj", "data.adv", "index.noun", "index.verb", "index.adj", "index.adv")
PLACES = ("/usr/share/wordnet", "/usr/local/WordNet-3.0/dict", "/opt/homebrew/opt/wordnet/dict")
"""Where packages put WordNet's dictionary; its own variables WNSEARCHDIR and WNHOME come first."""
COMMON = 0.5
"""Senses of a word that are used: those found at least so often, as a share, as its most frequent one."""


def find_synonyms(source: str, base: Path | None = None) -> tuple[Synonyms, str, tuple[str, ...]]:
    """What gives the synonyms of a word in lower case, where they come from, and notices.

    Args:
        source: a table with the columns word and synonym, a folder with WordNet's dictionary, or ``wordnet``.
        base: the folder that relative paths start from; the working directory unless given.

    Raises:
        ConfigError: there is nothing under that name.
        MissingExtraError: WordNet without the package ``nltk``.
        ReadError, ColumnError, DataError: a table that cannot be used.
    """
    if source == WORDNET:
        folder = installed_wordnet()
        return WordNet(folder), f"WordNet in {folder}", ()
    path = (base or Path()) / Path(source).expanduser()
    if path.is_dir():
        if absent := [name for name in FILES if not (path / name).is_file()]:
            raise ConfigError(
                "The folder does not hold WordNet's dictionary",
                where=f"{SETTING}: {source}",
                found=f"no {shorten(absent, 3)}",
                fix="Name the folder with index.noun and data.noun, or a CSV file with the columns word and synonym.",
            )
        return WordNet(path), f"WordNet in {source}", ()
    if not path.is_file():
        raise ConfigError(
            "There are no synonyms under that name",
            where=f"{SETTING}: {source}",
            found="no such file or folder",
            fix="Name a CSV or TSV file with the columns word and synonym, or a folder with WordNet's dictionary; "
            "write wordnet where that is installed.",
        )
    known, notices = read_synonyms(read_rows(source, base=base))
    return lambda word: known.get(word, ()), source, notices


def read_synonyms(table: Table) -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
    """The synonyms of each word, from a table with a row for each; and notices.

    Raises:
        ColumnError: the columns are not called word and synonym.
        DataError: no row is of use.
    """
    by_name = {column.lower(): column for column in reversed(table.columns)}
    for name in COLUMNS:
        if name not in by_name:
            raise ColumnError(
                f"There is no column '{name}' for the synonyms",
                where=table.name,
                found=f"columns {shorten(table.columns, 20)}",
                fix=f"Write word and synonym in the first line. {did_you_mean(name, table.columns)}",
            )
    found: dict[str, dict[str, None]] = {}
    unused = 0
    for values in zip(*(table.values[by_name[name]] for name in COLUMNS)):
        word, synonym = ("" if missing(value) else " ".join(str(value).split()) for value in values)
        if not word or not synonym or " " in word or word.lower() == synonym.lower():
            unused += 1
        else:
            found.setdefault(word.lower(), {})[synonym] = None
    if not found:
        raise DataError(
            "No row has a word and a synonym",
            where=table.name,
            found=count(len(table), "row"),
            fix="Write one word and one synonym of it in each row.",
        )
    notice = f"{table.name}: {count(unused, 'row')} without a single word and another one for it not used."
    return {word: tuple(others) for word, others in found.items()}, (notice,) if unused else ()


class WordNet:
    """Synonyms from WordNet (Fellbaum 1998), of the senses in which a word is mostly used.

    Words count as they stand in the dictionary: no plural becomes a singular. Of a word's senses, whatever its part of
    speech, those are taken that WordNet's counts find at least half as often as the most frequent one. Function words
    (scikit-learn's list), letters, names and abbreviations have none.

    Args:
        folder: with ``index.noun``, ``data.noun`` and so on.

    Raises:
        MissingExtraError: nltk is not installed.

    >>> WordNet(installed_wordnet())("movie")[:3]  # doctest: +SKIP
    ('film', 'picture', 'moving picture')
    """

    def __init__(self, folder: Path) -> None:
        from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

        self._function_words = ENGLISH_STOP_WORDS
        self._reader = _reader(folder.resolve())
        self._uses = _uses(folder)
        self._known: dict[str, tuple[str, ...]] = {}

    def __call__(self, word: str) -> Sequence[str]:
        """The synonyms of a word in lower case."""
        if word not in self._known:
            none = len(word) < 2 or word in self._function_words
            self._known[word] = () if none else tuple(self._look_up(word))
        return self._known[word]

    def _look_up(self, word: str) -> list[str]:
        senses = []
        for sense in self._reader.synsets(word):
            lemmas = sense.lemmas()
            uses = [self._uses.get(lemma.key(), 0) for lemma in lemmas if lemma.name() == word]
            if uses:
                senses.append((uses[0], [lemma.name() for lemma in lemmas]))
        most = max((uses for uses, _ in senses), default=0)
        names = (name.replace("_", " ") for uses, names in senses if uses >= COMMON * most for name in names)
        return [name for name in dict.fromkeys(names) if name != word and _usable(name)]


def installed_wordnet() -> Path:
    """The folder of the WordNet dictionary on this machine.

    Raises:
        ConfigError: there is none; naming where it was looked for.
    """
    own = [os.environ.get("WNSEARCHDIR", ""), f"{home}/dict" if (home := os.environ.get("WNHOME")) else ""]
    places = [Path(place) for place in (*filter(None, own), *PLACES)]
    for place in places:
        if all((place / name).is_file() for name in FILES):
            return place
    raise ConfigError(
        "WordNet's dictionary is not on this machine",
        where=f"{SETTING}: {WORDNET}",
        found=f"no {FILES[0]} in {_listed(map(str, places))}",
        fix="Install it (Debian, Ubuntu: apt install wordnet-base), or name the folder that holds data.noun.",
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


def _usable(name: str) -> bool:
    """One or two words of letters, no name and no abbreviation."""
    words = name.replace("-", " ").split()
    return len(words) <= 2 and all(word.isalpha() for word in words) and name == name.lower()


def _uses(folder: Path) -> dict[str, int]:
    """How often each sense was found in WordNet's tagged texts. nltk's own count searches the file each time."""
    path = folder / "cntlist.rev"
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return {key: int(uses) for key, _, uses in (line.split() for line in lines)}


@cache
def _reader(folder: Path) -> Any:
    try:
        import nltk.data
        from nltk.corpus.reader.wordnet import WordNetCorpusReader
    except ImportError:
        raise MissingExtraError("Reading WordNet", package="nltk", extra="wordnet") from None

    class Reader(WordNetCorpusReader):  # type: ignore[misc]
        """nltk's reader of the dictionary alone: without the files that only nltk's own download has."""

        def open(self, file: str) -> Any:
            """A file of the dictionary; the names of its parts, which nobody asks for, are their numbers."""
            if file == "lexnames" and not (folder / file).is_file():
                return StringIO("".join(f"{number:02} {number} 0\n" for number in range(45)))
            return super().open(file)

        def map_wn(self, version: str = "wordnet") -> None:
            """Nothing: the map to other versions is for other languages."""

    if str(folder) not in nltk.data.path:
        nltk.data.path.append(str(folder))  # nltk reads from folders that are registered, and from no others
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that there are no other languages
        return Reader(str(folder), None)
