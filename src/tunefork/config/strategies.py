"""The strategies, with every setting resolved: what one run trains, and at which learning rate.

Each has its own default learning rate. One rate for all would favour whichever method it happens to suit: LoRA wants
about ten times the rate of full fine-tuning (Hu et al. 2021, arXiv 2106.09685, tables 9 to 12).
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from tunefork.config.values import Count, Positive, Value, layer_list, plus_list

SYNONYMS = {"r": "rank", "lr": "learning_rate"}


class Strategy(Value):
    """What all strategies have: a kind and a learning rate."""

    kind: str
    learning_rate: Positive
    """At the end of warm-up. Each strategy has a default of its own."""

    def label(self) -> str:
        """The name shown in tables."""
        raise NotImplementedError

    @model_validator(mode="before")
    @classmethod
    def _synonyms(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        for short, full in SYNONYMS.items():
            if short in data and full in cls.model_fields:
                if full in data:
                    raise ValueError(f"{short} and {full} are the same setting; give one of them")
                data = {full if key == short else key: value for key, value in data.items()}
        return data


class FullStrategy(Strategy):
    """Every parameter trains."""

    kind: Literal["full"] = "full"
    learning_rate: Positive = 5e-5

    def label(self) -> str:
        """The name shown in tables."""
        return "full"


class HeadStrategy(Strategy):
    """Only the head trains (feature extraction, linear probing)."""

    kind: Literal["head"] = "head"
    learning_rate: Positive = 1e-3

    def label(self) -> str:
        """The name shown in tables."""
        return "head"


class LastLayersStrategy(Strategy):
    """The last ``count`` blocks and the head train."""

    kind: Literal["last_layers"] = "last_layers"
    count: Count = 1
    """Blocks that train, from the end."""
    learning_rate: Positive = 2e-4

    def label(self) -> str:
        """The name shown in tables."""
        return "last layer" if self.count == 1 else f"last {self.count} layers"


class LoRAStrategy(Strategy):
    """Low-rank adapters (Hu et al. 2021, arXiv 2106.09685) on the target linears, and the head.

    ``W x`` becomes ``W x + (alpha / rank) B A x``; with ``use_rslora`` the factor is ``alpha / sqrt(rank)``
    (Kalajdzievski 2023, arXiv 2312.03732).
    """

    kind: Literal["lora"] = "lora"
    rank: Count = 8
    """Columns of A and rows of B: what the adapter can hold. Also ``r``."""
    alpha: Positive = 16.0
    """Twice the rank unless given, so that a change of rank leaves the adapter's scale where it was."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """On the adapter's input, in training."""
    targets: Annotated[tuple[str, ...], BeforeValidator(plus_list)] = ("query", "value")
    """Roles (query key value output mlp attention all-linear), module names, or ``re:`` and a regular expression."""
    layers: Annotated[tuple[int, ...] | None, BeforeValidator(layer_list)] = None
    """Numbers of the blocks that get adapters; all of them unless given."""
    bias: Literal["none", "all", "lora_only"] = "none"
    """Biases that train too: none, all of them, or those of linears with an adapter."""
    use_rslora: bool = False
    """Divide alpha by the square root of the rank instead of the rank."""
    modules_to_save: Annotated[tuple[str, ...], BeforeValidator(plus_list)] = ()
    """Modules beside the head that train in full and are saved with the adapter."""
    learning_rate: Positive = 1e-3

    _ORDER: ClassVar[tuple[str, ...]] = ("query", "key", "value", "output", "mlp")

    @model_validator(mode="before")
    @classmethod
    def _default_alpha(cls, data: Any) -> Any:
        if isinstance(data, dict) and data.get("alpha") is None:
            rank = data.get("rank", data.get("r", cls.model_fields["rank"].default))
            try:
                return {**data, "alpha": 2 * float(rank)}
            except (TypeError, ValueError, OverflowError):
                return {**data, "alpha": 16.0}  # the rank itself is reported
        return data

    @field_validator("targets")
    @classmethod
    def _canonical_targets(cls, targets: tuple[str, ...]) -> tuple[str, ...]:
        if not targets or any(not target for target in targets):
            raise ValueError("targets name at least one role or module, such as query+value")
        unique = dict.fromkeys("output" if target == "proj" else target for target in targets)
        order = {role: place for place, role in enumerate(cls._ORDER)}
        return tuple(sorted(unique, key=lambda target: (order.get(target, len(order)), target)))

    @property
    def scale(self) -> float:
        """The factor on ``B A x``."""
        return float(self.alpha / (self.rank**0.5 if self.use_rslora else self.rank))

    def label(self) -> str:
        """The name shown in tables."""
        return f"LoRA r={self.rank} {'+'.join(self.targets)}"


class PeftStrategy(Strategy):
    """Any other PEFT method, by its type and its own settings (IA3, LOHA, PREFIX_TUNING …), and the head."""

    kind: Literal["peft"] = "peft"
    type: str
    """PEFT's name of the method."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """PEFT's own settings of it; they may stand beside ``type`` too."""
    learning_rate: Positive = 1e-3

    def label(self) -> str:
        """The name shown in tables."""
        return f"PEFT {self.type}"

    @field_validator("type")
    @classmethod
    def _upper(cls, value: str) -> str:
        return value.upper()


STRATEGIES: dict[str, type[Strategy]] = {
    "full": FullStrategy,
    "head": HeadStrategy,
    "last_layers": LastLayersStrategy,
    "lora": LoRAStrategy,
    "peft": PeftStrategy,
}
AnyStrategy = Annotated[
    FullStrategy | HeadStrategy | LastLayersStrategy | LoRAStrategy | PeftStrategy, Field(discriminator="kind")
]
