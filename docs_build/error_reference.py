"""The page on troubleshooting, from the classes of errors: what each means, its cause, a real message, what to do."""

from __future__ import annotations

import html
import inspect
from dataclasses import dataclass

from docs_build.cli_reference import escaped
from docs_build.error_messages import raised
from tunefork.errors import TuneforkError

LABELS = ("Cause: ", "Remedy: ", "Example: ")
HEAD = """# Troubleshooting

Whatever tunefork refuses is one paragraph: what is wrong, where, what was found, what to do. The command line prints it
without a traceback; with `--json` its parts stand in `error` and `problems`; in Python it is one of the classes below,
with the attributes `what`, `where`, `found` and `fix`. A traceback is a defect of tunefork's own: please report it.

Look for the words of your message with the search above: the messages of every class are listed below it, read from the
program when this page was built. `…` stands for what is filled in.

Kills, full disks, short memory: [When something goes wrong](faults.md). Warnings above a verdict:
[Reading the verdict](verdict.md).
"""


@dataclass(frozen=True)
class Told:
    """What a class says of itself."""

    name: str
    meaning: str
    cause: str
    remedy: str
    example: str
    status: int


def classes() -> list[type[TuneforkError]]:
    """Every class of error, each below its base."""
    import tunefork.errors

    every = [each for each in vars(tunefork.errors).values() if isinstance(each, type)]
    known = [each for each in every if issubclass(each, TuneforkError)]
    found: list[type[TuneforkError]] = []

    def add(one: type[TuneforkError]) -> None:
        found.extend([one] if one not in found else [])
        for other in known:
            if other.__bases__[0] is one:
                add(other)

    add(TuneforkError)
    return found


def told(error: type[TuneforkError]) -> Told:
    """What stands in the class's docstring: its meaning, then lines that begin with Cause, Remedy and Example.

    Lines that are indented begin a new line of the example; others go on.

    Raises:
        ValueError: one of them is missing.
    """
    text = inspect.cleandoc(error.__doc__ or "")
    parts = dict.fromkeys(("", *LABELS), "")
    label = ""
    for line in text.splitlines():
        began = next((each for each in LABELS if line.startswith(each)), None)
        if not line.strip() and label == LABELS[-1]:
            break  # arguments, examples of Python
        if began is not None:
            label, line = began, line.removeprefix(began)
        between = "\n" if label == LABELS[-1] and line.startswith("  ") else " " if parts[label] else ""
        parts[label] += between + line
    missing = [each.strip(": ") for each in LABELS if not parts[each].strip()]
    if missing:
        raise ValueError(f"{error.__name__} does not say its {' and '.join(missing)}")
    meaning, cause, remedy, example = (part.rstrip() for part in parts.values())
    return Told(error.__name__, meaning, cause, remedy, example, error.exit_status)


def page() -> str:
    """The whole page."""
    messages = raised()
    found = [(each, told(each)) for each in classes()]
    lines = [HEAD, "| class | |", "|---|---|"]
    for error, one in found:
        depth = len([base for base in error.__mro__ if issubclass(base, TuneforkError)]) - 1
        lines.append(f"| {'&emsp;' * min(depth, 2)}[`{one.name}`](#{one.name.lower()}) | {escaped(one.meaning)} |")
    for error, one in found:
        lines += _section(error, one, messages.get(one.name, {}))
    return "\n".join(lines) + "\n"


def _section(error: type[TuneforkError], one: Told, messages: dict[str, list[str]]) -> list[str]:
    bases = " and ".join(f"`{base.__name__}`" for base in error.__bases__)
    lines = [f"\n## {one.name}\n", f"{escaped(one.meaning)} A {bases}; exit status {one.status}.\n"]
    lines += [f"**Why.** {escaped(one.cause)}\n", f"**What to do.** {escaped(one.remedy)}\n"]
    lines += ['```text title="For example"', one.example, "```\n"]
    if messages:
        lines += [f'??? note "All its messages ({len(messages)})"', ""]
        lines += [
            f"    - {_plain(what)} <small>{', '.join(sorted(places))}</small>"
            for what, places in sorted(messages.items())
        ]
    return lines


def _plain(text: str) -> str:
    """Text of the program as text of the page."""
    return html.escape(" ".join(text.split()), quote=False).replace("*", "\\*").replace("_", "\\_").replace("`", "\\`")
