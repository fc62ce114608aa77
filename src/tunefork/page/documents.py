"""The HTML of the page, and which headers a browser needs to keep it safe. No text of a study is in any of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tunefork.report.html import script_hash

STATIC = Path(__file__).parent / "static"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; form-action 'none'"
)
HEADERS = {b"content-security-policy": POLICY.encode(), b"cache-control": b"no-cache"}
"""Of every answer that has no others."""
PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
PAGES = ("studies", "study", "playground")


def report_policy() -> str:
    """Of a study's report, whoever wrote it: our script may run in it, in an origin of its own that can ask nobody."""
    return (
        f"default-src 'none'; script-src '{script_hash()}'; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; frame-ancestors 'none'; form-action 'none'; sandbox allow-scripts"
    )


def documents() -> dict[str, str]:
    """Every page by its name."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment: Any = Environment(
        loader=PackageLoader("tunefork.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return {name: environment.get_template(f"{name}.html.j2").render() for name in PAGES}
