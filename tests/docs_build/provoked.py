"""Each error of tunefork, provoked: what is raised in a working directory with ``messages.csv`` and ``tiny/``."""

from __future__ import annotations

import shutil
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import distributed

from tests.engine.test_artefacts import RUNS, encoded, trained
from tunefork import Classifier, Head, LastLayers, LoRA, Results, Study, load_data, load_model
from tunefork.cli.options import seed_option
from tunefork.data.hub import read_hub
from tunefork.engine.artefacts import verify_run
from tunefork.engine.parallel import Together, reaching
from tunefork.errors import StoppedError
from tunefork.metrics import OwnMetric
from tunefork.runner.cluster.cluster import Cluster
from tunefork.store.lease import lease
from tunefork.store.whole import verify
from tunefork.study_file import parse_study

Provoke = Callable[[], object]
PROVOKED: dict[str, Provoke] = {}


def provokes(*names: str) -> Callable[[Provoke], Provoke]:
    """What the function raises is an example of these classes."""

    def keep(function: Provoke) -> Provoke:
        PROVOKED.update(dict.fromkeys(names, function))
        return function

    return keep


def table(name: str, *lines: str) -> str:
    Path(name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return name


def study(*compare: object, model: str = "tiny", data: str = "messages.csv", **more: object) -> Study:
    return Study(model, load_data(data, text="message", label="intent", max_length=16, **more), list(compare))


def splits(data: str, **more: object) -> object:
    """The rows of a study, read now."""
    return Study("tiny", load_data(data, **more), [Head()]).splits


@provokes("ConfigError", "TuneforkError")
def config() -> object:
    return seed_option("three")


@provokes("StudyFileError")
def study_file() -> object:
    text = "data: reviews.csv\ntraning: {epochs: 3}\ncompare: [full, lora: {rank: 0}]\n"
    return parse_study(text, where="study.yaml")


@provokes("EstimatorSettingError")
def estimator_setting() -> object:
    return Classifier(validation_fraction=2).fit(["a", "b"], [0, 1])


@provokes("MetricError")
def metric() -> object:
    return OwnMetric("cost", lambda labels, probabilities: "high", source="prices:cost")(
        np.zeros(3, int), np.ones((3, 2))
    )


@provokes("MissingExtraError")
def missing_extra() -> object:
    with mock.patch.dict(sys.modules, {"datasets": None}):
        return read_hub("hub:stanfordnlp/imdb")


@provokes("ProblemsError")
def problems() -> object:
    table("gaps.csv", "message,intent", *(f"text number {n},{'ab'[n % 2]}" for n in range(40)), "one more text,")
    return study(LoRA(targets="quary"), data="gaps.csv").preflight()


@provokes("DataError")
def data() -> object:
    table("twice.csv", "id,message,intent", "m1,where is it,status", "m1,it is broken,damaged")
    return splits("twice.csv", text="message", label="intent", id="id")


@provokes("DataProblemsError")
def data_problems() -> object:
    return splits(table("two.csv", "text,label", "good,yes", "bad,", ",no"), text="text", label="label")


@provokes("ReadError")
def read() -> object:
    return splits("mesages.csv")


@provokes("ColumnError")
def column() -> object:
    return splits("messages.csv", text="mesage")


@provokes("LabelError")
def label() -> object:
    return splits(table("one.csv", "text,label", "good,yes", "fine,yes", "nice,yes"), text="text", label="label")


@provokes("SplitError")
def split() -> object:
    rows = [f"text number {n},{'ab'[n % 2]}" for n in range(40)]
    return splits(table("rare.csv", "text,label", *rows, "a rare one,c"), text="text", label="label")


@provokes("LeakageError")
def leakage() -> object:
    rows = [f"text number {n},{'ab'[n % 2]}" for n in range(40)]
    table("train.csv", "text,label", *rows)
    table("test.csv", "text,label", "text number 7,b", "quite another,a")
    return splits("train.csv", test="test.csv", text="text", label="label")


@provokes("EstimatorInputError")
def estimator_input() -> object:
    return Classifier().fit(["where is it", "it is broken"], ["status"])


@provokes("ModelNotFoundError", "ModelError")
def model_not_found() -> object:
    return load_model("modle")


@provokes("UnsupportedModelError")
def unsupported_model() -> object:
    return study(LastLayers(count=9)).plan()


@provokes("TargetError")
def target() -> object:
    return study(LoRA(targets="quary")).plan()


@provokes("WeightsError")
def weights() -> object:
    shutil.copytree("tiny", "broken")
    tensors = load_file("broken/model.safetensors")
    name = next(name for name in sorted(tensors) if name.endswith("query.weight"))
    tensors[name] = torch.full_like(tensors[name], float("nan"))
    save_file(tensors, "broken/model.safetensors", {"format": "pt"})
    return study(Head(), model="broken").preflight()


@provokes("ArtefactError")
def artefact() -> object:
    artefact, backbone, run, selection, _ = trained("bert", RUNS["full"], Path("out"))
    path = next(artefact.folder.glob("*model.safetensors"))
    tensors = load_file(path)
    tensors["classifier.bias"] = tensors["classifier.bias"] + 0.01
    save_file(tensors, path, {"format": "pt"})
    return verify_run(artefact, backbone, run, selection, encoded(range(100, 108)), 8)


@provokes("StoreError")
def store() -> object:
    return Results.open("out")


@provokes("DamagedError")
def damaged() -> object:
    Path("checkpoint").mkdir()
    return verify(Path("checkpoint"))


@provokes("OtherStudyError")
def other_study() -> object:
    with mock.patch.object(Study, "train", side_effect=StoppedError(signal.SIGTERM)), suppress(StoppedError):
        study(Head()).run("out", progress=False)
    return study(Head(), split_seed=1).run("out", progress=False)


@provokes("BusyError")
def busy() -> object:
    with (
        mock.patch("os.getpid", return_value=4711),
        mock.patch("socket.gethostname", return_value="here"),
        mock.patch("time.strftime", return_value="2026-11-28 09:30:00"),
        lease(Path("out")),
        lease(Path("out")),
    ):
        return None


@provokes("DiskFullError")
def disk_full() -> object:
    with mock.patch("shutil.disk_usage", return_value=SimpleNamespace(free=0)):
        return study(Head()).run("out", progress=False)


@provokes("StoppedError")
def stopped() -> object:
    with mock.patch.object(Study, "train", side_effect=StoppedError(signal.SIGTERM)):
        return study(Head()).run("out", progress=False)


@provokes("RunnerError")
def runner() -> object:
    return Cluster("127.0.0.1:9")


@provokes("LostError")
def lost() -> object:
    with reaching("process 1 of 2"):
        raise RuntimeError("Connection closed by peer [127.0.0.1]:4711")


@provokes("PartnerError")
def partner() -> object:
    """What a process meets whose partner joins with an error."""

    def joined(told: torch.Tensor, group: object) -> None:
        told[0] += 1.0

    def gathered(found: list[object], own: object, group: object) -> None:
        found[:] = [own, ("ValueError: strange", False)]

    with (
        mock.patch.multiple(distributed, get_rank=lambda: 0, get_world_size=lambda: 2),
        mock.patch.multiple(distributed, all_reduce=joined, all_gather_object=gathered),
    ):
        return Together(None, None).meet([])


@provokes("DivergedError")
def diverged() -> object:
    rows = [f"text number {n}" for n in range(40)]
    return Classifier(model="tiny", strategy=Head(), learning_rate=1e38, precision="fp32", epochs=2).fit(
        rows, [n % 2 for n in range(40)]
    )
