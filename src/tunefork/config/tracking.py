"""Where a study is told beside its own folder: TensorBoard, MLflow. It changes nothing that is trained."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import ValidationError, field_validator

from tunefork.config.values import Value
from tunefork.errors import ConfigError, did_you_mean

SQLITE = "sqlite:///"
EXAMPLE = "Write trackers: [tensorboard, {mlflow: {uri: http://…, experiment: name}}]."


class TensorBoard(Value):
    """Event files, one folder for each run."""

    kind: Literal["tensorboard"] = "tensorboard"
    dir: str = ""
    """Gets a folder for the study; ``tensorboard/`` in the study's own folder unless given."""

    @property
    def place(self) -> str:
        """Which of several it is, for messages."""
        return f" ({self.dir})" if self.dir else ""

    def whole(self, base: Path) -> TensorBoard:
        """The same with a whole path, which ``base`` is the beginning of."""
        return self.model_copy(update={"dir": str((base / self.dir).resolve())}) if self.dir else self


class MLflow(Value):
    """A run of MLflow for each run, below one for the study."""

    kind: Literal["mlflow"] = "mlflow"
    uri: str = ""
    """A server's address, or a database's such as ``sqlite:///runs.db``; ``mlflow/`` in the study's own folder unless
    given."""
    experiment: str = ""
    """The study's name unless given."""

    @field_validator("uri")
    @classmethod
    def _usable(cls, value: str) -> str:
        if not value or value.partition(":")[0] == "databricks":
            return value
        parts = urlsplit(value)
        if not parts.scheme:
            raise ValueError(f"uri is an address with http:, https: or sqlite: in front but got {value!r}")
        if parts.password:
            raise ValueError(
                "uri holds a password, which the study's folder would keep; set MLFLOW_TRACKING_USERNAME and "
                "MLFLOW_TRACKING_PASSWORD instead"
            )
        return value

    @property
    def place(self) -> str:
        """Which of several it is, for messages."""
        return f" ({self.uri})" if self.uri else ""

    def whole(self, base: Path) -> MLflow:
        """The same with the whole path of a database, which ``base`` is the beginning of."""
        path = self.uri.removeprefix(SQLITE)
        if path == self.uri or not path:
            return self
        return self.model_copy(update={"uri": f"{SQLITE}{(base / path).resolve()}"})


TrackerChoice = TensorBoard | MLflow
KINDS: dict[str, type[TensorBoard] | type[MLflow]] = {"tensorboard": TensorBoard, "mlflow": MLflow}


def written_tracker(choice: TrackerChoice) -> str | dict[str, Any]:
    """A tracker as a study file has it.

    >>> written_tracker(TensorBoard()), written_tracker(MLflow(experiment="a"))
    ('tensorboard', {'mlflow': {'experiment': 'a'}})
    """
    settings = choice.model_dump(exclude={"kind"}, exclude_defaults=True)
    return {choice.kind: settings} if settings else choice.kind


def parse_tracker(entry: Any) -> TrackerChoice:
    """One tracker: its name, ``mlflow:experiment=a`` as the command line has it, or ``{mlflow: {experiment: a}}``.

    >>> parse_tracker("mlflow:uri=http://localhost:5000,experiment=a")
    MLflow(kind='mlflow', uri='http://localhost:5000', experiment='a')

    Raises:
        ConfigError: there is no such tracker or setting, or a value cannot be meant.
    """
    if isinstance(entry, TensorBoard | MLflow):
        return entry
    kind, settings = _parts(entry)
    if kind not in KINDS:
        raise ConfigError(f"There is no tracker {kind!r}", fix=did_you_mean(str(kind), list(KINDS)))
    model = KINDS[kind]
    known = [name for name in model.model_fields if name != "kind"]
    for name in settings:
        if name not in known:
            raise ConfigError(f"There is no setting {name!r} of {kind}", fix=did_you_mean(str(name), known))
    try:
        return model.model_validate(settings)
    except ValidationError as error:
        first = error.errors()[0]
        what = first["msg"].removeprefix("Value error, ")
        raise ConfigError(f"{kind}: {'.'.join(map(str, first['loc']))}: {what}", fix="Correct the value.") from None


def parse_trackers(entries: Any) -> tuple[TrackerChoice, ...]:
    """All trackers of a study: one, or a list of them.

    >>> parse_trackers("tensorboard"), parse_trackers([])
    ((TensorBoard(kind='tensorboard', dir=''),), ())

    Raises:
        ConfigError: see ``parse_tracker``; or one is listed twice.
    """
    found: list[TrackerChoice] = []
    for entry in entries if isinstance(entries, list | tuple) else [entries]:
        choice = parse_tracker(entry)
        if choice in found:
            raise ConfigError(f"The tracker {choice.kind} is listed twice", fix="Take one of them out.")
        found.append(choice)
    return tuple(found)


def _parts(entry: Any) -> tuple[str, Mapping[str, Any]]:
    """The name and the settings of an entry."""
    wrong = ConfigError("A tracker is a name with its settings", found=repr(entry), fix=EXAMPLE)
    if isinstance(entry, str):
        kind, colon, text = entry.partition(":")
        pairs = [pair.partition("=") for pair in text.split(",")] if colon else []
        if not all(equals for _, equals, _ in pairs):
            raise wrong
        return kind.strip(), {name.strip(): value.strip() for name, _, value in pairs}
    if not isinstance(entry, Mapping) or len(entry) != 1:
        raise wrong
    ((kind, settings),) = entry.items()
    if not isinstance(kind, str) or not isinstance(settings, Mapping | None):
        raise wrong
    return kind, settings or {}
