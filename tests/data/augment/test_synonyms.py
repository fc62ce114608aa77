from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.data.augment.dictionary import write_dictionary
from tunefork.data.augment import synonyms as module
from tunefork.data.augment.synonyms import WordNet, find_synonyms, installed_wordnet
from tunefork.errors import ColumnError, ConfigError, DataError, MissingExtraError


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dictionary(tmp_path_factory.mktemp("wordnet") / "dict")


@pytest.fixture(scope="module")
def wordnet(folder: Path) -> WordNet:
    pytest.importorskip("nltk")
    return WordNet(folder)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("movie", ("film", "moving picture")),
        ("film", ("movie", "moving picture")),  # the other sense is rare; three words and capitals are left out
        ("parcel", ("package",)),
        ("want", ("desire",)),
        ("late", ()),  # the adjective, which has no synonym, is twice as frequent as the adverb
        ("belatedly", ("late", "tardily")),
        ("films", ()),  # a plural would become a singular
        ("have", ()),  # a function word
        ("it", ()),
        ("nonsense", ()),
        ("a", ()),
    ],
)
def test_synonyms_of_the_usual_sense(wordnet: WordNet, word: str, expected: tuple[str, ...]) -> None:
    assert wordnet(word) == expected


def test_nltk_is_asked_for_by_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nltk", None)
    monkeypatch.setitem(sys.modules, "nltk.data", None)
    module._reader.cache_clear()
    with pytest.raises(MissingExtraError) as caught:
        find_synonyms(str(folder))
    assert str(caught.value) == (
        "Reading WordNet needs the package nltk, which is not installed. Run: pip install 'tunefork[wordnet]'"
    )


def test_wordnet_is_found_where_it_is_installed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WNSEARCHDIR", raising=False)
    monkeypatch.delenv("WNHOME", raising=False)
    monkeypatch.setattr(module, "PLACES", ("/nowhere/wordnet", str(folder)))
    assert installed_wordnet() == folder
    monkeypatch.setattr(module, "PLACES", ("/nowhere/wordnet",))
    with pytest.raises(ConfigError) as caught:
        installed_wordnet()
    assert str(caught.value) == (
        "WordNet's dictionary is not on this machine (data.augment.synonyms: wordnet). Found: no data.noun in "
        "/nowhere/wordnet. Install it (Debian, Ubuntu: apt install wordnet-base), or name the folder that holds "
        "data.noun."
    )
    monkeypatch.setenv("WNHOME", str(folder.parent))
    assert installed_wordnet() == folder
    monkeypatch.setenv("WNSEARCHDIR", str(folder))
    monkeypatch.setenv("WNHOME", "/nowhere")
    assert installed_wordnet() == folder


def test_a_table_of_synonyms(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text(
        "Synonym,word\nbelated,Late\ntardy,late\ntardy,late\nlate,late\ntwo words,late\nx,two words\n,late\nagain,\n"
    )
    known, source, notices = find_synonyms("own.csv", tmp_path)
    assert known("late") == ("belated", "tardy", "two words")
    assert known("again") == ()
    assert source == "own.csv"
    assert notices == ("own.csv: 4 rows without a single word and another one for it not used.",)
    (tmp_path / "own.tsv").write_text("word\tsynonym\nlate\ttardy\n")
    known, _, notices = find_synonyms("own.tsv", tmp_path)
    assert (known("late"), notices) == (("tardy",), ())


def test_tables_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("late,tardy\nbig,large\n")
    with pytest.raises(ColumnError) as caught:
        find_synonyms("a.csv", tmp_path)
    assert str(caught.value) == (
        "There is no column 'word' for the synonyms (a.csv). Found: columns late, tardy. Write word and synonym in the "
        "first line. Known: late, tardy."
    )
    (tmp_path / "b.csv").write_text("word,synonym\nlate,late\n")
    with pytest.raises(DataError, match=r"No row has a word and a synonym \(b.csv\). Found: 1 row."):
        find_synonyms("b.csv", tmp_path)
    with pytest.raises(ConfigError) as caught:
        find_synonyms("none.csv", tmp_path)
    assert str(caught.value) == (
        "There are no synonyms under that name (data.augment.synonyms: none.csv). Found: no such file or folder. Name "
        "a CSV or TSV file with the columns word and synonym, or a folder with WordNet's dictionary; write wordnet "
        "where that is installed."
    )
    with pytest.raises(ConfigError, match=r"The folder does not hold WordNet's dictionary .* Found: no data.noun, "):
        find_synonyms(".", tmp_path)


@pytest.mark.data
def test_the_real_dictionary() -> None:
    try:
        folder = installed_wordnet()
    except ConfigError:
        pytest.skip("WordNet is not installed")
    known = WordNet(folder)
    assert known("movie")[:4] == ("film", "picture", "moving picture", "motion picture")
    assert known("the") == ()
    assert "big" in known("large")
