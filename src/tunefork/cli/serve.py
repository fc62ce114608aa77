"""``tunefork serve``: trained models behind HTTP."""

from __future__ import annotations

from typing import Annotated

import typer

from tunefork.cli.app import app


@app.command()
def serve(
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="[NAME=]DIR...",
            help="DIR or NAME=DIR: a study's folder (its best run), a run's folder, a saved or exported model. "
            "Adapters and heads of one pretrained model share its weights and answer in one pass.",
        ),
    ],
    every: Annotated[bool, typer.Option("--all", help="Of a study, all finished runs, called by their ids.")] = False,
    host: Annotated[
        str, typer.Option("--host", help="The address to listen on; any but this machine's own needs --token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes any that is free.")] = 8000,
    token: Annotated[
        str, typer.Option("--token", envvar="TUNEFORK_TOKEN", help="What clients send: Authorization: Bearer TOKEN.")
    ] = "",
    allow_host: Annotated[
        list[str] | None,
        typer.Option("--allow-host", metavar="NAME", help="A further name by which the server is called."),
    ] = None,
    precision: Annotated[
        str, typer.Option("--precision", help="fp32, or bf16: faster where the processor has it, and rounded.")
    ] = "fp32",
    batch: Annotated[int, typer.Option("--batch", min=1, help="Rows of one pass at most.")] = 64,
    wait: Annotated[
        float, typer.Option("--wait", min=0, max=1000, help="Milliseconds that an idle server waits for more requests.")
    ] = 2.0,
    queue: Annotated[int, typer.Option("--queue", min=1, help="Rows that may wait; beyond, clients get 429.")] = 1024,
    rows: Annotated[int, typer.Option("--rows", min=1, help="Rows of one request at most; beyond, 413.")] = 256,
    body: Annotated[int, typer.Option("--body", min=1, help="MiB of one request at most; beyond, 413.")] = 8,
) -> None:
    """Serve trained models: POST /predict, GET /models, /healthz, /metrics (Prometheus), /openapi.json."""
    from tunefork.errors import ConfigError
    from tunefork.web import Limits, access, check_installed, run_app

    check_installed("tunefork serve")
    from tunefork.serve import Offer, Room, create_app, find_sources, load_fleet

    if precision not in ("fp32", "bf16"):
        raise ConfigError(f"There is no precision '{precision}'", where="--precision", fix="Use fp32 or bf16.")
    rules = access(host, token, allow_host or ())
    sources = find_sources(models, every)
    typer.echo(f"loading {len(sources)} model{'s' if len(sources) != 1 else ''} …", err=True)
    fleet = load_fleet(sources, "bf16" if precision == "bf16" else "fp32")
    for lane in range(len(fleet.lanes)):
        own = [model for model in fleet.models.values() if model.lane == lane]
        how = ", in one pass" if len(own) > 1 else "" if own[0].shares else ", with weights of its own"
        typer.echo(f"  {own[0].facts['model']}: {', '.join(model.id for model in own)}{how}", err=True)

    def ready(address: str) -> None:
        typer.echo(f"serving on {address}; POST {address}/predict, {address}/openapi.json; ^C ends", err=True)

    offer = Offer(Room(rows=batch, wait=wait / 1000, queue=queue), Limits(body=body * 2**20), min(rows, queue))
    run_app(create_app(fleet, rules, offer), host, port, ready)
