"""``tunefork ui``: a page to watch studies, read them and try their models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from tunefork.cli.app import app

Folder = Annotated[Path, typer.Argument(help="A study's folder, or one with studies somewhere below.")]


@app.command()
def ui(
    folder: Folder = Path(),
    host: Annotated[str, typer.Option("--host", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes any that is free.")] = 8765,
    token: Annotated[
        str,
        typer.Option(
            "--token",
            envvar="TUNEFORK_TOKEN",
            show_envvar=False,
            help="Who asks has to know it (or TUNEFORK_TOKEN); needed where other machines can reach the page.",
        ),
    ] = "",
    allow_host: Annotated[
        list[str] | None, typer.Option("--allow-host", help="A further name by which the page is called.")
    ] = None,
    browser: Annotated[bool, typer.Option("--open/--no-open", help="Open it in the browser.")] = True,
) -> None:
    """Watch studies while they train, read what they found, and try their models, on a page in the browser."""
    from tunefork.errors import StoreError
    from tunefork.web import access, check_installed, run_app

    check_installed("The page")
    if not folder.is_dir():
        raise StoreError("There is no such folder", where=str(folder), fix="Name the folder that holds your studies.")
    rules = access(host, token, allow_host or ())
    from tunefork.page.app import Desk, make_app

    desk = Desk(folder)

    def ready(address: str) -> None:
        whole = f"{address}/?token={quote(token, safe='')}" if token else address
        typer.echo(f"Studies below {desk.shelf.root}: {whole}\nEnd it with ^C.")
        if browser:
            typer.launch(whole)

    run_app(make_app(desk, rules), host, port, ready, desk.end)
