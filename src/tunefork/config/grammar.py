"""The command line's way to write a configuration: ``lora:rank=8,targets=query+value``."""

from __future__ import annotations

from typing import Any

from tunefork.config.compare import Configuration
from tunefork.config.strategies import STRATEGIES
from tunefork.errors import ConfigError, did_you_mean


def parse_run(text: str) -> Configuration:
    """A configuration from ``--run``.

    Grammar: ``KIND`` or ``KIND:key=value,key=value``, where KIND is full, head, last_layers, lora or peft. Values are
    numbers, words, true, false or composites with ``+``. One ``--run`` is one configuration; grids are for study files.

    >>> parse_run("lora:r=8,targets=query+value,lr=1e-3").strategies[0].label()
    'LoRA r=8 query+value'

    Raises:
        ConfigError: quoting the text and naming the part that cannot be read.
    """
    kind, colon, rest = text.partition(":")
    kind = kind.strip()
    if kind not in STRATEGIES:
        raise ConfigError(
            f"There is no strategy '{kind}'", where=f"--run {text}", fix=did_you_mean(kind, list(STRATEGIES))
        )
    settings: dict[str, Any] = {}
    for part in filter(None, rest.split(",")) if colon else ():
        key, equals, value = part.partition("=")
        if not equals or not value.strip():
            raise ConfigError(
                f"'{part}' is not of the form key=value",
                where=f"--run {text}",
                fix=f"Write {kind}:key=value,key=value.",
            )
        if key.strip() in settings:
            raise ConfigError(f"'{key.strip()}' is given twice", where=f"--run {text}", fix="Give it once.")
        settings[key.strip()] = _scalar(value.strip())
    if any(target.startswith("re:") for target in str(settings.get("targets", "")).split("+")):
        raise ConfigError(
            "Regular expressions are for study files",
            where=f"--run {text}",
            fix="Name roles or modules here, such as query+value.",
        )
    if kind == "peft":
        own = {key: settings.pop(key) for key in ("type", "learning_rate", "lr") if key in settings}
        settings = own | {"settings": settings}
    try:
        return Configuration(kind, settings)
    except ConfigError as error:
        raise ConfigError(error.what, where=f"--run {text}", found=error.found, fix=error.fix) from None


def _scalar(text: str) -> Any:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
