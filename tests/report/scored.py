"""Made-up studies whose evaluations have all metrics, as a real study of this version would leave them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tunefork.metrics import OwnMetric, evaluated, fit_temperature
from tunefork.store import Store


def scored(store: Store, own: Sequence[OwnMetric] = (), temperature: bool = True) -> Store:
    """Compute from the stored answers what an evaluation records, and each run's temperature."""
    for run in store.runs():
        for record in store.evaluations(run.id):
            answers = store.predictions(run.id, record.split, record.step)
            found, scores = evaluated(answers.logits, answers.labels, own)
            main = {"loss": found.loss, "accuracy": found.accuracy, "macro_f1": found.macro_f1, "f1": found.f1}
            store.add_evaluation(replace(record, scores=scores, **main), answers)
        kept = store.evaluations(run.id, "validation")
        if temperature and kept and run.status == "done":
            answers = store.predictions(run.id, "validation", run.best_step)
            store.put_run(replace(run, temperature=fit_temperature(answers.logits, answers.labels)))
    return store


def missed(labels, probabilities):  # type: ignore[no-untyped-def]
    """What wrong answers cost: five times as much where the second class is missed."""
    wrong = probabilities.argmax(axis=1) != labels
    return float((wrong * (1 + 4 * (labels == 1))).mean())


COST = OwnMetric("missed", missed, lower=True)
