"""Do the intervals cover, do the tests keep their level, does a study find what it promises to find? By simulation.

    python -m benchmarks.coverage [--studies 1000] [--out benchmarks/results]

Each study draws test rows and seeds anew: how hard a row is, how each configuration takes to it, how a seed turns out,
and each single answer. Truth is known, so errors can be counted. No model is trained. Two cores: about ten minutes.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from scipy.stats import norm

from tunefork.uncertainty import compare, detectable, difference_of, mean_of, pool_of
from tunefork.uncertainty.power import Assumed

CONFIGURATIONS = 9
THIRD = 2


@dataclass(frozen=True)
class World:
    """How answers come about: right where row + taste + seed + chance lies below a threshold, all normal."""

    name: str
    rows: int
    accuracy: float
    row: float
    """Standard deviation of how hard rows are, where that of chance is 1."""
    taste: float
    """Of how each configuration takes to a row."""
    seed: float
    """Of how a seed turns out."""
    collapsing: float = 0.0
    """The chance that a run of the third configuration collapses to answers by lot."""

    def draw(self, random: np.random.Generator, seeds: int, gaps: np.ndarray) -> np.ndarray:
        """[C, S, n] right or wrong; configuration c's true accuracy is ``accuracy + gaps[c]``."""
        shape = (len(gaps), seeds, self.rows)
        score = random.normal(size=shape) + random.normal(0, self.row, (1, 1, self.rows))
        score += random.normal(0, self.taste, (len(gaps), 1, self.rows)) + random.normal(0, self.seed, (*shape[:2], 1))
        whole = np.sqrt(1 + self.row**2 + self.taste**2 + self.seed**2)
        right = np.asarray(score < (norm.ppf(self.accuracy + gaps) * whole)[:, None, None])
        if self.collapsing and len(gaps) > THIRD:
            collapsed = random.random(seeds) < self.collapsing
            right[THIRD, collapsed] = random.random((int(collapsed.sum()), self.rows)) < 0.5
        return right

    def promised(self, random: np.random.Generator, seeds: int, count: int) -> float:
        """What a study of this world is said to find. How two configurations differ depends on how far apart they are,
        so it is measured, on many rows, at the difference itself."""
        big, gap = replace(self, rows=40_000, seed=0.0), 0.0
        whole = np.sqrt(1 + self.row**2 + self.taste**2 + self.seed**2)
        for _ in range(4):
            a, b = big.draw(random, 2, np.array([0.0, -gap]))
            slopes = norm.pdf(norm.ppf([self.accuracy, self.accuracy - gap])) / whole
            churn = ((a[0] != a[1]).mean() + (b[0] != b[1]).mean()) / 2
            spread = self.seed * np.sqrt((slopes**2).mean())
            gap = detectable(self.rows, seeds, count, Assumed(float((a[0] != b[0]).mean() - gap**2), churn, spread))
        return gap


WORLDS = (
    World("SST-2-like", 872, 0.87, 1.5, 0.5, 0.05),
    World("seeds differ", 872, 0.87, 1.5, 0.5, 0.15),
    World("seeds alike", 872, 0.87, 1.5, 0.5, 0.0),
    World("few rows, hard", 300, 0.60, 1.0, 0.5, 0.08),
    World("nearly solved", 2000, 0.95, 2.5, 0.4, 0.05),
    World("one collapses", 872, 0.87, 1.5, 0.5, 0.05, collapsing=0.2),
)


def measure(world: World, seeds: int, studies: int) -> dict[str, float]:
    """The rates of one world."""
    random = np.random.default_rng([studies, seeds, WORLDS.index(world)])
    equal, ladder = np.zeros(CONFIGURATIONS), np.linspace(0, -0.04, CONFIGURATIONS)
    promised = {count: world.promised(random, seeds, count) for count in (2, CONFIGURATIONS)}
    counts: dict[str, float] = dict.fromkeys(
        ("mean_covered", "difference_covered", "called_different", "family_wrong", "family_wrong_ladder",
         "equivalent_wrong", "found_of_2", f"found_of_{CONFIGURATIONS}", "width"), 0.0,
    )  # fmt: skip
    for _ in range(studies):
        answers = world.draw(random, seeds, equal)
        counts["mean_covered"] += mean_of(answers[0], pool_of(list(answers))).interval.holds(world.accuracy)
        single = difference_of(answers[0], answers[1], pool_of(list(answers)))
        counts["difference_covered"] += single.interval.holds(0.0)
        counts["width"] += single.interval.half
        counts["called_different"] += single.p_value < 0.05
        counts["family_wrong"] += _called(answers, world, ("better", "worse"))
        answers = world.draw(random, seeds, ladder)
        counts["family_wrong_ladder"] += _called(answers, world, ("worse",))
        apart = world.draw(random, seeds, np.array([0.0, -0.01]))
        counts["equivalent_wrong"] += compare(list(apart), 0.01)[0].outcome == "equivalent"
        for count, gap in promised.items():
            gaps = np.zeros(count)
            gaps[-1] = -gap
            found = compare(list(world.draw(random, seeds, gaps)), 0.0)
            counts[f"found_of_{count}"] += found[count - 2].outcome == "better"  # the first against the last
    return {f"promised_of_{count}": gap for count, gap in promised.items()} | {
        name: count / studies for name, count in counts.items()
    }


def _called(answers: np.ndarray, world: World, outcomes: tuple[str, ...]) -> bool:
    """Whether any pair is called so, beside those with a configuration that collapses and is truly worse."""
    left_out = {THIRD} if world.collapsing else set()
    pairs = compare(list(answers), 0.0)
    return any(pair.outcome in outcomes for pair in pairs if not {pair.first, pair.second} & left_out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=1000)
    parser.add_argument("--seeds", type=int, nargs="+", default=(3, 5, 10))
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args()
    found = []
    for world in WORLDS:
        for seeds in options.seeds:
            rates = measure(world, seeds, options.studies)
            found.append({"world": asdict(world), "seeds": seeds, **rates})
            print(f"{world.name:15} {seeds:2} seeds", {key: round(rate, 4) for key, rate in rates.items()}, flush=True)
    document = {"date": time.strftime("%Y-%m-%d"), "studies": options.studies, "results": found}
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / f"{document['date']}-coverage.json").write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
