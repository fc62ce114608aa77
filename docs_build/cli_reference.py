"""The page of all commands, from the Typer application: every argument and option, its default and its help."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import typer

from tunefork.cli import app

HEAD = """# Command line

Every command and option, read from the program when this page was built. `tunefork COMMAND --help` says the same.
With `--json` a command prints one JSON document and nothing else. The exit status is 0 when all went well, 1 when
something could not be done, 2 for an option or a setting that cannot be meant, 130 after ^C and 143 after SIGTERM; a
stopped study continues with the same command.
"""


def commands() -> dict[str, Any]:
    """Every command of the application by its name, as Click has it."""
    group: Any = typer.main.get_command(app)
    return dict(group.commands)


def page() -> str:
    """The whole page."""
    found = commands()
    lines = [HEAD, "| command | what it does |", "|---|---|"]
    lines += [f"| [`tunefork {name}`](#{_anchor(name)}) | {cell(_about(one))} |" for name, one in found.items()]
    return "\n".join([*lines, *(_section(name, one) for name, one in found.items())]) + "\n"


def _anchor(name: str) -> str:
    return f"tunefork-{name}"


def _about(command: Any) -> str:
    return " ".join((command.help or "").split("\f")[0].split())


def _section(name: str, command: Any) -> str:
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if each.param_type_name == "option" and not each.hidden]
    usage = " ".join(["tunefork", name, *map(_argument, arguments), "[OPTIONS]"])
    lines = [f"\n## tunefork {name}\n", escaped(_about(command)), f"\n```\n{usage}\n```\n"]
    lines += ["| | | |", "|---|---|---|"]
    lines += [
        f"| `{_argument(each)}` | {'' if each.required else 'optional'} | {cell(each.help or '')} |"
        for each in arguments
    ]
    lines += [f"| {_names(each)} | {_value(each)} | {cell(each.help or '')} |" for each in options]
    return "\n".join(lines)


def _argument(argument: Any) -> str:
    name = argument.metavar or f"{argument.name.upper()}{'…' if argument.nargs == -1 else ''}"
    return name if argument.required else f"[{name}]"


def _names(option: Any) -> str:
    names = sorted((*option.opts, *option.secondary_opts), key=len, reverse=True)
    return ", ".join(f"`{name.strip()}`" for name in names if name.strip())


def _value(option: Any) -> str:
    """What an option takes, whether it may be repeated, and its default."""
    if option.is_flag:
        return "on unless given" if option.default is True else ""
    parts = [option.metavar or _kind(option.type_descriptor.annotation)]
    parts += [f"at least {option.min:g}"] if option.min is not None else []
    parts += ["repeatable"] if option.multiple else []
    default = option.default() if callable(option.default) else option.default
    parts += [f"`{default}` unless given"] if default not in (None, [], (), "") else []
    return cell(", ".join(parts))


def _kind(annotation: Any) -> str:
    (inner,) = get_args(annotation) or (annotation,)
    return {str: "text", int: "whole number", float: "number", Path: "path"}.get(inner, str(inner))


def escaped(text: str) -> str:
    """Text of the program in a page: signs of Markdown are signs, unless it is Markdown itself."""
    return text.replace("<", "&lt;").replace("*", "\\*").replace("_", "\\_") if "`" not in text else text


def cell(text: str) -> str:
    """Text in a cell of a table: a bar would end it."""
    return escaped(" ".join(text.split())).replace("|", "\\|")
