"""Mistakes that the tests have to find: each is made in a copy of the package, and its test must fail there."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutation:
    """One mistake."""

    name: str
    file: str
    """Below src/tunefork."""
    right: str
    wrong: str
    test: str
    """What must fail, as pytest's ``-k`` and a file: ``FILE::EXPRESSION``."""


FUSED = "tests/engine/test_fused_groups.py::test_a_fused_run_equals_the_run_alone and bert"
PACKED = "tests/engine/test_packing.py::(one_example or changes_nothing) and (bert or roberta)"
MUTATIONS = (
    Mutation(
        "the dropout mask is forgotten in backward",
        "engine/attention.py",
        "inner = inner if mask is None else inner.mul_(mask)",
        "pass",
        "tests/engine/test_attention.py::dropout",
    ),
    Mutation(
        "two adapters are swapped",
        "engine/banks.py",
        "own, down, up = part.own(inner), part.share(bank.down), part.share(bank.up)",
        "own, down, up = part.own(inner), part.share(bank.down.flip(0)), part.share(bank.up)",
        FUSED,
    ),
    Mutation(
        "clipping goes by the group's norm",
        "engine/optimise.py",
        "norms = torch.linalg.vector_norm(gradients, dim=1)",
        "norms = torch.linalg.vector_norm(gradients).expand(len(gradients)).clone()",
        FUSED,
    ),
    Mutation(
        "attention leaks into the next sequence",
        "engine/buckets.py",
        "inside = places < self.lengths[part, None]",
        "inside = places < self.lengths[part, None] + (self.starts[part, None] + self.lengths[part, None] < 100)",
        PACKED,
    ),
    Mutation(
        "RoBERTa's positions begin at zero",
        "models/anatomy.py",
        "(config.pad_token_id or 0) + 1 if family.behind_padding else 0",
        "0",
        "tests/engine/test_packing.py::roberta",
    ),
    Mutation(
        "all runs share one stream of dropout",
        "engine/randomness.py",
        'derive(self.seeds[run], "dropout", self.step, place)',
        'derive(self.seeds[0], "dropout", self.step, place)',
        FUSED,
    ),
    Mutation(
        "all runs see the first run's batches",
        "engine/loop.py",
        "streams = [chunks(run.seed, rows, self.training, self.steps, labels) for run in self.runs]",
        "streams = [chunks(self.runs[0].seed, rows, self.training, self.steps, labels) for run in self.runs]",
        FUSED,
    ),
    Mutation(
        "the scale of the adapters is forgotten backward",
        "engine/banks.py",
        "part.share(bank.grad_B).add_(torch.bmm(middle.transpose(1, 2), own), alpha=part.scale)",
        "part.share(bank.grad_B).add_(torch.bmm(middle.transpose(1, 2), own))",
        "tests/engine/test_oracle_trainer.py::lora and bert and fp64 and equals",
    ),
    Mutation(
        "the cached prefix is one block short",
        "engine/stages.py",
        "if packing.start > self.number:",
        "if packing.start >= self.number:",
        "tests/engine/test_stages.py::cached_prefix and bert",
    ),
    Mutation(
        "pruned queries come from the wrong token",
        "engine/packing.py",
        'pooled = self.spans.starts if pooling == "first"',
        'pooled = self.spans.starts + 1 if pooling == "first"',
        "tests/engine/test_packing.py::one_example and bert",
    ),
    Mutation(
        "weights are not cast again after a step",
        "engine/arena.py",
        "self.copies.copy_(self.weights)",
        "pass",
        "tests/engine/test_precision.py::bf16",
    ),
    Mutation(
        "all weights decay",
        "engine/optimise.py",
        "decay = run.training.weight_decay if decays else 0.0",
        "decay = run.training.weight_decay",
        "tests/engine/test_oracle_trainer.py::full and bert and fp64 and equals",
    ),
    Mutation(
        "a padded query hands its gradient to an image's first token",
        "engine/buckets.py",
        "1 if exact else QUERIES",
        "QUERIES",
        "tests/engine/test_oracle_trainer.py::lora and vit and fp64 and equals",
    ),
    Mutation(
        "the pooled token of an image is the one behind",
        "engine/pictures.py",
        "torch.arange(0, self.width, self.tokens, device=device)",
        "torch.arange(0, self.width, self.tokens, device=device) + 1",
        "tests/engine/test_packing.py::one_example and vit",
    ),
    Mutation(
        "all images are changed by the first run's seed",
        "engine/pictures.py",
        "augment(pixels[number * count : (number + 1) * count], seed, step)",
        "augment(pixels[number * count : (number + 1) * count], seeds[0], step)",
        "tests/engine/test_pictures.py::fused",
    ),
    Mutation(
        "layer scales do not decay",
        "engine/slots.py",
        'spared = "bias" in name or "Norm" in type(owner).__name__',
        "spared = model.get_parameter(name).dim() < 2",
        "tests/engine/test_oracle_trainer.py::full and dinov2 and fp64",
    ),
)
