"""``tunefork plan``: what a study will do and cost, before anything trains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tunefork.cli.app import Json, app, emit
from tunefork.cli.clusters import ClusterText, CostsFile, plan_for
from tunefork.cli.options import (
    AllowPickle,
    BadImages,
    DataFolder,
    DropEmpty,
    DropMissing,
    Epochs,
    Leakage,
    OwnMetrics,
    Rare,
    Seeds,
    SharedRate,
    StudyFile,
    TrainingRows,
    TrustCode,
    Workers,
    overrides,
    row_options,
    trust_options,
)
from tunefork.cli.runners import Address, RunnerName

if TYPE_CHECKING:
    from tunefork.plan import Plan


@app.command()
def plan(
    study: StudyFile,
    data: DataFolder = None,
    seeds: Seeds = None,
    rows: TrainingRows = None,
    epochs: Epochs = None,
    shared_learning_rate: SharedRate = None,
    drop_missing: DropMissing = False,
    drop_empty: DropEmpty = False,
    bad_images: BadImages = None,
    leakage: Leakage = None,
    rare: Rare = None,
    workers: Workers = None,
    runner: RunnerName = None,
    address: Address = None,
    cluster: ClusterText = None,
    costs: CostsFile = None,
    metric: OwnMetrics = None,
    trust_remote_code: TrustCode = None,
    allow_pickle: AllowPickle = False,
    timings: Annotated[
        bool,
        typer.Option("--timings/--no-timings", " /--no-time", help="Time a few steps of every configuration."),
    ] = True,
    as_json: Json = False,
) -> None:
    """Show a study's runs, exact counts, steps, estimated time and memory, and how much of the texts is cut off."""
    from tunefork.metrics import own_metrics
    from tunefork.recipes import study_file
    from tunefork.search import search_outlook
    from tunefork.study import Study, measured_here, no_costs_because

    own = own_metrics(metric or (), where="--metric")
    unusable = row_options(drop_missing, drop_empty, bad_images, leakage, rare)
    changes = overrides(seeds, rows, epochs, shared_learning_rate, unusable=unusable)
    file, base = study_file(study)
    made = Study.from_file(file, changes, data or base, own, trust_options(trust_remote_code, allow_pickle))
    found, forecast = plan_for(made, cluster, costs, timings, workers, runner, address)
    if as_json:
        measured = measured_here(found) if forecast is None else forecast.costs
        emit(
            as_document(found)
            | {"search": search_outlook(made.config)}
            | {"costs": measured.document() if measured else None}
            | {"no_costs_because": None if measured else no_costs_because(found)}
            | ({"forecast": forecast.document()} if forecast else {})
        )
        return
    _show(made.config.name, made.config.model, found)
    for line in forecast.lines() if forecast else ():
        typer.echo(line)


def as_document(plan: Plan) -> dict[str, Any]:
    """The plan as JSON prints it."""
    return {
        "rows": plan.rows,
        "truncated": plan.truncated,
        "tokens": plan.tokens,
        "tokens_are_the_most": plan.longest,
        "seconds": plan.seconds,
        "disk_mb": plan.disk_mib,
        "detects": plan.detects,
        "notices": list(plan.notices),
        "warnings": list(plan.warnings),
        "near_duplicates": list(plan.near_duplicates),
        "augmentation": plan.augmentation or None,
        "workers": plan.workers,
        "threads": plan.threads,
        "groups": [list(group.runs) for group in plan.groups],
        "runs": [
            {
                "id": run.config.id,
                "name": run.name,
                "seed": run.config.seed,
                "blocks": list(run.blocks),
                "adapter": run.counts.adapter,
                "head": run.counts.head,
                "backbone": run.counts.backbone,
                "trainable": run.counts.trainable,
                "peft_percent": run.counts.peft_percent,
                "steps": run.steps,
                "seconds": run.seconds,
                "memory_mb": run.memory_mib,
                "notices": list(run.notices),
            }
            for run in plan.runs
        ],
    }


def _show(name: str, model: str, plan: Plan) -> None:
    from rich.console import Console
    from rich.table import Table

    from tunefork.plan import PROCESS_MIB, disk, duration, findings, lengths, passes, whole

    console = Console(emoji=False)
    table = Table(title=f"{name}: {len(plan.runs)} runs on {model}", title_justify="left")
    table.add_column("run", overflow="fold")
    table.add_column("seeds", justify="right")
    for column in ("trainable", "%", "steps", "time each", "memory"):
        table.add_column(column, justify="right")
    by_configuration: dict[str, list[Any]] = {}
    for run in plan.runs:
        by_configuration.setdefault(run.config.configuration, []).append(run)
    for runs in by_configuration.values():
        first = runs[0]
        table.add_row(
            first.name,
            str(len(runs)),
            f"{first.counts.trainable:,}",
            f"{first.counts.peft_percent:.3g}",
            "unknown" if first.steps is None else f"{first.steps:,}",
            duration(first.seconds),
            "unknown" if first.memory_mib is None else f"{first.memory_mib:,.0f} MB",
        )
    console.print(table)
    if any(run.memory_mib is not None for run in plan.runs):
        console.print(f"memory: of a run alone, beside {PROCESS_MIB:,.0f} MB of the process itself", highlight=False)
    for split, rows in plan.rows.items():
        console.print(f"{split}: {rows:,} rows{lengths(plan, split)}", highlight=False)
    for line in (*passes(plan), *findings(plan)):
        console.print(line, highlight=False, markup=False)
    for line in plan.search:
        console.print(line, highlight=False, markup=False)
    console.print(f"{whole(plan)}: {duration(plan.seconds)}{disk(plan)}", highlight=False)
    for line in [*plan.warnings, *plan.notices, *dict.fromkeys(each for run in plan.runs for each in run.notices)]:
        console.print(f"- {line}", highlight=False, markup=False)
