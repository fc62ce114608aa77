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
        "what a tracker raises is not caught",
        "trackers/following.py",
        "except BaseException as error:",
        "except ZeroDivisionError as error:",
        "tests/trackers/test_following.py::raises and begin_study",
    ),
    Mutation(
        "a tracker is not asked what it has",
        "trackers/following.py",
        "set(tracker.begin_run(run))",
        "set(tracker.begin_run(run) and ())",
        "tests/trackers/test_following.py::stopped",
    ),
    Mutation(
        "a copy may equal a test text",
        "data/augment/copies.py",
        "elif key in held:",
        "elif key in ():",
        "tests/data/augment/test_copies.py::validation_and_test_stay",
    ),
    Mutation(
        "near-duplicates are told by the estimate",
        "data/similarity/pairs.py",
        "return 0.0 if first == second else jaccard(word_set(first), word_set(second))",
        "return THRESHOLD",
        "tests/data/similarity/test_pairs.py::exact",
    ),
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
        "streams = [chunks(run.seed, rows, self.training, self.steps, labels, self._most) for run in self.runs]",
        "streams = [chunks(self.runs[0].seed, rows, self.training, self.steps, labels) for _ in self.runs]",
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
    Mutation(
        "signs of singular vectors are taken for a meaning",
        "spectra/change.py",
        "np.abs(top_left_vectors(tuned, top_k).T @ left)",
        "(top_left_vectors(tuned, top_k).T @ left)",
        "tests/spectra/test_change.py::nothing_changed",
    ),
    Mutation(
        "an adapter's change is rounded to the size of its matrix",
        "spectra/weights.py",
        "model.get_submodule(linear.name).double()",
        "model.get_submodule(linear.name).float()",
        "tests/spectra/test_weights.py::exact_merge",
    ),
    Mutation(
        "the earlier task is answered by the backbone from before",
        "study/retention.py",
        "if not name.startswith(heads)}",
        "if name.startswith('nothing')}",
        "tests/study/test_retention.py::earlier_head",
    ),
    Mutation(
        "all runs have the first run's class weights",
        "engine/losses.py",
        "weights = self._weights[own]",
        "weights = self._weights[[0] * len(own)]",
        "tests/engine/test_losses.py::weigh_and_smooth",
    ),
    Mutation(
        "a weighted loss is divided by the rows",
        "engine/losses.py",
        "found = [self._of_rows[run, each].sum() for run, each in zip(active, rows)]",
        "found = [len(each) for each in rows]",
        "tests/engine/test_losses.py::torch_s",
    ),
    Mutation(
        "a balanced epoch has one class after another",
        "engine/randomness.py",
        "return random.permutation(np.concatenate(drawn))",
        "return np.concatenate(drawn)",
        "tests/engine/test_losses.py::balanced_epochs",
    ),
    Mutation(
        "a confidence on the edge belongs to the bin above",
        "metrics/calibration.py",
        'side="left"',
        'side="right"',
        "tests/metrics/test_calibration.py::upper_edge",
    ),
    Mutation(
        "the temperature multiplies",
        "metrics/calibration.py",
        "stable(logits.astype(np.float64) / (temperature or 1.0), axis=1)",
        "stable(logits.astype(np.float64) * (temperature or 1.0), axis=1)",
        "tests/metrics/test_calibration.py::leaves_labels",
    ),
    Mutation(
        "probabilities are calibrated whatever is asked for",
        "predictor/base.py",
        "self.temperature if calibrated else None",
        "self.temperature",
        "tests/study/test_metrics.py::unless_told",
    ),
    Mutation(
        "a metric of one's own is never lower where it is better",
        "engine/loop.py",
        "LOWER_IS_BETTER | {each.name for each in self.own if each.lower}",
        "LOWER_IS_BETTER",
        "tests/study/test_metrics.py::lowest_own",
    ),
    Mutation(
        "correlations are cut off at zero",
        "report/scoring.py",
        '"mcc": (-1.0, 1.0),',
        '"mcc": (0.0, 1.0),',
        "tests/report/test_measures.py::below_zero",
    ),
    Mutation(
        "the larger of two errors is the better one",
        "report/summary.py",
        "return -1 if self.judged_by in self.lower else 1",
        "return 1",
        "tests/report/test_numbers.py::sentences or less_is_better",
    ),
    Mutation(
        "a margin of errors is a hundredth of whatever unit they have",
        "report/units.py",
        "return self.deviation if metric in ERRORS and math.isfinite(self.deviation) else 1.0",
        "return 1.0",
        "tests/report/test_numbers.py::do_not_depend_on_the_unit",
    ),
    Mutation(
        "what lies further behind is recommended where less is better",
        "report/recommending.py",
        "behind[one.id].ahead >= -judgement.margin",
        "behind[one.id].difference.value >= -judgement.margin",
        "tests/report/test_numbers.py::further_behind",
    ),
    Mutation(
        "a row does not move the ranks of others",
        "uncertainty/of_numbers.py",
        "of_a = f * g + _above(row, g) + _above(labels, f) - 3 * a",
        "of_a = f * g - a",
        "tests/uncertainty/test_of_numbers.py::of_spearman",
    ),
    Mutation(
        "the weights of weighted F1 are known without error",
        "uncertainty/of_labels.py",
        "numerator = (labels * value + shares * (each - value)).sum(axis=1)",
        "numerator = (shares * each).sum(axis=1)",
        "tests/uncertainty/test_of_labels.py::jackknife and weighted",
    ),
    Mutation(
        "contributions to AUROC are summed over classes",
        "uncertainty/contributions.py",
        "return found / len(counted)",
        "return found",
        "tests/uncertainty/test_contributions.py::many_classes",
    ),
    Mutation(
        "settings that came later change the identity of every run",
        "config/run.py",
        "if key not in LATER or value != _DEFAULTS[key]",
        "if True",
        "tests/config/test_imbalance.py::defaults",
    ),
    Mutation(
        "a training that goes on draws its randomness from the beginning again",
        "engine/loop.py",
        "self._start, self._passes, self._epoch = snapshot.step, snapshot.passes, snapshot.epoch",
        "self._start, self._epoch = snapshot.step, snapshot.epoch",
        "tests/engine/test_checkpoint.py::very_bits and adapters and 12 and fp64",
    ),
    Mutation(
        "embeddings are brought up to date to be kept",
        "engine/pausing.py",
        "    for slot in group.slots:\n        keep(",
        "    group.settle()\n    for slot in group.slots:\n        keep(",
        "tests/engine/test_checkpoint.py::changes_no_bit",
    ),
    Mutation(
        "a damaged checkpoint is believed",
        "engine/checkpoint.py",
        "                verify(folder)\n",
        "",
        "tests/engine/test_checkpoint.py::no_damaged_checkpoint and middle",
    ),
    Mutation(
        "a saved regression answers in the unit of its training",
        "engine/artefacts.py",
        "tensors = unit.folded(group.tensors(number))",
        "tensors = group.tensors(number)",
        "tests/engine/test_unit.py::own_unit and bert and head",
    ),
    Mutation(
        "a group that was cut off goes on without the runs that are done",
        "runner/group.py",
        'if any(known[run.config.id].status == "running" for run in waiting):',
        "if False:",
        "tests/runner/test_local.py::cut_off_while_it_was_saved",
    ),
    Mutation(
        "aliases of aliases are followed without end",
        "yaml_lines.py",
        "self._seen > VALUES or len(above) > DEEPEST",
        "len(above) > DEEPEST",
        "tests/faults/test_hostile.py::110 and values",
    ),
    Mutation(
        "a tar may lead back into itself",
        "data/images/archives.py",
        "if member.size < 0 or (members and member.offset <= members[-1].offset):",
        "if False:",
        "tests/faults/test_hostile.py::size and below and zero",
    ),
    Mutation(
        "messages are told as the data have them",
        "errors.py",
        'return SIGNS.sub(lambda sign: sign[0].encode("unicode_escape").decode(), text)',
        "return text",
        "tests/faults/test_limits.py::obeys",
    ),
)
