"""One small description per architecture: where the blocks are, what each linear is for, what the head is.

Names are those of transformers' classification models. A linear that computes several roles at once (GPT-2's
``c_attn``) lists them all. To support another architecture, add a ``Family``; the tests then check it against the real
modules.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Role = Literal["query", "key", "value", "output", "mlp"]
Pooling = Literal["first", "last", "mean", "all"]
"""Which tokens the head reads; ``all`` where it is more than one, such as DINOv2's first and the mean of the others."""
ROLES: tuple[Role, ...] = ("query", "key", "value", "output", "mlp")
QKV: tuple[Role, ...] = ("query", "key", "value")


@dataclass(frozen=True)
class Family:
    """One architecture's anatomy, before a config says how many blocks there are.

    ``linears`` maps a module's path inside a block to its roles; some have none. ``head`` lists the modules that a
    task's head consists of: BERT's pretrained pooler belongs to the backbone, DeBERTa's fresh one to the head.
    """

    blocks: str
    linears: dict[str, tuple[Role, ...]]
    head: tuple[str, ...]
    embeddings: tuple[str, ...]
    pooling: Pooling = "first"
    between: tuple[str, ...] = field(default=())
    """Modules after the last block and before the head, such as a final norm or BERT's pooler."""
    shared_blocks: bool = False
    """All blocks are the same module (ALBERT)."""
    shared_positions: bool = False
    """Linears of the blocks also see a table of positions, once for all rows (DeBERTa), so runs cannot share a pass."""
    packs: bool = False
    """Attention goes through transformers' interface, and positions can be given: batches need no padding."""
    prunes: bool = False
    """The last block can be run for the pooled tokens alone: it has no rotary positions, which need all queries."""
    norm: str = ""
    """The norm inside a block that keys and values come from, where it stands before the attention."""
    behind_padding: bool = False
    """Positions begin behind the padding id (RoBERTa)."""
    interpolates: bool = False
    """Its forward takes ``interpolate_pos_encoding``, for images of another size than it was pretrained on."""


def _bert(
    base: str, head: tuple[str, ...] = ("classifier",), between: tuple[str, ...] = (), behind_padding: bool = False
) -> Family:
    return Family(
        blocks=f"{base}.encoder.layer",
        linears={
            "attention.self.query": ("query",),
            "attention.self.key": ("key",),
            "attention.self.value": ("value",),
            "attention.output.dense": ("output",),
            "intermediate.dense": ("mlp",),
            "output.dense": ("mlp",),
        },
        head=head,
        embeddings=(f"{base}.embeddings",),
        between=between,
        packs=True,
        prunes=True,
        behind_padding=behind_padding,
    )


_DECODER = Family(
    blocks="model.layers",
    linears={
        "self_attn.q_proj": ("query",),
        "self_attn.k_proj": ("key",),
        "self_attn.v_proj": ("value",),
        "self_attn.o_proj": ("output",),
        "mlp.gate_proj": ("mlp",),
        "mlp.up_proj": ("mlp",),
        "mlp.down_proj": ("mlp",),
    },
    head=("score",),
    embeddings=("model.embed_tokens",),
    pooling="last",
    between=("model.norm",),
    packs=True,
)

_VIT_LINEARS: dict[str, tuple[Role, ...]] = {
    "attention.q_proj": ("query",),
    "attention.k_proj": ("key",),
    "attention.v_proj": ("value",),
    "attention.o_proj": ("output",),
    "mlp.fc1": ("mlp",),
    "mlp.fc2": ("mlp",),
}


def _vit(base: str, between: tuple[str, ...] = (), packs: bool = True, pooling: Pooling = "first") -> Family:
    return Family(
        blocks=f"{base}.layers",
        linears=_VIT_LINEARS,
        head=("classifier",),
        embeddings=(f"{base}.embeddings",),
        pooling=pooling,
        between=between or (f"{base}.layernorm",),
        packs=packs,
        prunes=packs,
        norm="layernorm_before",
        interpolates=True,
    )


def _dinov2(base: str) -> Family:
    return Family(
        blocks=f"{base}.encoder.layer",
        linears=_VIT_LINEARS
        | {"mlp.gate_proj": ("mlp",), "mlp.up_proj": ("mlp",), "mlp.down_proj": ("mlp",)},  # the giant one's
        head=("classifier",),
        embeddings=(f"{base}.embeddings",),
        pooling="all",
        between=(f"{base}.layernorm",),
        packs=True,
    )


FAMILIES: dict[str, Family] = {
    "distilbert": Family(
        blocks="distilbert.transformer.layer",
        linears={
            "attention.q_lin": ("query",),
            "attention.k_lin": ("key",),
            "attention.v_lin": ("value",),
            "attention.out_lin": ("output",),
            "ffn.lin1": ("mlp",),
            "ffn.lin2": ("mlp",),
        },
        head=("pre_classifier", "classifier"),
        embeddings=("distilbert.embeddings",),
        packs=True,
        prunes=True,
    ),
    "bert": _bert("bert", between=("bert.pooler",)),
    "roberta": _bert("roberta", behind_padding=True),
    "xlm-roberta": _bert("roberta", behind_padding=True),
    "camembert": _bert("roberta", behind_padding=True),
    "electra": _bert("electra"),
    "mpnet": Family(
        blocks="mpnet.encoder.layer",
        linears={
            "attention.attn.q": ("query",),
            "attention.attn.k": ("key",),
            "attention.attn.v": ("value",),
            "attention.attn.o": ("output",),
            "intermediate.dense": ("mlp",),
            "output.dense": ("mlp",),
        },
        head=("classifier",),
        embeddings=("mpnet.embeddings",),
    ),
    "deberta": Family(
        blocks="deberta.encoder.layer",
        linears={
            "attention.self.in_proj": QKV,
            "attention.self.pos_proj": (),
            "attention.self.pos_q_proj": (),
            "attention.output.dense": ("output",),
            "intermediate.dense": ("mlp",),
            "output.dense": ("mlp",),
        },
        head=("pooler", "classifier"),
        embeddings=("deberta.embeddings",),
        shared_positions=True,
    ),
    "deberta-v2": Family(
        blocks="deberta.encoder.layer",
        linears={
            "attention.self.query_proj": ("query",),
            "attention.self.key_proj": ("key",),
            "attention.self.value_proj": ("value",),
            "attention.self.pos_key_proj": (),
            "attention.self.pos_query_proj": (),
            "attention.output.dense": ("output",),
            "intermediate.dense": ("mlp",),
            "output.dense": ("mlp",),
        },
        head=("pooler", "classifier"),
        embeddings=("deberta.embeddings",),
        shared_positions=True,
    ),
    "albert": Family(
        blocks="albert.encoder.albert_layer_groups",
        linears={
            "albert_layers.0.attention.query": ("query",),
            "albert_layers.0.attention.key": ("key",),
            "albert_layers.0.attention.value": ("value",),
            "albert_layers.0.attention.dense": ("output",),
            "albert_layers.0.ffn": ("mlp",),
            "albert_layers.0.ffn_output": ("mlp",),
        },
        head=("classifier",),
        embeddings=("albert.embeddings", "albert.encoder.embedding_hidden_mapping_in"),
        between=("albert.pooler",),
        shared_blocks=True,
    ),
    "modernbert": Family(
        blocks="model.layers",
        linears={"attn.Wqkv": QKV, "attn.Wo": ("output",), "mlp.Wi": ("mlp",), "mlp.Wo": ("mlp",)},
        head=("head", "classifier"),
        embeddings=("model.embeddings",),
        between=("model.final_norm",),
        packs=True,
    ),
    "gpt2": Family(
        blocks="transformer.h",
        linears={"attn.c_attn": QKV, "attn.c_proj": ("output",), "mlp.c_fc": ("mlp",), "mlp.c_proj": ("mlp",)},
        head=("score",),
        embeddings=("transformer.wte", "transformer.wpe"),
        pooling="last",
        between=("transformer.ln_f",),
        packs=True,
        prunes=True,
        norm="ln_1",
    ),
    "llama": _DECODER,
    "mistral": _DECODER,
    "qwen2": _DECODER,
    "qwen3": _DECODER,
    "vit": _vit("vit"),
    "vit_msn": _vit("vit"),
    "deit": _vit("deit"),
    "dinov2": _dinov2("dinov2"),
    "dinov2_with_registers": _dinov2("dinov2_with_registers"),
    # Its blocks add a bias of their own to the scores, so attention stays the model's.
    "beit": _vit("beit", between=("beit.pooler",), packs=False, pooling="all"),
}
