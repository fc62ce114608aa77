"""Study files: YAML that unfolds, runs code or means something else, and settings that nobody can mean."""

from __future__ import annotations

from pathlib import Path

from tests.faults.hostile.case import Hostile
from tunefork.config.grammar import parse_run
from tunefork.study_file import read_study

BASE = "data: {train: a.csv}\ncompare: [full]\n"
LAUGHS = "a0: &a0 [ha, ha]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
MERGES = "a0: &a0 {x: 1}\n" + "".join(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 12))
NAMES = ("rank", "alpha", "dropout", "targets", "layers", "bias", "use_rslora", "modules_to_save", "learning_rate")
GRID = ", ".join(f"{name}: [1, 2, 3, 4, 5, 6, 7]" for name in NAMES)


def study(name: str, content: str | bytes, says: str = "study.yaml") -> Hostile:
    def read(folder: Path) -> object:
        path = folder / "study.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
        return read_study("study.yaml")

    return Hostile(f"study {name}", read, says)


def path(name: str, where: str, says: str) -> Hostile:
    return Hostile(f"path {name}", lambda folder: read_study(where), says)


def run(text: str, says: str = "--run") -> Hostile:
    return Hostile(f"--run {text[:40]}", lambda folder: parse_run(text), says)


def compared(name: str, entry: str, says: str = "compare") -> Hostile:
    return study(name, f"data: {{train: a.csv}}\ncompare: [{entry}]\n", says)


STUDIES = (
    study("of a billion laughs", LAUGHS + BASE, "unfolds"),
    study("of a billion merges", MERGES + BASE, "unfolds"),
    study("of itself", "a: &a [*a]\n" + BASE, "refers to itself"),
    study("of itself by a merge", "a: &a {<<: *a}\n" + BASE),
    study("that runs a program", BASE + "name: !!python/object/apply:os.system ['true']\n", "not YAML"),
    study("with an object", BASE + "name: !!python/object:object {}\n", "not YAML"),
    study("with a tag of its own", BASE + "name: !evil x\n", "not YAML"),
    study("with a number that is none", BASE + "seeds: !!int ''\n", "not YAML"),
    study("with a number in words", BASE + "seeds: !!int three\n", "not YAML"),
    study("with a truth that is none", BASE + "seeds: !!bool perhaps\n", "not YAML"),
    study("with a time that is none", BASE + "seeds: !!timestamp soon\n", "not YAML"),
    study("with a day that is none", BASE + "seeds: 2024-13-45\n", "not YAML"),
    study("with binary that is none", BASE + "seeds: !!binary '***'\n"),
    study("with a set", BASE + "seeds: !!set {a, b}\n"),
    study("with pairs", BASE + "seeds: !!pairs [{[a]: b}]\n", "named by a word"),
    study("with a list for a name", BASE + "? [a, b]\n: c\n", "named by a word"),
    study("with settings for a name", BASE + "? {a: b}\n: c\n", "named by a word"),
    study("with numbers for names", BASE + "1: 2\n", "settings, key: value"),
    study("with nothing for a name", BASE + "~: 2\n", "settings, key: value"),
    study("with a key twice", BASE + "name: a\nname: b\n", "given twice"),
    study("with a key twice, inside", BASE + "training: {epochs: 1, 'epochs': 2}\n", "given twice"),
    study("nested 10,000 times", BASE + "name: " + "[" * 10_000 + "]" * 10_000, "not YAML"),
    study("nested 60 times", BASE + "name: " + "[" * 60 + "]" * 60, "unfolds"),
    study("with a number of 5,000 digits", BASE + f"seeds: {'9' * 5000}\n", "5,000 digits"),
    study("with a number of 9,000 hex digits", BASE + f"seeds: 0x{'f' * 9000}\n", "digits"),
    study("with a number in sixties", BASE + f"seeds: 1{':59' * 5000}\n", "digits"),
    study("with seeds without end", BASE + "seeds: 99999999999\n", "seeds"),
    study("with a seed of 300 digits", BASE + f"seeds: [{'9' * 300}]\n", "seeds"),
    study("with lists of seeds", BASE + "seeds: [[1], [2]]\n", "seeds"),
    study("with settings of seeds", BASE + "seeds: [{a: 1}]\n", "seeds"),
    study("with tabs", BASE + "training:\n\tepochs: 1\n", "not YAML"),
    study("with a NUL", BASE + "name: a\0b\n", "not YAML"),
    study("with a NUL that is escaped", BASE + 'name: "a\\0b"\n', "plain name"),
    study("with an escape", BASE + 'name: "\\e[2J"\n', "plain name"),
    study("with half a surrogate pair", BASE + 'name: "\\ud83d"\n', "surrogate"),
    study("with half a pair for a key", BASE + '"\\ud83d": 1\n', "surrogate"),
    study("with a raw surrogate", BASE + "name: \ud83d\n", "cannot be read"),
    study("with a mark in its middle", BASE + "\ufeffname: x\n"),
    study("in UTF-16", BASE.encode("utf-16"), "cannot be read"),
    study("in latin-1", BASE.encode() + b"name: caf\xe9\n", "cannot be read"),
    study("of bytes", bytes(range(256)), "cannot be read"),
    study("of nothing", "", "empty file"),
    study("of blanks", " \n" * 99, "empty file"),
    study("of a comment", "# nothing\n", "empty file"),
    study("of two documents", BASE + "---\n" + BASE, "not YAML"),
    study("of a list", "- a\n", "key: value"),
    study("of a word", "word", "key: value"),
    study("of HTML", "<html><body>404</body></html>", "key: value"),
    study("of a megabyte", BASE + "#" * 2**20, "too long"),
    study("of 110,000 values", BASE + "seeds: [" + "1," * 110_000 + "]\n", "unfolds"),
    study("named ..", BASE + "name: ..\n", "plain name"),
    study("named with a path", BASE + "name: ../../x\n", "plain name"),
    study("named with a backslash", BASE + "name: '..\\x'\n", "plain name"),
    study("named by a blank", BASE + "name: ' '\n", "plain name"),
    study("that trusts code", BASE + "trust_remote_code: true\n", "no setting 'trust_remote_code'"),
    study("that allows pickle", BASE + "allow_pickle: true\n", "no setting 'allow_pickle'"),
    study("with a name nearly right", BASE + "trainning: {epochs: 1}\n", "Did you mean 'training'"),
    study("with a key nearly right", BASE + "training: {epoch: 1}\n", "Did you mean 'epochs'"),
    study("with a key of a megabyte", BASE + f"{'k' * 1000}: 1\n", "no setting"),
    study("with a class attribute", BASE + "__class__: x\nmodel_config: {extra: allow}\n", "no setting '__class__'"),
    study("with settings of saving", BASE + "save_every: {seconds: 5, minutes: 1}\n", "no setting 'minutes'"),
    study("with a tracker for a number", BASE + "trackers: 5\n", "trackers"),
    study("with a tracker of lists", BASE + "trackers: [[[tensorboard]]]\n", "a name with its settings"),
    study("with a tracker without a name", BASE + "trackers: [{}]\n", "a name with its settings"),
    study("with a tracker's address of signs", BASE + "trackers: [{mlflow: {uri: 'http://[a'}}]\n", "mlflow: uri"),
    study("with a tracker's folder of lists", BASE + "trackers: {tensorboard: {dir: [a]}}\n", "tensorboard: dir"),
    study("with a tracker of a long name", BASE + "trackers: [" + "a" * 100_000 + "]\n", "no tracker"),
    study("with a list for selection", BASE + "selection: [metric]\n", "selection"),
    study("with a metric of code", BASE + "selection: {metric: 'os:system'}\n", "metric"),
    study("with epochs without end", BASE + f"training: {{eval_every: {'9' * 400} epochs}}\n", "eval_every"),
    study("with weights of 400 digits", BASE + f"training: {{class_weights: {{a: {'9' * 399}}}}}\n", "weight"),
    study("with a space of code", BASE + "search: {space: {lora: {rank: '__import__(\"os\")'}}}\n", "search"),
    study("with a space of nothing", BASE + "search: {space: {training: {batch_size: [0]}}}\n", "batch_size"),
    study("with a space backwards", BASE + "search: {space: {lora: {rank: 9..1}}}\n", "smaller number"),
    compared("with a grid of 40 million", f"{{lora: {{{GRID}}}}}", "too many configurations"),
    compared("with layers without end", "{lora: {layers: 0-99999999999}}", "no model has a layer"),
    compared("with a half layer", "{lora: {layers: 1.5}}", "layers are numbers"),
    compared("with a layer of settings", "{lora: {layers: {a: 1}}}", "layers are numbers"),
    compared("with a rank of 300 digits", f"{{lora: {{rank: {'9' * 300}}}}}", "rank"),
    compared("with a number for a setting", "{lora: {1: 2}}", "no setting '1'"),
    compared("with a list for settings", "{peft: {type: ia3, settings: [1]}}", "settings"),
    compared("with settings for a list", "{full: [1]}", "key: value"),
    compared("with a number for a strategy", "{1: {}}", "one strategy"),
    compared("with nothing for a strategy", "{~: {}}", "one strategy"),
    compared("with nothing", "~", "strategy"),
    compared("with its own training misspelt", "{full: {}, training: {early_stopping: {patiense: 1}}}", "patiense"),
    compared("with its own seeds without end", "{full: {}, seeds: 99999999999}", "seeds"),
    path("with a NUL", "a\0b.yaml", "cannot be read"),
    path("that is too long", "x" * 5000, "cannot be read"),
    path("that is a folder", ".", "cannot be read"),
    path("that has no end", "/dev/zero", "too long"),
    path("that leads out", "../../../nowhere/study.yaml", "no such study file"),
    run(""), run(":"), run("lora:"*9), run("lora:rank"), run("lora:rank="), run("lora:=8"), run("lora:rank=8,rank=9"),
    run("lora:rank=nan"), run("lora:alpha=inf"), run("lora:rank=-1"), run(f"lora:rank={'9' * 5000}"),
    run("lora:layers=0-99999999999"), run("lora:layers=5-1"), run("lora:targets=re:(a+)+$"), run("lora:targets=+"),
    run("lora\0:rank=8"), run("lora:__class__=x"), run("peft:rank=8"), run("x" * 10**6), run("full:learning_rate=0"),
    run("head:learning_rate=1e999"), run("last_layers:count=1.5"), run("last_layers:count=0"), run("\ud83d"),
    run("lora:kind=full"),
)  # fmt: skip
