"""What fits a budget of trainable parameters: exact, complete, largest first."""

from __future__ import annotations

import pytest

from tests.strategies.test_reference_counts import DISTILBERT, ROBERTA, counts
from tunefork.models import anatomy_of, load_config, skeleton
from tunefork.strategies import Fitting, fitting


def fits(model: str, labels: int, most: int) -> list[Fitting]:
    return fitting(anatomy_of(skeleton(load_config(model), labels)), most)


def test_s2_s_rank_is_the_largest_that_fits() -> None:
    """The author of S2 searched by hand for the largest rank below a million: 11 on query and value, 4 labels."""
    found = {each.text: each for each in fits(ROBERTA, 4, 1_000_000)}
    best = found["lora:rank=11,targets=query+value"]
    assert best.largest
    assert best.counts.trainable == 999_172
    ranks = [int(text.split("rank=")[1].split(",")[0]) for text in found if text.endswith("targets=query+value")]
    assert max(ranks) == 11
    assert counts(ROBERTA, 4, "lora:rank=12,targets=query+value").trainable > 1_000_000


def test_every_row_is_an_exact_count_within_the_budget_and_they_are_in_order() -> None:
    found = fits(DISTILBERT, 2, 800_000)
    sizes = [each.counts.trainable for each in found]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] <= 800_000
    assert found[-1].text == "head"
    assert len({each.text for each in found}) == len(found)
    for each in found:
        assert each.counts == counts(DISTILBERT, 2, each.text), each.text
    for each in found:
        if each.largest:  # one more rank would not fit
            rank = each.text.split("rank=")[1].split(",")[0]
            more = each.text.replace(f"rank={rank},", f"rank={int(rank) + 1},")
            assert counts(DISTILBERT, 2, more).trainable > 800_000, each.text


@pytest.mark.parametrize(("most", "expected"), [(592_129, []), (592_130, ["head"])])
def test_below_the_head_nothing_fits(most: int, expected: list[str]) -> None:
    assert [each.text for each in fits(DISTILBERT, 2, most)] == expected


def test_a_large_budget_holds_everything() -> None:
    texts = [each.text for each in fits(DISTILBERT, 2, 10**9)]
    assert texts[0] == "full"
    assert "last_layers:count=5" in texts
    assert "lora:rank=768,targets=all-linear" in texts, "no rank is larger than a linear"
