"""report.html: one file with everything. It needs no network, and is read without JavaScript as well as with it."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from tunefork.report.figures import inline_svg
from tunefork.report.sections import SECTIONS, Material
from tunefork.report.sorting import sort_key


def html(material: Material) -> str:
    """The report as an HTML page. Every text of the study is escaped; one script may run, ours, by its hash."""
    from markupsafe import Markup

    environment = _environment()
    script = _source(environment, "script.js")
    sections = [(section, section.values(material)) for section in SECTIONS]
    return str(
        environment.get_template("report.html.j2").render(
            study=material.summary.study,
            verdict=material.verdict,
            sections=[(section, values) for section, values in sections if values is not None],
            palette=Markup(palette()),
            style=Markup(_source(environment, "style.css")),
            script=Markup(script),
            script_hash=csp_hash(script),
        )
    )


def palette() -> str:
    """The colours of the page as a style sheet: variables, for light and dark."""
    return _source(_environment(), "palette.css")


def script_hash() -> str:
    """How a content security policy names the one script of the page."""
    return csp_hash(_source(_environment(), "script.js"))


def csp_hash(script: str) -> str:
    """How a content security policy names a script that may run.

    https://www.w3.org/TR/CSP3/#grammardef-hash-source

    >>> csp_hash("alert('Hello, world.');")
    'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='
    """
    return f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}"


def _broken(text: str) -> Any:
    """Text that may go to a new line after each plus, as names of many targets must on a phone."""
    from markupsafe import Markup, escape

    return Markup("+<wbr>").join(escape(part) for part in text.split("+"))


def together(text: str) -> str:
    """A cell's text that goes to a new line before ± and "to" at most, so that units stay with their numbers.

    >>> together("91.28 ± 0.40"), together("9.8 s")
    ('91.28 ±\\xa00.40', '9.8\\xa0s')
    """
    return text.replace(" ", "\xa0").replace("\xa0±", " ±").replace("\xa0to\xa0", " to\xa0")


def _environment() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("tunefork.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # our own SVG: Matplotlib and Drawing escaped the texts in it
    environment.filters["inline_svg"] = lambda drawing: Markup(inline_svg(drawing))
    environment.filters["sort_key"] = sort_key
    environment.filters["broken"] = _broken
    environment.filters["together"] = together
    return environment


def _source(environment: Any, name: str) -> str:
    return str(environment.loader.get_source(environment, name)[0])
