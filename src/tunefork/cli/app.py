"""The Typer application, and the one place that turns our errors into messages."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

from tunefork.errors import TuneforkError

app = typer.Typer(
    name="tunefork",
    help="Compare ways of fine-tuning a pretrained transformer on your data, and get the model.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON document for machines, and nothing else, to standard output.")
]


def _version(wanted: bool) -> None:
    if wanted:
        from tunefork import __version__

        typer.echo(f"tunefork {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def emit(document: Any) -> None:
    """Print a JSON document."""
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False))


def main() -> None:
    """Run the command line. Errors of ours are one paragraph and a non-zero status, never a traceback."""
    try:
        app()
    except TuneforkError as error:
        if "--json" in sys.argv:
            emit({"error": {"what": error.what, "where": error.where, "found": error.found, "fix": error.fix}})
        print(f"tunefork: {error}", file=sys.stderr)
        sys.exit(error.exit_status)
    except KeyboardInterrupt:
        print("tunefork: interrupted; finished runs are kept, the same command continues", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
