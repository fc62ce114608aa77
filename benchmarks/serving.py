"""One server for all adapters against one merged model per process: requests a second, latencies, memory.

``python -m benchmarks.serving`` trains one LoRA run on the demo's messages, makes up to 64 adapters of it with weights
of their own, and lets 64 clients (and then one alone) ask texts of the demo, spread over the adapters:

* ``adapters``: ``tunefork serve`` with all of them in one process;
* ``merged``: ``tunefork serve`` once for every merged model, each in a process of its own;
* ``script``: what one writes oneself, FastAPI and a transformers pipeline, once for every merged model.

Rounds alternate. Every answer of the first round is compared with the one that the adapter gives alone.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import psutil
import torch
from safetensors.torch import load_file, save_file

from benchmarks.http_clients import Figures, Question, ask_all
from tunefork import LoRA, Study, load_data, load_model
from tunefork.demo import demo_study
from tunefork.export import export_run

PLAIN = """
import sys
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from transformers import pipeline

classify = pipeline("text-classification", sys.argv[1], top_k=None)
app = FastAPI()

class Request(BaseModel):
    texts: list[str]

@app.post("/predict")
def predict(request: Request):
    rows = classify(request.texts, truncation=True, max_length=64)
    return {"predictions": [{"probabilities": {each["label"]: each["score"] for each in row}} for row in rows]}

@app.get("/healthz")
def health():
    return {"status": "ok"}

uvicorn.run(app, port=int(sys.argv[2]), log_level="warning")
"""
FIRST_PORT = 18200


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=1500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--adapters", type=int, nargs="+", default=[1, 8, 64])
    parser.add_argument("--most-processes", type=int, default=8)
    parser.add_argument("--out", type=Path)
    settings = parser.parse_args(words)
    with TemporaryDirectory() as place:
        folders, texts = adapters(Path(place), max(settings.adapters))
        alone = {number: answers(folders[number], texts) for number in range(max(settings.adapters))}
        merged = [whole(folder, Path(place)) for folder in folders[: settings.most_processes]]
        setups = {f"adapters fp32 {count}": ("adapters", count, "fp32") for count in settings.adapters}
        setups |= {f"adapters bf16 {count}": ("adapters", count, "bf16") for count in settings.adapters}
        several = [count for count in settings.adapters if count <= settings.most_processes]
        setups |= {f"{kind} {count}": (kind, count, "fp32") for kind in ("merged", "script") for count in several}
        found: dict[str, list[dict[str, float]]] = {name: [] for name in setups}
        for turn in range(settings.rounds):
            for name, (kind, count, precision) in setups.items():
                with served(kind, count, precision, folders, merged, Path(place)) as (ports, megabytes):
                    asked = questions(texts, count, ports, settings.requests, kind)
                    ask_all(asked[: settings.requests // 10], settings.clients)  # warms up
                    many, one = ask_all(asked, settings.clients), ask_all(asked[:100], 1)
                    memory = megabytes()
                apart = compared(many, alone, texts, count) if turn == 0 else 0.0
                found[name].append({
                    "per_second": many.per_second, "p50": many.milliseconds(50), "p99": many.milliseconds(99),
                    "alone_p50": one.milliseconds(50), "megabytes": memory, "apart": apart,
                })  # fmt: skip
                print(f"round {turn + 1}  {line(name, found[name][-1])}", flush=True)
    medians = {name: middle(rounds) for name, rounds in found.items()}
    print("\nmedians")
    for name, figures in medians.items():
        print(line(name, figures))
    if settings.out:
        about = {name: getattr(settings, name) for name in ("requests", "rounds", "clients")}
        document = {"settings": about, "medians": medians, "rounds": found}
        settings.out.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def middle(rounds: Sequence[dict[str, float]]) -> dict[str, float]:
    """Medians; how far answers are apart was looked at in the first round."""
    found = {key: statistics.median(each[key] for each in rounds) for key in rounds[0]}
    return found | {"apart": rounds[0]["apart"]}


def line(name: str, figures: dict[str, float]) -> str:
    return (
        f"{name:18} {figures['per_second']:7.1f} requests/s  p50 {figures['p50']:7.1f} ms  p99 {figures['p99']:7.1f} ms"
        f"  one client: {figures['alone_p50']:6.1f} ms  {figures['megabytes']:7.0f} MB  {figures['apart']:.1g} apart"
    )


def adapters(place: Path, count: int) -> tuple[list[Path], list[str]]:
    """Folders of so many adapters, and texts."""
    data = load_data(demo_study().with_name("messages.csv"), text="message", label="intent", max_length=64)
    study = Study(
        model="builtin:minilm", data=data, compare=[LoRA(rank=8)], training={"steps": 30, "precision": "fp32"}
    )
    results = study.run(place / "study", progress=False, workers=1)
    (run,) = results.runs()
    torch.manual_seed(0)
    folders = []
    for number in range(count):
        folder = run.save(place / f"adapter-{number}")
        file = folder / "adapter_model.safetensors"
        tensors = {name: each + 0.02 * torch.randn_like(each) for name, each in load_file(file).items()}
        save_file(tensors, file, {"format": "pt"})
        folders.append(folder)
    return folders, [text for (text,) in study.splits.test_rows.texts]


def whole(folder: Path, place: Path) -> Path:
    target = place / f"{folder.name}-merged"
    target.mkdir()
    export_run(place / "study", folder, target, "merged", target)
    return target


def answers(folder: Path, texts: Sequence[str]) -> np.ndarray:
    """[texts, labels] probabilities that an adapter gives by itself."""
    return np.asarray(load_model(folder).predict(list(texts), calibrated=False).filter(like="p_"))


def questions(texts: Sequence[str], count: int, ports: Sequence[int], requests: int, kind: str) -> list[Question]:
    random = np.random.default_rng(0)
    found = []
    for number in range(requests):
        model = int(random.integers(count))
        body: dict[str, object] = {"texts": [texts[number % len(texts)]]}
        if kind != "script":
            body["calibrated"] = False
        if kind == "adapters":
            body["model"] = f"adapter-{model}"
        found.append(Question(ports[model % len(ports)], body, number * 1000 + model))
    return found


def compared(figures: Figures, alone: dict[int, np.ndarray], texts: Sequence[str], count: int) -> float:
    """How far probabilities are from those alone, at most."""
    worst = 0.0
    for reply in figures.replies:
        assert reply.status == 200, reply
        number, model = divmod(reply.question.number, 1000)
        shares = reply.document["predictions"][0]["probabilities"]
        apart = np.array([shares[name] for name in sorted(shares)]) - alone[model][number % len(texts)]
        worst = max(worst, float(np.abs(apart).max()))
    return worst


@contextmanager
def served(
    kind: str, count: int, precision: str, folders: Sequence[Path], merged: Sequence[Path], place: Path
) -> Iterator[tuple[list[int], object]]:
    """Servers, their ports, and a function that tells their memory."""
    serve = [sys.executable, "-c", "from tunefork.cli import main; main()", "serve"]
    plain = place / "plain.py"
    plain.write_text(PLAIN, encoding="utf-8")
    numbers = range(count)
    if kind == "adapters":
        commands = [[*serve, *map(str, folders[:count]), "--port", str(FIRST_PORT), "--precision", precision]]
    elif kind == "merged":
        commands = [
            [*serve, f"adapter-{number}={merged[number]}", "--port", str(FIRST_PORT + number)] for number in numbers
        ]
    else:
        commands = [[sys.executable, str(plain), str(merged[number]), str(FIRST_PORT + number)] for number in numbers]
    threads = str(max(1, (os.cpu_count() or 1) // len(commands)))  # more would only take each other's cores
    environment = {**os.environ, "OMP_NUM_THREADS": threads, "TOKENIZERS_PARALLELISM": "false"}
    ports = [FIRST_PORT + number for number in range(len(commands))]
    with ExitStack() as stack:
        processes = []
        for command in commands:
            process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
            stack.callback(process.wait)
            stack.callback(process.terminate)
            processes.append(psutil.Process(process.pid))
        for port in ports:
            until_healthy(port)
        yield ports, lambda: sum(each.memory_full_info().pss for each in processes) / 2**20


def until_healthy(port: int) -> None:
    end = time.monotonic() + 600
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).read()
        except OSError:
            time.sleep(0.3)
        else:
            return
    raise TimeoutError(port)


if __name__ == "__main__":
    main()
