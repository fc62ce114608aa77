"""Which configuration to take: the smallest that costs no more than the margin, or what the user's limits leave."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tunefork.config import Judging
from tunefork.report.judging import Judgement
from tunefork.report.selection import choose
from tunefork.report.summary import ConfigurationSummary


@dataclass(frozen=True)
class Recommendation:
    """What to take, and what else may be taken."""

    configuration: ConfigurationSummary | None
    """None where the limits leave nothing."""
    smallest: ConfigurationSummary | None
    fastest: ConfigurationSummary | None
    leanest: ConfigurationSummary | None
    """With the least memory. These three are among those not told apart from the best."""
    further_behind: bool = False
    """Whether the limits left only configurations that scored more than the margin below the best."""


def limited(judging: Judging) -> bool:
    """Whether the user set any limit."""
    limits = (judging.max_trainable, judging.max_memory, judging.max_seconds, judging.max_latency)
    return any(each is not None for each in limits)


def allowed(one: ConfigurationSummary, judging: Judging) -> bool:
    """Whether a configuration keeps all limits; one whose cost is not known does not."""
    limits = (
        (judging.max_trainable, trainable(one)),
        (judging.max_memory, memory(one)),
        (judging.max_seconds, seconds(one)),
        (judging.max_latency, latency(one)),
    )
    return all(limit is None or (cost is not None and cost <= limit) for limit, cost in limits)


def recommend(judgement: Judgement) -> Recommendation:
    """The smallest of those that are within the margin of the best, as far as the test rows tell.

    Taken are the best itself, what is shown to be equivalent to it or better, and what is undecided and scored no more
    than the margin below it. A configuration that lies further behind is not recommended only because there were too
    few rows to prove it. Where limits leave none of these, the one of the rest that validation prefers.
    """
    judging = judgement.summary.judging
    behind = {one.configuration: one for one in judgement.comparisons}
    tied = [one for one in judgement.tied if allowed(one, judging)]
    near = [
        one
        for one in tied
        if one is judgement.best
        or behind[one.id].outcome in ("equivalent", "better")
        or behind[one.id].ahead >= -judgement.margin
    ]
    others = (_least(tied, trainable, judgement), _least(tied, seconds, judgement), _least(tied, memory, judgement))
    if near:
        return Recommendation(_least(near, trainable, judgement), *others)
    left = [one for one in judgement.compared if allowed(one, judging)]
    return Recommendation(_preferred(left, judgement), *others, further_behind=bool(left))


def trainable(one: ConfigurationSummary) -> float | None:
    """How many parameters train."""
    return float(one.counts.trainable)


def seconds(one: ConfigurationSummary) -> float | None:
    """What one run takes on its own."""
    return one.seconds_alone.mean if one.seconds_alone else None


def memory(one: ConfigurationSummary) -> float | None:
    """Its peak, in MB."""
    return one.peak_memory_mb


def latency(one: ConfigurationSummary) -> float | None:
    """Milliseconds that its saved models take for one row: the median over the seeds."""
    return one.latency_ms


def _least(
    candidates: Sequence[ConfigurationSummary],
    cost: Callable[[ConfigurationSummary], float | None],
    judgement: Judgement,
) -> ConfigurationSummary | None:
    """Of two that cost the same, the best or the one that is named first."""
    known = [(own, one is not judgement.best, place, one) for place, one in enumerate(candidates) if (own := cost(one))]
    return min(known)[-1] if known else None


def _preferred(candidates: Sequence[ConfigurationSummary], judgement: Judgement) -> ConfigurationSummary | None:
    summary = judgement.summary
    chosen = choose(candidates, summary.study.selection_metric, summary.lower).configuration
    return next((one for one in candidates if one.id == chosen), None)
