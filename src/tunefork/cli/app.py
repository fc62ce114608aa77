"""The Typer application, and the one place that turns our errors into messages."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

from tunefork.errors import ProblemsError, StoreError, TuneforkError

app = typer.Typer(
    name="tunefork",
    help="Compare ways of fine-tuning a pretrained transformer on your data, and get the model.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

# Newer versions of Typer carry a click of their own, under a private name; this is the UsageError of whichever it is.
UsageError: Any = typer.BadParameter.__bases__[0]

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
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    typer.echo(text.encode("utf-8", "backslashreplace").decode())  # half of a surrogate pair can only be escaped


def main() -> None:
    """Run the command line. Errors of ours are one paragraph and a non-zero status, never a traceback."""
    try:
        sys.exit(app(standalone_mode=False, prog_name="tunefork") or 0)
    except UsageError as error:
        error.show()
        sys.exit(error.exit_code)
    except TuneforkError as error:
        _tell(error)
        sys.exit(error.exit_status)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except OSError as error:
        place = str(error.filename or "")
        _tell(
            StoreError(error.strerror or str(error), where=place, fix="Check the path, its permissions and the disk.")
        )
        sys.exit(1)
    except (KeyboardInterrupt, typer.Abort):
        print("tunefork: interrupted; finished runs are kept, the same command continues", file=sys.stderr)
        sys.exit(130)


def _tell(error: TuneforkError) -> None:
    if "--json" in sys.argv:
        problems = error.problems if isinstance(error, ProblemsError) else (error,)
        parts = [{"what": each.what, "where": each.where, "found": each.found, "fix": each.fix} for each in problems]
        emit({"error": parts[0], "problems": parts})
    print(f"tunefork: {error}", file=sys.stderr)
