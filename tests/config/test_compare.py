from __future__ import annotations

import pytest

from tunefork import Full, Head, LastLayers, LoRA, Peft
from tunefork.config import Configuration, LoRAStrategy, parse_run, resolve
from tunefork.errors import ConfigError


def lora(**settings: object) -> LoRAStrategy:
    found = resolve("lora", settings)
    assert isinstance(found, LoRAStrategy)
    return found


def test_every_strategy_has_its_own_learning_rate() -> None:
    rates = [entry.strategies[0].learning_rate for entry in (Full(), Head(), LastLayers(), LoRA())]
    assert rates == [5e-5, 1e-3, 2e-4, 1e-3]


def test_a_list_is_a_grid_and_a_tuple_is_one_value() -> None:
    assert [each.label() for each in LoRA(rank=[2, 8], targets=["query+value", "mlp"]).strategies] == [
        "LoRA r=2 query+value",
        "LoRA r=2 mlp",
        "LoRA r=8 query+value",
        "LoRA r=8 mlp",
    ]
    assert LoRA(targets=("value", "query")).strategies == LoRA(targets="query+value").strategies
    assert Peft("ia3", target_modules=["key", "value"]).strategies[0].settings == {"target_modules": ["key", "value"]}


def test_alpha_is_twice_the_rank_unless_given() -> None:
    assert (lora(rank=4).alpha, lora(rank=4, alpha=4).alpha, lora(r=3).alpha) == (8, 4, 6)
    assert lora(rank=4).scale == lora(rank=32).scale == 2
    assert lora(rank=4, alpha=8, use_rslora=True).scale == 4


def test_targets_and_layers_have_one_way_to_be_written() -> None:
    assert lora(targets="mlp+value+query+proj").targets == ("query", "value", "output", "mlp")
    assert lora(targets="query+query").targets == ("query",)
    assert lora(layers="0+3+6-8").layers == (0, 3, 6, 7, 8)
    assert lora(layers=(1, 0)).layers == (0, 1)
    assert lora(layers=2).layers == (2,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lorra:rank=8", r"There is no strategy 'lorra' \(--run lorra:rank=8\). Did you mean 'lora'\?"),
        ("lora:rnk=8", r"lora has no setting 'rnk' \(--run lora:rnk=8\). Did you mean 'rank'\?"),
        ("lora:rank", r"'rank' is not of the form key=value"),
        ("lora:rank=8,rank=4", "'rank' is given twice"),
        ("lora:rank=0", r"lora.rank: Input should be greater than or equal to 1 .* Found: 0"),
        ("lora:rank=many", r"lora.rank: Input should be a valid integer"),
        ("lora:dropout=1.0", "lora.dropout"),
        ("lora:targets=re:.*", "Regular expressions are for study files"),
        ("head:rank=8", "head has no setting 'rank'. *|head has no setting"),
        ("full:learning_rate=-1", "full.learning_rate"),
    ],
)
def test_the_command_line_s_grammar_refuses(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_run(text)


def test_the_command_line_s_grammar() -> None:
    found = parse_run("lora:rank=8,targets=query+value,alpha=16,dropout=0.1,learning_rate=1e-3").strategies[0]
    assert found == lora(rank=8, targets="query+value", alpha=16, dropout=0.1, learning_rate=1e-3)
    assert parse_run("lora:r=8,lr=1e-4").strategies[0].learning_rate == 1e-4
    assert parse_run("lora:use_rslora=true").strategies[0].use_rslora is True
    assert parse_run("last_layers:count=2").strategies[0].label() == "last 2 layers"
    assert parse_run("peft:type=ia3,lr=0.1").strategies[0].type == "IA3"


def test_an_entry_writes_itself_as_a_study_file_does() -> None:
    entry = Configuration("lora", {"rank": [2, 8], "targets": ("query", "value")}, block="rank", seeds=[4])
    assert entry.written() == {"block": "rank", "lora": {"rank": [2, 8], "targets": "query+value"}, "seeds": [4]}
    assert entry == Configuration("lora", {"rank": [2, 8], "targets": "query+value"}, block="rank", seeds=[4])
