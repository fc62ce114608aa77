from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tunefork.config import DataConfig
from tunefork.data import encode, load_splits
from tunefork.data.text import budgets, kept_places
from tunefork.errors import ConfigError, DataError, UnsupportedModelError

WORDS = [f"number {n}" for n in range(1, 40)]
LONG = " ".join(WORDS)


def plain(tokenizer, text):
    return tokenizer(text, add_special_tokens=False)["input_ids"]


def test_a_split(tokenizer):
    rows = pd.DataFrame({"text": [f"late again {n}" for n in range(2500)], "label": ["a", "b"] * 1250})
    split = load_splits(DataConfig(train="-"), frames={"train": rows}).train
    encoded = encode(split, tokenizer, 128)
    assert len(encoded) == 1800
    assert encoded.ids == split.ids
    assert encoded.labels is split.labels
    for place in (0, 999, 1000, 1799):
        assert encoded.tokens[place].tolist() == tokenizer(split.texts[place][0])["input_ids"]
    assert encoded.tokens[0].dtype == np.int32
    assert encoded.lengths.tolist() == [len(line) for line in encoded.tokens]
    assert [line.tolist() for line in encoded.types] == [[0] * length for length in encoded.lengths]
    assert encoded.truncated_share == 0


def test_texts_without_labels(tokenizer):
    encoded = encode(["late again", LONG], tokenizer, 16)
    assert encoded.labels.tolist() == [-1, -1]
    assert encoded.ids == ("0", "1")
    assert encoded.lengths.tolist() == [4, 16]
    assert encoded.truncated_share == 0.5
    assert encoded.longest == len(plain(tokenizer, LONG)) + 2
    assert len(encode([], tokenizer, 16)) == 0


@pytest.mark.parametrize("length", [3, 4, 9, 16, 79, 80, 81])
def test_head_is_the_tokenizers_own_truncation(tokenizer, length):
    texts = [LONG, "late again", "a"]
    expected = tokenizer(texts, truncation=True, max_length=length)
    encoded = encode(texts, tokenizer, length)
    assert [line.tolist() for line in encoded.tokens] == expected["input_ids"]
    assert [line.tolist() for line in encoded.types] == expected["token_type_ids"]
    assert encoded.truncated_share == sum(len(line) > length for line in tokenizer(texts)["input_ids"]) / 3


@pytest.mark.parametrize("length", [5, 6, 12, 13, 40])
@pytest.mark.parametrize("pair", [(LONG, "late again now"), ("late again now", LONG), (LONG, LONG), ("a", "b")])
def test_head_of_a_pair_is_longest_first(tokenizer, length, pair):
    expected = tokenizer(*pair, truncation="longest_first", max_length=length)
    encoded = encode([pair], tokenizer, length)
    assert encoded.tokens[0].tolist() == expected["input_ids"]
    assert encoded.types[0].tolist() == expected["token_type_ids"]


def test_tail(tokenizer):
    inner = plain(tokenizer, LONG)
    assert encode([LONG], tokenizer, 12, "tail").tokens[0].tolist() == [101, *inner[-10:], 102]


def test_head_tail_keeps_a_quarter_of_the_beginning(tokenizer):
    inner = plain(tokenizer, LONG)
    assert encode([LONG], tokenizer, 22, "head_tail").tokens[0].tolist() == [101, *inner[:5], *inner[-15:], 102]


def test_tail_of_a_pair_cuts_each_part_to_its_share(tokenizer):
    first, second = plain(tokenizer, LONG), plain(tokenizer, "late again now")
    encoded = encode([(LONG, "late again now")], tokenizer, 16, "tail")
    assert encoded.tokens[0].tolist() == [101, *first[-10:], 102, *second, 102]
    assert encoded.types[0].tolist() == [0] * 12 + [1] * 4
    encoded = encode([(LONG, LONG)], tokenizer, 19, "head_tail")
    assert encoded.tokens[0].tolist() == [101, *first[:2], *first[-6:], 102, *first[:2], *first[-6:], 102]


@pytest.mark.parametrize(
    ("sizes", "expected"), [((20, 7, 30), (20, 7)), ((20, 7, 9), (5, 4)), ((7, 20, 9), (4, 5)), ((2, 20, 9), (2, 7))]
)
def test_budgets(sizes, expected):
    assert budgets(*sizes) == expected


def test_special_tokens_stay_wherever_they_stand():
    assert kept_places([None, 0, None, 0, 0, 0, None], 5, "tail") == [0, 2, 4, 5, 6]


def test_max_length_without_room_for_text(tokenizer):
    with pytest.raises(ConfigError) as caught:
        encode(["a"], tokenizer, 2)
    assert caught.value.what == "max_length must be at least 3 but got 2"
    with pytest.raises(ConfigError, match="at least 5 but got 4"):
        encode([("a", "b")], tokenizer, 4)
    with pytest.raises(ConfigError, match="truncation"):
        encode(["a"], tokenizer, 9, "middle")


def test_slow_tokenizers_are_refused():
    with pytest.raises(UnsupportedModelError, match=r"tokenizer\.json"):
        encode(["a"], object(), 9)


def test_texts_without_any_token(tokenizer):
    bare = type("Bare", (), {})()
    bare.is_fast = True
    bare.num_special_tokens_to_add = lambda pair: 0

    def tokenize(first, second, **_):
        return {"input_ids": [[] if text == "\u200b" else [1] for text in first]}

    type(bare).__call__ = lambda self, *args, **options: tokenize(*args, **options)
    with pytest.raises(DataError) as caught:
        encode(["a", "\u200b"], bare, 9)
    assert caught.value.what == "The tokenizer makes no token of 1 text"
    assert caught.value.where == "row ids 1"
