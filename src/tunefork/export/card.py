"""A model card (README.md, as the hub shows it): what the model is, how well it answers, and how to load it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from huggingface_hub import EvalResult, ModelCard, ModelCardData

from tunefork._version import __version__
from tunefork.export.rescoring import Rescored
from tunefork.report import RunSummary, Summary
from tunefork.report.measures import all_metrics
from tunefork.uncertainty import mean_of

LIBRARIES = {"peft": "peft", "merged": "transformers", "onnx": "onnx"}
"""As the hub calls them."""
SHOWN = 20
"""Labels that a card lists."""


@dataclass(frozen=True)
class Facts:
    """What is known of an export beside its study."""

    form: str
    base: str
    """The pretrained model's name for people elsewhere."""
    revision: str | None
    checked: Rescored
    images: bool


def model_card(run: RunSummary, summary: Summary, facts: Facts) -> ModelCard:
    """The card of an exported run.

    Args:
        run: which.
        summary: its study.
        facts: of the export.
    """
    study = summary.study
    task = "image-classification" if facts.images else "text-classification"
    data = ModelCardData(
        library_name=LIBRARIES[facts.form],
        pipeline_tag=task,
        base_model=facts.base,
        tags=["tunefork", run.record.strategy],
        model_name=study.name,
        eval_results=_results(run, summary, task),
    )
    parts = [
        f"---\n{data.to_yaml()}\n---",
        f"# {study.name}: {run.record.name}",
        f"{facts.base}{f' (revision {facts.revision})' if facts.revision else ''}, fine-tuned: {run.record.name}, seed "
        f"{run.record.seed}, {run.record.counts.trainable:,} trainable parameters "
        f"({run.record.counts.peft_percent:.3g} %).",
        "## What it answers",
        _labels(study.labels, study.problem),
        "## How well",
        _metrics(run, summary),
        f"This {facts.form} export was loaded in a process of its own and asked {facts.checked.rows} held-out rows: "
        f"its logits are up to {facts.checked.difference:.2g} from the run's ({facts.checked.tolerance:.2g} is allowed)"
        + (f", and {facts.checked.agreeing:.1%} of its answers are the same." if facts.checked.agreeing else "."),
        "## Data",
        f"{', '.join(f'{number:,} {name}' for name, number in study.rows.items())} rows. SHA-256 of rows and splits: "
        f"`{study.data_hash}`.",
        "## Limits",
        _limits(run, summary),
        "## How to load it",
        _loading(facts, study.labels),
        f"Made by tunefork {__version__}.",
    ]
    return ModelCard("\n\n".join(parts) + "\n")


def _results(run: RunSummary, summary: Summary, task: str) -> list[EvalResult] | None:
    if run.test is None:
        return None
    values = {name: run.test.metric(name) for name in all_metrics(summary)}
    study = summary.study
    return [
        EvalResult(task, study.name, study.name, name, value, dataset_split="test")
        for name, value in values.items()
        if math.isfinite(value)
    ]


def _labels(labels: tuple[str, ...], problem: str) -> str:
    if problem == "regression":
        return f"A number: `{labels[0]}`."
    listed = ", ".join(f"`{label}`" for label in labels[:SHOWN]) + (" …" if len(labels) > SHOWN else "")
    kind = "Any of" if problem == "multi_label" else "One of"
    return f"{kind} {len(labels)} labels: {listed}."


def _metrics(run: RunSummary, summary: Summary) -> str:
    if run.test is None:
        return "It was not tested."
    units = run.units
    lines = ["| metric | test |", "|---|---|"]
    for name in all_metrics(summary):
        value = run.test.metric(name)
        if math.isfinite(value):
            lines.append(f"| {units.name(name)} | {units.value(name, value)}{_interval(run, name)} |")
    return "\n".join(lines)


def _interval(run: RunSummary, name: str) -> str:
    """What the accuracy of this model is known to; rows are its only sample."""
    if name != "accuracy" or run.answers is None:
        return ""
    found = mean_of(run.answers.correct[None]).interval
    return f" (95 % interval {100 * found.low:.1f} to {100 * found.high:.1f} %)"


def _limits(run: RunSummary, summary: Summary) -> str:
    told = [f"- {warning}" for warning in summary.warnings]
    told += [f"- {notice}" for notice in run.record.notices]
    told.append("- It was trained and tested on the rows above. What it does on others, nobody has measured.")
    return "\n".join(told)


def _loading(facts: Facts, labels: tuple[str, ...]) -> str:
    kind, reader = (
        ("ImageClassification", "AutoImageProcessor")
        if facts.images
        else (
            "SequenceClassification",
            "AutoTokenizer",
        )
    )
    rows = '["picture.png"]' if facts.images else '["a text"]'
    tunefork = f"from tunefork import load_model\n\nload_model(FOLDER).predict({rows})"
    if facts.form == "onnx":
        inputs = "images=image" if facts.images else '"a text"'
        other = (
            f"import onnxruntime\nfrom transformers import {reader}\n\n"
            f'session = onnxruntime.InferenceSession(f"{{FOLDER}}/model.onnx")\n'
            f'inputs = {reader}.from_pretrained(FOLDER)({inputs}, return_tensors="np")\n'
            f'session.run(["logits"], dict(inputs))'
        )
    elif facts.form == "peft":
        revision = f', revision="{facts.revision}"' if facts.revision else ""
        other = (
            f"from peft import PeftModel\nfrom transformers import AutoModelFor{kind}, {reader}\n\n"
            f'base = AutoModelFor{kind}.from_pretrained("{facts.base}", num_labels={len(labels)}{revision})\n'
            f"model = PeftModel.from_pretrained(base, FOLDER)\nreader = {reader}.from_pretrained(FOLDER)"
        )
    else:
        task = "image-classification" if facts.images else "text-classification"
        other = (
            f"from transformers import AutoModelFor{kind}, {reader}, pipeline\n\n"
            f"model = AutoModelFor{kind}.from_pretrained(FOLDER)\n"
            f'pipeline("{task}", model=FOLDER)'
        )
    return f"```python\n{tunefork}\n```\n\n```python\n{other}\n```"
