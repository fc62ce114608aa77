"""The anatomy of every supported architecture, against its real modules."""

from __future__ import annotations

import pytest
import torch
import transformers

from tests.tiny import CONFIGS, tiny_model
from tunefork.errors import TargetError, UnsupportedModelError
from tunefork.models import anatomy_of, is_linear, weight_in_out
from tunefork.models.families import ROLES


@pytest.mark.parametrize("kind", CONFIGS)
def test_every_linear_of_every_block_has_a_role(kind: str) -> None:
    model = tiny_model(kind)
    anatomy = anatomy_of(model)
    assert anatomy.described
    inside = {
        name
        for block in anatomy.blocks
        for name, module in model.get_submodule(block).named_modules(prefix=block)
        if is_linear(module)
    }
    assert {linear.name for linear in anatomy.linears} == inside
    assert len(anatomy.blocks) == (1 if kind == "albert" else 2)
    assert {role for linear in anatomy.linears for role in linear.roles} == set(ROLES)


@pytest.mark.parametrize("kind", CONFIGS)
def test_the_parts_cover_the_model(kind: str) -> None:
    model = tiny_model(kind)
    anatomy = anatomy_of(model)
    parts = anatomy.inside([*anatomy.embeddings, *anatomy.blocks, *anatomy.between, *anatomy.head])
    missing = set(anatomy.parameters) - set(parts)
    # position tables and norms of DeBERTa's and MPNet's encoder, and ELECTRA's projection, lie beside the blocks
    assert all(name.split(".")[1] in ("encoder", "embeddings_project") for name in missing)
    assert anatomy.total == sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize(
    ("kind", "position"), [("bert", "first"), ("gpt2", "last"), ("llama", "last"), ("modernbert", "first")]
)
def test_pooling_reads_the_position_that_is_stated(kind: str, position: str) -> None:
    """Changing a token behind the pooled one of a causal model, or the first of another, shows in the logits."""
    model, ids = tiny_model(kind), torch.randint(5, 500, (1, 9))
    assert anatomy_of(model).pooling == position
    padded = torch.cat([ids, torch.zeros(1, 4, dtype=torch.long)], dim=1)
    mask = (padded != 0).long()
    alone = model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits
    torch.testing.assert_close(model(input_ids=padded, attention_mask=mask).logits, alone, rtol=1e-4, atol=1e-5)


def test_fused_linears_are_selected_whole_and_once() -> None:
    anatomy = anatomy_of(tiny_model("gpt2"))
    linears, notices = anatomy.match(["query", "value"])
    assert [linear.name for linear in linears] == ["transformer.h.0.attn.c_attn", "transformer.h.1.attn.c_attn"]
    assert notices[0] == "c_attn computes query, key, value together; 'query' adapts the whole of it, once"
    assert (linears[0].inputs, linears[0].outputs) == (32, 96)


def test_raw_names_and_regular_expressions() -> None:
    anatomy = anatomy_of(tiny_model("gpt2"))
    assert len(anatomy.match(["c_proj"])[0]) == 4
    assert len(anatomy.match(["attn.c_proj"])[0]) == 2
    assert [linear.name for linear in anatomy.match([r"re:transformer\.h\.1\..*c_fc"])[0]] == [
        "transformer.h.1.mlp.c_fc"
    ]
    with pytest.raises(TargetError, match="is not a regular expression"):
        anatomy.match(["re:("])


def test_synonyms() -> None:
    anatomy = anatomy_of(tiny_model("roberta"))
    assert anatomy.match(["proj"]) == anatomy.match(["output"])
    assert anatomy.match(["attention"])[0] == anatomy.match(["query", "key", "value", "output"])[0]
    everything = {linear.name for linear in anatomy.match(["all-linear"])[0]}
    assert len(everything) == 12
    assert not any(name.startswith("classifier") for name in everything)


def test_a_raw_name_never_reaches_the_head() -> None:
    names = [linear.name for linear in anatomy_of(tiny_model("roberta")).match(["dense"])[0]]
    assert names
    assert not any(name.startswith("classifier") for name in names)


def test_a_target_that_matches_nothing_lists_what_there_is() -> None:
    with pytest.raises(TargetError) as caught:
        anatomy_of(tiny_model("distilbert")).match(["q_linn"])
    message = str(caught.value)
    assert message.startswith("The target 'q_linn' selects no linear of this distilbert model (lora.targets).")
    assert "roles query, key, value, output, mlp; linears q_lin" in message


def test_an_architecture_without_a_description_is_guessed() -> None:
    config = transformers.GPTNeoConfig(
        hidden_size=32,
        num_layers=2,
        attention_types=[[["global"], 2]],
        num_heads=4,
        intermediate_size=64,
        vocab_size=512,
        num_labels=2,
    )
    anatomy = anatomy_of(transformers.AutoModelForSequenceClassification.from_config(config))
    assert not anatomy.described
    assert anatomy.blocks == ("transformer.h.0", "transformer.h.1")
    assert (anatomy.head, anatomy.pooling) == (("score",), "last")
    roles = {linear.name.rpartition(".")[2]: linear.roles for linear in anatomy.linears}
    assert roles == {
        "k_proj": ("key",),
        "v_proj": ("value",),
        "q_proj": ("query",),
        "out_proj": ("output",),
        "c_fc": ("mlp",),
        "c_proj": ("mlp",),
    }


def test_a_model_without_blocks_is_refused() -> None:
    class Flat(torch.nn.Module):
        base_model_prefix = "flat"

        def __init__(self) -> None:
            super().__init__()
            self.config = transformers.PretrainedConfig()
            self.config.model_type = "flat"

    with pytest.raises(UnsupportedModelError, match="'flat' has no stack of transformer blocks"):
        anatomy_of(Flat())


def test_conv1d_is_a_linear_whose_weight_is_transposed() -> None:
    module = tiny_model("gpt2").get_submodule("transformer.h.0.mlp.c_fc")
    assert is_linear(module)
    assert tuple(weight_in_out(module).shape) == (32, 64 * 2)
