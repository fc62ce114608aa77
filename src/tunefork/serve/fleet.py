"""The fleet: all models that are served, in their lanes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch

from tunefork.engine import Precision, base_name, best_device, load_base
from tunefork.engine.serving import Addition, assemble_served, may_add, own_addition, read_addition
from tunefork.errors import ModelNotFoundError
from tunefork.models import Backbone, image_tokens, load_backbone, load_image_reader, load_tokenizer
from tunefork.predictor import Answers, PictureReader, RowReader, TextPredictor, TextReader, load_model
from tunefork.serve.lanes import AloneLane, Lane, SharedLane
from tunefork.serve.sources import Source

READERS = ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "preprocessor_config.json")
"""Files by which two models read their rows alike."""


@dataclass(frozen=True)
class Served:
    """One model that is served."""

    id: str
    run: str
    facts: dict[str, Any]
    answers: Answers
    lane: int
    """The number of its lane."""
    place: int
    """In its lane."""
    shares: bool
    """Whether its backbone is that of others, too."""

    @property
    def images(self) -> bool:
        """Whether its rows are pictures."""
        return bool(self.facts.get("task") == "image-classification")

    @property
    def reads(self) -> Literal["texts", "pairs", "images"]:
        """What its rows are."""
        if self.images:
            return "images"
        return "texts" if len(self.facts["text"]) == 1 else "pairs"


class Fleet:
    """Models and their lanes. Get one from ``load_fleet``."""

    def __init__(self, models: Sequence[Served], lanes: Sequence[Lane]) -> None:
        self.models = {model.id: model for model in models}
        self.lanes = tuple(lanes)

    def reader(self, model: Served) -> RowReader:
        """What reads a model's rows."""
        return self.lanes[model.lane].reader(model.place)


def load_fleet(sources: Sequence[Source], precision: Literal["fp32", "bf16"] = "fp32") -> Fleet:
    """Load all models; those that add adapters and a head to one pretrained model share its weights and its passes.

    Args:
        sources: where they are.
        precision: in which they compute. Heads that share a backbone compute in fp32, and so does ONNX.

    Raises:
        TuneforkError: a model that cannot be loaded.
    """
    facts = {each.id: json.loads((each.folder / "tunefork.json").read_text(encoding="utf-8")) for each in sources}
    computing = Precision(best_device(), torch.bfloat16 if precision == "bf16" else torch.float32)
    keys: dict[tuple[Any, ...], list[Source]] = {}
    for source in sources:
        keys.setdefault(_key(source.folder, facts[source.id]), []).append(source)
    lanes: list[Lane] = []
    places: dict[str, tuple[int, int, bool]] = {}
    for together in keys.values():
        sharing = _sharing(together)
        if sharing:
            backbone, added = sharing
            lanes.append(_shared([(each, facts[each.id], addition) for each, addition in added], backbone, computing))
            places |= {source.id: (len(lanes) - 1, at, True) for at, (source, _) in enumerate(added)}
        for source in together:
            if source.id not in places:
                lanes.append(_own(source, facts[source.id], computing) or _alone(source.folder, computing))
                places[source.id] = (len(lanes) - 1, 0, False)
    models = [Served(each.id, each.run, facts[each.id], Answers(facts[each.id]), *places[each.id]) for each in sources]
    return Fleet(models, lanes)


def _key(folder: Path, facts: dict[str, Any]) -> tuple[Any, ...]:
    """Equal for models on one backbone that read their rows alike."""
    if facts.get("kind") == "onnx":
        return (str(folder),)
    seen = hashlib.sha256()
    for name in READERS:
        if (folder / name).is_file():
            seen.update(name.encode() + (folder / name).read_bytes())
    own = Path(base_name(folder, facts["model"])[0])
    base = str(own.resolve()) if own.is_dir() else str(own)
    return base, facts["revision"], facts.get("task"), facts.get("image_size"), seen.hexdigest()


def _sharing(sources: Sequence[Source]) -> tuple[Backbone, list[tuple[Source, Addition]]] | None:
    """The backbone, and which of these models only add to it; None where there is neither."""
    likely = [source for source in sources if may_add(source.folder)]
    if not likely:
        return None
    try:
        backbone = load_base(likely[0].folder)
    except ModelNotFoundError:  # heads have their backbone with them; an adapter will miss it again, by itself
        return None
    found = [(source, read_addition(source.folder, backbone)) for source in likely]
    added = [(source, addition) for source, addition in found if addition is not None]
    return (backbone, added) if added else None


def _shared(
    members: Sequence[tuple[Source, dict[str, Any], Addition]], backbone: Backbone, precision: Precision
) -> SharedLane:
    own = str(members[0][0].folder)  # all of a lane read their rows by the same files
    readers: list[RowReader] = []
    if backbone.images is None:
        tokenizer = load_tokenizer(own)
        ends = backbone.pad_id if backbone.anatomy.pooling == "last" else None
        readers += [TextReader(tokenizer, facts, ends) for _, facts, _ in members]
    else:
        images, tokens = load_image_reader(own), image_tokens(backbone)
        readers += [PictureReader(images, facts, tokens) for _, facts, _ in members]
    group = assemble_served(backbone, [each for *_, each in members], precision)
    return SharedLane(group, readers, [each.labels for *_, each in members], backbone.pad_id)


def _own(source: Source, facts: dict[str, Any], precision: Precision) -> SharedLane | None:
    """A lane for a whole model; None where it is something else, or has code of its own."""
    if facts.get("kind") != "transformers" or (source.folder / "adapter_config.json").is_file():
        return None
    problem, size = facts.get("problem", "single_label"), facts.get("image_size")
    backbone = load_backbone(str(source.folder), facts["labels"], None, size, problem, any_head=True)
    head = own_addition(backbone)
    return None if head is None else _shared([(source, facts, head)], backbone, precision)


def _alone(folder: Path, precision: Precision) -> AloneLane:
    predictor = load_model(folder)
    predictor.model.to(precision.compute)
    return AloneLane(predictor, predictor.tokenizer.pad_token_id if isinstance(predictor, TextPredictor) else 0)
