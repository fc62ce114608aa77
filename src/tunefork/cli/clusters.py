"""``--cluster`` and ``--costs``: a plan for devices that are not at hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tunefork.plan import Plan
    from tunefork.plan.simulate import Forecast
    from tunefork.study import Study

ClusterText = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="8xH200",
        help="Schedule the study on paper: 8xH200, 2x8xH200 (nodes, devices of each), 4xcpu (cores of this machine), "
        "2xhere (machines like this one), 8xH200@12 (each 12 times as fast as this machine).",
    ),
]
CostsFile = Annotated[
    Path | None,
    typer.Option("--costs", help="Times of the cluster's devices: what tunefork plan STUDY --json wrote on one."),
]


def plan_for(
    study: Study,
    cluster: str | None,
    costs: Path | None,
    timings: bool,
    workers: int | None,
    runner: str | None = None,
    address: str | None = None,
) -> tuple[Plan, Forecast | None]:
    """The plan: for this machine, for what a runner has room for, or for a cluster on paper with its schedule there.

    Raises:
        ConfigError: no such cluster, or options that do not go together.
    """
    from tunefork.cli.runners import runner_places
    from tunefork.errors import ConfigError
    from tunefork.plan.simulate import parse_cluster
    from tunefork.study import costs_file, outline, plan_on

    if cluster is None:
        if costs is not None:
            raise ConfigError(
                "Costs are those of a cluster's devices", where="--costs", found="no --cluster",
                fix="Say how many devices there are: --cluster 8xH200.",
            )  # fmt: skip
        places = runner_places(runner, address, workers)
        return outline(study, timings=timings, workers=workers, places=places), None
    given = costs_file(costs) if costs is not None else None
    where = parse_cluster(cluster, given.device if given else "")
    if runner is not None or address is not None:
        raise ConfigError(
            "A plan is for a runner or for a cluster on paper", where="--runner" if runner else "--address",
            found=f"--cluster {cluster}", fix="Leave out one of them.",
        )  # fmt: skip
    if workers is not None:
        raise ConfigError(
            "How many groups train at the same time is what the cluster says", where="--workers", found=f"{workers}",
            fix=f"Leave it out, or write --cluster {workers}x{where.device.name}.",
        )  # fmt: skip
    if not timings and given is None:
        raise ConfigError(
            "A schedule on paper needs times", where="--no-timings",
            fix="Leave it out, or give --costs FILE.",
        )  # fmt: skip
    return plan_on(study, where, given)
