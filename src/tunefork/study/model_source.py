"""Where a study's model comes from: by its name, or from what ``start_from`` names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from tunefork.models import Backbone, ImageReader, Trust, load_backbone, load_config, load_image_reader, task_of
from tunefork.problem import Problem
from tunefork.study.encoding import check_task
from tunefork.study.start import starting_labels, starting_model


@dataclass(frozen=True)
class ModelSource:
    """What is known of a model before it is loaded."""

    name: str
    revision: str | None
    start_from: Path | None
    image_size: int | None
    trust: Trust

    @cached_property
    def start(self) -> Path | None:
        """The folder with the weights that training starts from, where that is an earlier study's or an adapter."""
        if self.start_from is None:
            return None
        return starting_model(self.start_from, self.name, self.revision, self.trust)

    def image_reader(self) -> ImageReader:
        """What makes pictures the size that the model wants; asked for where rows turn out to be pictures."""
        check_task("image-classification", task_of(load_config(self.name, self.revision, self.trust)), self.name)
        if self.start is not None:
            return load_image_reader(str(self.start), size=self.image_size)
        return load_image_reader(self.name, self.revision, self.image_size, self.trust)

    def backbone(self, labels: Sequence[str], problem: Problem) -> Backbone:
        """The model that training starts from, with a head for these labels."""
        size = self.image_size
        if self.start_from is None or self.start is None:
            return load_backbone(self.name, labels, self.revision, size, problem, trust=self.trust)
        own = self.trust.without_code  # for the folder, where nothing pins any
        found = load_backbone(str(self.start), labels, image_size=size, problem=problem, any_head=True, trust=own)
        before = starting_labels(self.start_from)
        if before and before != tuple(labels):
            notice = f"the starting model's classes were {', '.join(before)}; here they are {', '.join(labels)}"
            found = replace(found, notices=(*found.notices, notice))
        return found
