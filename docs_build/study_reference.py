"""The page of study files, from the configuration's classes: every key, its type, its default and its meaning."""

from __future__ import annotations

import ast
import inspect
import types
from textwrap import dedent
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from docs_build.cli_reference import cell
from tunefork.config import (
    Configuration,
    DataConfig,
    EarlyStopping,
    Judging,
    MLflow,
    Rows,
    SaveEvery,
    Search,
    Selection,
    StudyConfig,
    TensorBoard,
    TextAugmentation,
    TrackerChoice,
    TrainingConfig,
)
from tunefork.config.strategies import STRATEGIES, SYNONYMS
from tunefork.config.values import Seed

HEAD = """# Study files

Every key of a study file, read from the program when this page was built. A study file is YAML; what it does not say
has its default, and a key that there is not is an error with its line. `study.yaml` in a study's folder spells all of
it out. Only `data` and `compare` are needed:

```yaml
data: reviews.csv
compare: [full, head, lora: {rank: [2, 8]}]
```
"""
COMPARE = f"""
## compare

A list of configurations. Each names one strategy with its settings, and may have `block` (the title of the table it
is shown in), `seeds` of its own and `training` (settings that differ for it). A list as a setting's value is a grid:
`{{rank: [2, 8]}}` are two configurations. `+` writes one value of several parts: `query+value`.
Short names: {", ".join(f"`{short}` is `{name}`" for short, name in SYNONYMS.items())}.

```yaml
data: reviews.csv
compare:
  - full
  - {{block: rank, lora: {{rank: [2, 8, 32], targets: query+value}}, seeds: 5}}
  - {{head: {{learning_rate: 0.01}}, training: {{epochs: 10}}}}
```
"""
SECTIONS: tuple[tuple[str, type[BaseModel]], ...] = (
    ("data", DataConfig),
    ("data.rows", Rows),
    ("data.augment", TextAugmentation),
    ("training", TrainingConfig),
    ("training.early_stopping", EarlyStopping),
    ("selection", Selection),
    ("verdict", Judging),
    ("search", Search),
    ("save_every", SaveEvery),
    ("trackers: tensorboard", TensorBoard),
    ("trackers: mlflow", MLflow),
)
PLURAL: dict[Any, str] = {
    str: "texts",
    int: "whole numbers",
    Seed: "whole numbers",
    Configuration: "configurations",
    TrackerChoice: "trackers",
}
"""What lists hold."""


def page() -> str:
    """The whole page."""
    parts = [HEAD, table("The file", StudyConfig), COMPARE]
    parts += [table(f"compare: {kind}", model, level=3) for kind, model in STRATEGIES.items()]
    parts += [table(title, model) for title, model in SECTIONS]
    return "\n".join(parts)


def table(title: str, model: type[BaseModel], level: int = 2) -> str:
    """One section of the page: what the class says of itself, and a line for each of its fields."""
    said = meanings(model)
    lines = [
        f"\n{'#' * level} {title}\n",
        inspect.getdoc(model) or "",
        "",
        "| key | takes | default | |",
        "|---|---|---|---|",
    ]
    for name, field in model.model_fields.items():
        if name == "kind":
            continue
        kind = cell(_type(field.annotation, field.metadata))
        lines.append(f"| `{name}` | {kind} | {_default(model, name, field)} | {cell(said.get(name, ''))} |")
    return "\n".join(lines) + "\n"


def meanings(model: type[BaseModel]) -> dict[str, str]:
    """What stands below each field, also of the classes that a model is made from."""
    found: dict[str, str] = {}
    for one in reversed(model.__mro__):
        if one is BaseModel or not issubclass(one, BaseModel):
            continue
        body = ast.parse(dedent(inspect.getsource(one))).body[0]
        assert isinstance(body, ast.ClassDef)
        for field, said in zip(body.body, body.body[1:]):
            match field, said:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                    found[name] = inspect.cleandoc(text).replace("``", "`")
    return found


def _default(model: type[BaseModel], name: str, field: Any) -> str:
    if field.is_required():
        return "**needed**"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, BaseModel):
        return "see below"
    if value in (None, "", (), {}):
        return "–"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return f"`{'+'.join(map(str, value)) if isinstance(value[0], str) else list(value)}`"
    return f"`{value}`"


def _type(annotation: Any, metadata: Any = ()) -> str:
    """A type in words, with its bounds."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(inner[0], (*inner[1:], *metadata))
    if origin is Literal:
        return " or ".join(f"`{each}`" for each in inner)
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(_type(each, metadata) for each in inner if each is not type(None)))
    if origin is tuple:
        several = inner[-1] is Ellipsis
        return PLURAL.get(inner[0], "values") if several else " and ".join(_type(each) for each in inner)
    if origin is dict:
        return "settings"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "settings"
    names = {str: "text", int: "whole number", float: "number", bool: "`true` or `false`"}
    return f"{names.get(annotation, 'value')}{_bounds(metadata)}"


def _bounds(metadata: Any) -> str:
    found = []
    for each in _flat(metadata):
        for sign, words in (("gt", "above"), ("ge", "from"), ("lt", "below"), ("le", "to")):
            bound = getattr(each, sign, None)
            if bound is not None and abs(bound) < 2**53:
                found.append(f"{words} {bound:g}")
    return f" {' '.join(dict.fromkeys(found))}" if found else ""


def _flat(metadata: Any) -> list[Any]:
    return [part for each in metadata for part in (getattr(each, "metadata", None) or [each])]
