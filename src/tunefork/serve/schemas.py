"""What is asked and answered, as OpenAPI shows it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from tunefork.problem import Problem

LONGEST = 100_000
"""Characters of one text; what is beyond a model's ``max_length`` tokens is not read anyway."""

Text = Annotated[str, Field(min_length=1, max_length=LONGEST, json_schema_extra={"format": "visible-text"})]
"""At least one character of it can be seen."""
Picture = Annotated[str, Field(min_length=1, json_schema_extra={"format": "picture", "contentEncoding": "base64"})]
"""The bytes of a PNG, JPEG, WebP, GIF, BMP or TIFF file in base64."""


class Asking(BaseModel):
    """What all requests have."""

    model_config = ConfigDict(extra="forbid", strict=True)

    model: Annotated[
        str | None, Field(description="Which model is asked, by its id in /models; the first one unless given.")
    ] = None
    calibrated: Annotated[
        bool, Field(description="Divide logits by the model's temperature, where it has one: the same labels.")
    ] = True


class Texts(Asking):
    """Rows for models that read one text."""

    texts: Annotated[list[Text], Field(min_length=1)]


class Pairs(Asking):
    """Rows for models that read two texts."""

    pairs: Annotated[list[tuple[Text, Text]], Field(min_length=1)]


class Pictures(Asking):
    """Rows for models that read pictures."""

    images: Annotated[list[Picture], Field(min_length=1)]


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
    default: Annotated[bool, Field(description="Whether it answers where no model is named.")]
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
