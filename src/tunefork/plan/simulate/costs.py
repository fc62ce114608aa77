"""What groups cost on one kind of device: as timed, written to JSON and read again, or scaled from another device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from tunefork.errors import ConfigError
from tunefork.plan.estimate import StepTiming
from tunefork.plan.groups import Traits
from tunefork.plan.plan import Group, Plan, PlannedRun


@dataclass(frozen=True)
class Shared:
    """What was measured of a pass that several runs share."""

    depth: int
    features: bool
    runs: int
    step: float
    """Its step's share of the steps of its runs one by one."""
    row: float
    """The same of evaluating a row."""


@dataclass(frozen=True)
class Costs:
    """Times of a study's configurations on a device."""

    device: str
    """As it calls itself."""
    threads: int
    precision: str
    alone: Mapping[str, StepTiming]
    """Of lone runs, by configuration."""
    shared: tuple[Shared, ...] = ()
    memory_mib: float | None = None
    """Of the device; None where it is unknown."""
    assumed: str = ""
    """What was assumed instead of measured, in words."""
    shortest: float = field(default=0.0, kw_only=True)
    """Seconds that a step takes at least."""

    def timing(self, runs: Sequence[PlannedRun], traits: Traits | Group) -> StepTiming:
        """The times of a pass that these runs share.

        A step of K runs is taken to cost a fixed part, and the same again for each of them; both follow from the size
        that was measured next to K, and from lone runs.

        Raises:
            ConfigError: one of these configurations was not timed.
        """
        missing = next((run for run in runs if run.config.configuration not in self.alone), None)
        if missing is not None:
            raise ConfigError(
                f"The costs have no time of '{missing.name}'",
                where="--costs", found=f"those of {len(self.alone)} other configurations",
                fix="Write them for the same study on such a device: tunefork plan STUDY --json > FILE.",
            )  # fmt: skip
        each = [self.alone[run.config.configuration] for run in runs]
        step, row = self._factors(len(runs), traits)
        return StepTiming(
            max(self.shortest, step * sum(one.step_seconds for one in each)),
            row * sum(one.row_seconds for one in each),
            max(one.prefix_seconds for one in each),
        )

    def _factors(self, runs: int, traits: Traits | Group) -> tuple[float, float]:
        if runs == 1:
            return 1.0, 1.0
        alike = [each for each in self.shared if each.features == traits.features]
        alike = [each for each in alike if each.depth == traits.depth] or alike
        if not alike:
            return 1.0, 1.0
        near = min(alike, key=lambda each: (abs(each.runs - runs), each.runs))
        return _share(near.step, near.runs, runs), _share(near.row, near.runs, runs)

    def beside_others(self, kept: float) -> Costs:
        """The costs of a worker that keeps so much of its speed beside others."""
        return self.scaled(self.device, kept, self.memory_mib, self.shortest, self.assumed)

    def scaled(self, device: str, speed: float, memory_mib: float | None, shortest: float, assumed: str) -> Costs:
        """The costs on a device so many times as fast."""

        def faster(one: StepTiming) -> StepTiming:
            return StepTiming(*(seconds / speed for seconds in asdict(one).values()))

        alone = {key: faster(one) for key, one in self.alone.items()}
        return replace(self, device=device, alone=alone, memory_mib=memory_mib, assumed=assumed, shortest=shortest)

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "device": self.device,
            "memory_mb": self.memory_mib,
            "threads": self.threads,
            "precision": self.precision,
            "assumed": self.assumed or None,
            "shortest_step": self.shortest,
            "alone": {key: asdict(one) for key, one in self.alone.items()},
            "shared": [asdict(each) for each in self.shared],
        }


def _share(measured: float, at: int, runs: int) -> float:
    """What a pass of so many runs costs, as a share of its runs one by one: ``a + b / runs``, which is 1 for one run.

    >>> _share(0.4, 4, 4), round(_share(0.4, 4, 1), 9), round(_share(0.4, 4, 2), 9)
    (0.4, 1.0, 0.6)
    """
    return max(1 / runs, measured + (1 - measured) * (1 / runs - 1 / at) / (1 - 1 / at))


def costs_of(plan: Plan, device: str, memory_mib: float | None = None) -> Costs | None:
    """What was timed for a plan; None where nothing was."""
    alone = {run.config.configuration: run.timing for run in plan.runs if run.timing is not None}
    if not alone:
        return None
    shared: dict[tuple[int, bool, int], Shared] = {}
    for group in plan.groups:
        key = (group.depth, group.features, len(group.runs))
        each = [alone.get(plan.run(run).config.configuration) for run in group.runs]
        if len(each) == 1 or group.timing is None or None in each or key in shared:
            continue
        steps = sum(one.step_seconds for one in each if one)
        rows = sum(one.row_seconds for one in each if one)
        shared[key] = Shared(*key, group.timing.step_seconds / steps, group.timing.row_seconds / rows)
    return Costs(device, plan.threads, plan.precision, alone, tuple(shared.values()), memory_mib)


def read_costs(document: Mapping[str, Any], where: str) -> Costs:
    """The costs in a plan's JSON.

    Raises:
        ConfigError: there are none, or they cannot be read.
    """
    fix = "Write the file on such a device: tunefork plan STUDY --json > FILE."
    found = document.get("costs")
    if not isinstance(found, Mapping):
        raise ConfigError(
            "The file has no costs", where=where,
            found=str(document.get("no_costs_because") or "a plan without times"), fix=fix,
        )  # fmt: skip
    try:
        return Costs(
            str(found["device"]), int(found["threads"]), str(found["precision"]),
            {str(key): StepTiming(**one) for key, one in found["alone"].items()},
            tuple(Shared(**each) for each in found["shared"]),
            None if found["memory_mb"] is None else float(found["memory_mb"]),
            str(found["assumed"] or ""), shortest=float(found["shortest_step"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigError("The costs in the file cannot be read", where=where, found=str(error), fix=fix) from None
