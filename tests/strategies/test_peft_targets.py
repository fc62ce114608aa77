"""What PEFT's own methods are put on: names that nothing has, and ranks that do not fit, are told as LoRA's are."""

from __future__ import annotations

import warnings

import pytest

from tests.tiny import tiny_backbone
from tunefork.config import parse_run
from tunefork.errors import TargetError
from tunefork.models import Anatomy, anatomy_of, skeleton
from tunefork.strategies import Selection, install_peft, select


def selected(kind: str, run: str) -> Selection:
    backbone = tiny_backbone(kind)
    bare = skeleton(backbone.model.config, 3)
    return select(parse_run(run).strategies[0], backbone.anatomy, bare)


@pytest.mark.parametrize("method", ["LORA", "IA3", "LOHA"])
def test_a_name_that_nothing_has_lists_what_there_is_nearest_first(method: str) -> None:
    with pytest.raises(TargetError) as caught:
        selected("bert", f"peft:type={method},target_modules=vale")
    assert str(caught.value) == (
        "The target 'vale' selects no linear of this bert model (peft.target_modules). "
        "Found: roles value, query, key, output, mlp; linears value, query, key, dense. "
        "Use a role, or the end of a module's name."
    )
    with pytest.raises(TargetError, match="The target 'qury' selects no linear"):  # PEFT would train the other alone
        selected("bert", f"peft:type={method},target_modules=value+qury")


@pytest.mark.parametrize(
    ("kind", "targets", "adapter"),
    [
        ("bert", "query", 2 * 8 * 64),
        ("bert", "query+value", 4 * 8 * 64),
        ("bert", r".*\.0\..*query", 8 * 64),
        ("bert", "pooler.dense", 8 * 64),
        ("gpt2", "query", 2 * 8 * (32 + 96)),
        ("distilbert", "attention", 8 * 8 * 64),
        ("distilbert", "q_lin", 2 * 8 * 64),
    ],
)
def test_names_expressions_and_roles(kind: str, targets: str, adapter: int) -> None:
    assert selected(kind, f"peft:type=LORA,target_modules={targets}").peft_adapter == adapter


@pytest.mark.parametrize("expression", ["nothing.*", "(query"])
def test_an_expression_that_selects_nothing(expression: str) -> None:
    with pytest.raises(TargetError, match=r"The target 're:.*\(peft.target_modules\)"):
        selected("bert", f"peft:type=LORA,target_modules={expression}")


@pytest.mark.parametrize(
    ("method", "name"), [("LORA", "r"), ("LOHA", "r"), ("ADALORA", "init_r"), ("HRA", "r"), ("HIRA", "r")]
)
def test_a_rank_larger_than_a_dimension_names_the_module(method: str, name: str) -> None:
    more = ",total_step=10" if method == "ADALORA" else ""
    run = f"peft:type={method},{name}={{}},target_modules=query{more}"
    with pytest.raises(TargetError) as caught:
        selected("bert", run.format(33))
    assert str(caught.value) == (
        f"{name} must be at most 32 for bert.encoder.layer.0.attention.self.query but got 33 (peft.{name}). "
        "Found: a weight of 32 × 32. Lower the rank, or leave this module out of target_modules."
    )
    assert selected("bert", run.format(32)).peft_adapter > 0


def test_vectors_on_random_matrices_may_have_any_rank() -> None:
    assert selected("bert", "peft:type=VERA,r=99").peft_adapter > 0


def test_peft_says_nothing_on_the_terminal() -> None:
    backbone = tiny_backbone("bert")
    strategy = parse_run("peft:type=LORA,target_modules=query").strategies[0]
    model = backbone.copy()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        install_peft(strategy, backbone.anatomy, model)  # type: ignore[arg-type]
        install_peft(strategy, backbone.anatomy, model)  # type: ignore[arg-type]
    assert told == []


def test_linear_names_are_listed_once() -> None:
    anatomy: Anatomy = anatomy_of(tiny_backbone("bert").model)
    with pytest.raises(TargetError, match=r"roles query, key, value, output, mlp; linears query, key, value, dense\."):
        anatomy.match(["qury"])
