"""What is asked and answered, as OpenAPI shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Union

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, create_model

from tunefork.data.blanks import blank, encodable
from tunefork.problem import Problem

LONGEST = 100_000
"""Characters of one text; what is beyond a model's ``max_length`` tokens is not read anyway."""


def _visible(text: str) -> str:
    if blank(text):
        raise ValueError("Nothing of this text can be seen")
    if not encodable(text):
        raise ValueError("This text has half of a surrogate pair, which is no character")
    return text


Text = Annotated[
    str, AfterValidator(_visible), Field(min_length=1, max_length=LONGEST, json_schema_extra={"format": "visible-text"})
]
"""At least one character of it can be seen."""
Picture = Annotated[str, Field(min_length=1, json_schema_extra={"format": "picture", "contentEncoding": "base64"})]
"""The bytes of a PNG, JPEG, WebP, GIF, BMP or TIFF file in base64."""


class Asking(BaseModel):
    """What all requests have."""

    model_config = ConfigDict(extra="forbid", strict=True)

    model: Annotated[
        str | None,
        Field(description="Which model is asked, by its id in /models; the first that reads such rows unless given."),
    ] = None
    calibrated: Annotated[
        bool, Field(description="Divide logits by the model's temperature, where it has one: the same labels.")
    ] = True


class Texts(Asking):
    """Rows for models that read one text."""

    texts: Annotated[list[Text], Field(min_length=1)]


class Pairs(Asking):
    """Rows for models that read two texts."""

    pairs: Annotated[list[Annotated[list[Text], Field(min_length=2, max_length=2)]], Field(min_length=1)]


class Pictures(Asking):
    """Rows for models that read pictures."""

    images: Annotated[list[Picture], Field(min_length=1)]


KINDS: dict[str, type[Asking]] = {"texts": Texts, "pairs": Pairs, "images": Pictures}
"""Of requests, by the field that their rows are in."""


def given_in(request: Asking | Mapping[str, Any]) -> str:
    """The field that a request's rows are in; empty where there is none.

    >>> given_in({"pairs": [["a", "b"]]}), given_in({"model": "a"})
    ('pairs', '')
    """
    names = request if isinstance(request, Mapping) else type(request).model_fields
    return next((name for name in KINDS if name in names), "")


def rows_in(request: Asking) -> Sequence[Any]:
    """Whatever rows a request has."""
    found: Sequence[Any] = getattr(request, given_in(request))
    return found


def body_of(read: Mapping[str, Sequence[str]]) -> Any:
    """The type of a request to a server: rows as one of its models reads them.

    Args:
        read: for names of ``KINDS``, the ids of the models that read such rows.
    """
    kinds = {name: _naming(KINDS[name], read[name]) for name in KINDS if name in read}
    if len(kinds) == 1:
        return next(iter(kinds.values()))
    either: Any = Union[tuple(Annotated[kind, Tag(name)] for name, kind in kinds.items())]  # noqa: UP007 - made at run time
    asked = Discriminator(
        lambda body: (given_in(body) or None) if isinstance(body, Mapping | Asking) else None,
        custom_error_type="rows",
        custom_error_message=f"Send one of {', '.join(kinds)}",
    )
    return Annotated[either, asked]


def _naming(kind: type[Asking], models: Sequence[str]) -> type[Asking]:
    """The same request, in whose documentation the models stand. Other names are 404, so they are not checked here."""
    named = Field(default=None, description=kind.model_fields["model"].description, json_schema_extra=_enum(models))
    return create_model(kind.__name__, __base__=kind, __doc__=kind.__doc__, model=(str | None, named))


def _enum(models: Sequence[str]) -> Any:
    def add(schema: dict[str, Any]) -> None:
        schema["anyOf"] = [{"type": "string", "enum": list(models)}, {"type": "null"}]

    return add


class Prediction(BaseModel):
    """One row's answer."""

    prediction: Annotated[
        str | list[str] | float,
        Field(description="A label; a list of labels where rows have several; a number where labels are numbers."),
    ]
    probabilities: Annotated[
        dict[str, float] | None, Field(description="Of every label, between 0 and 1; null where labels are numbers.")
    ]


class Predictions(BaseModel):
    """The answers, in the rows' order."""

    model: str
    predictions: list[Prediction]


class Model(BaseModel):
    """A model that is served."""

    id: str
    default: Annotated[
        bool,
        Field(description="Whether it answers rows of its kind where no model is named: the first that reads them."),
    ]
    run: Annotated[str, Field(description="The id of the run in its study; empty for a model without one.")]
    base: Annotated[str, Field(description="The pretrained model.")]
    shares_backbone: Annotated[
        bool, Field(description="Whether it is an adapter or a head beside others, and answers in one pass with them.")
    ]
    reads: Literal["texts", "pairs", "images"]
    problem: Problem
    labels: list[str]
    calibrated: Annotated[bool, Field(description="Whether its probabilities can be calibrated.")]


class Models(BaseModel):
    """All models that are served."""

    models: list[Model]


class Health(BaseModel):
    """Whether the server answers."""

    status: Literal["ok"]
    models: int
    waiting: Annotated[int, Field(description="Rows in the queue.")]


class Told(BaseModel):
    """What is wrong, and what to do."""

    what: str
    where: str
    found: str
    fix: str


class Problems(BaseModel):
    """An error."""

    error: Told
