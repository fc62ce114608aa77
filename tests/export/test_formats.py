"""Every strategy on every kind of model: in memory, adapter, merged, ONNX, served answer alike, in fresh processes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import transformers

from tests.tiny import CONFIGS, IMAGE_CONFIGS, reader, tokenizer
from tunefork import Full, Head, LastLayers, LoRA, Peft, Results, Study, load_data
from tunefork.errors import UnsupportedModelError
from tunefork.export import export_run
from tunefork.export.rescoring import TOLERANCES

ASK = """
import json, sys
import numpy as np
from tunefork import load_model
from tunefork.serve import find_sources, load_fleet
rows = json.loads(open(sys.argv[1]).read())
rows = rows if isinstance(rows[0], str) else [tuple(row) for row in rows]
found = {folder.replace("/", "|"): load_model(folder).logits(rows) for folder in sys.argv[4:]}
fleet = load_fleet(find_sources([sys.argv[3]], every=True))
for lane in fleet.lanes:  # passes in which every run of a lane has other rows, and not equally many
    own = [model for model in fleet.models.values() if fleet.lanes[model.lane] is lane]
    orders = [np.roll(np.arange(len(rows)), 5 * place) for place in range(len(own))]
    parts = {model.id: np.array_split(order, 3 + at) for at, (model, order) in enumerate(zip(own, orders))}
    answers = {model.id: np.zeros((len(rows), len(model.answers.labels)), dtype=np.float32) for model in own}
    for turn in range(max(map(len, parts.values()))):
        asked = [model for model in own if turn < len(parts[model.id])]
        given = [[rows[row] for row in parts[model.id][turn]] for model in asked]
        encoded = [(model.place, lane.reader(model.place).encode(each)) for model, each in zip(asked, given)]
        for model, logits in zip(asked, lane.answer(encoded)):
            answers[model.id][parts[model.id][turn]] = logits
    found |= {f"served|{name}": logits for name, logits in answers.items()}
np.savez(sys.argv[2], **found)
"""
SERVED = 1e-5
"""How far the logits of a served model may be from those in memory."""
TRAINING = {"epochs": 1, "batch_size": 16, "precision": "fp32"}
COMPARE = [
    Full(learning_rate=1e-3), Head(), LastLayers(learning_rate=1e-3), LoRA(rank=4, targets="query+value+mlp"),
]  # fmt: skip


def model_folder(kind: str, folder: Path) -> Path:
    """A model whose logits differ from row to row, which those of freshly initialised ones hardly do."""
    torch.manual_seed(0)
    if kind in IMAGE_CONFIGS:
        config = transformers.AutoConfig.for_model(kind, **IMAGE_CONFIGS[kind])
        model = transformers.AutoModelForImageClassification.from_config(config)
        reader().save_pretrained(str(folder))
    else:
        config = transformers.AutoConfig.for_model(kind, **{**CONFIGS[kind], "vocab_size": 30522, "pad_token_id": 0})
        model = transformers.AutoModel.from_config(config)
        tokenizer().save_pretrained(str(folder))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.2)
    model.save_pretrained(folder)
    return folder


def trained(kind: str, where: Path, messages_csv: Path, digit_folder: Path, compare: list[object]) -> Results:
    images = kind in IMAGE_CONFIGS
    data = load_data(digit_folder) if images else load_data(messages_csv, text="message", label="intent", max_length=32)
    study = Study(model=str(model_folder(kind, where / "model")), data=data, compare=compare, training=TRAINING)
    found = study.run(where / "out", progress=False, workers=1)
    assert {run.record.status for run in found.runs()} == {"done"}, [run.record.reason for run in found.runs()]
    return found


def answered(study: Path, folders: list[Path], rows: list[object], where: Path) -> dict[Path, np.ndarray]:
    """In a process that knows nothing of this one: by each folder, and by ``served/RUN`` for every run."""
    (where / "rows.json").write_text(json.dumps(rows), encoding="utf-8")
    files = [str(where / "rows.json"), str(where / "logits.npz")]
    words = [sys.executable, "-c", ASK, *files, str(study), *map(str, folders)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = np.load(where / "logits.npz")
    return {Path(name.replace("|", "/")): found[name] for name in found.files}


def check(found: Results, where: Path) -> int:
    """Export all runs in all formats, and compare with what the engine answered to the test rows while it trained."""
    study = Study.from_file(found.folder / "study.yaml")
    split = study.splits.test
    rows: list[object] = [list(each) for each in split.texts]
    if split.images is not None:
        rows = [str(Path(study.config.data.train) / each) for (each,) in split.texts]
    forms: dict[Path, tuple[str, str]] = {}
    for run in found.runs():
        for form in TOLERANCES:
            target = where / f"{run.record.id}-{form}"
            if form == "peft" and run.record.artefact != "peft":
                with pytest.raises(UnsupportedModelError, match=r"is no adapter .* Use --format merged\."):
                    export_run(found.folder, run.folder, target, form, target)
                continue
            export_run(found.folder, run.folder, target, form, target)
            forms[target] = (run.record.id, form)
    forms |= {Path("served") / run.record.id: (run.record.id, "served") for run in found.runs()}
    exported = [target for target, (_, form) in forms.items() if form != "served"]
    answers = answered(found.folder, exported, rows, where)
    assert set(answers) == set(forms)
    for target, logits in answers.items():
        run_id, form = forms[target]
        expected = found.store.predictions(run_id, "test")
        assert expected.ids == split.ids
        tolerance = {**{name: each / 10 for name, each in TOLERANCES.items()}, "served": SERVED}[form]
        assert np.ptp(expected.logits, axis=0).max() > 50 * tolerance  # else any run would do for any other
        np.testing.assert_allclose(logits, expected.logits, rtol=tolerance, atol=tolerance, err_msg=str(target))
    return len(forms)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["distilbert", "bert", "roberta", "gpt2", "vit"])
def test_all_formats_answer_alike(kind: str, tmp_path: Path, messages_csv: Path, digit_folder: Path) -> None:
    dora = Peft(type="LORA", r=4, use_dora=True, target_modules="c_attn" if kind == "gpt2" else "query+value")
    assert check(trained(kind, tmp_path, messages_csv, digit_folder, [*COMPARE, dora]), tmp_path) == 17


def test_an_adapter_answers_alike_in_every_format(tmp_path: Path, messages_csv: Path, digit_folder: Path) -> None:
    found = trained("bert", tmp_path, messages_csv, digit_folder, [LoRA(rank=4, dropout=0.1, learning_rate=1e-2)])
    assert check(found, tmp_path) == 4


def test_onnx_takes_any_number_of_rows_and_tokens(tmp_path: Path, messages_csv: Path, digit_folder: Path) -> None:
    import onnxruntime

    found = trained("bert", tmp_path, messages_csv, digit_folder, [Head()])
    (run,) = found.runs()
    export_run(found.folder, run.folder, tmp_path / "onnx", "onnx", tmp_path / "onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "onnx" / "model.onnx"))
    own = transformers.AutoTokenizer.from_pretrained(tmp_path / "onnx")
    texts = pd.read_csv(messages_csv)["message"].tolist()
    alone = [session.run(["logits"], dict(own(text, return_tensors="np")))[0][0] for text in texts[:9]]
    assert len({own(text, return_tensors="np")["input_ids"].shape for text in texts[:9]}) > 3
    for rows in (1, 2, 9):
        batch = own(texts[:rows], padding=True, return_tensors="np")
        together = session.run(["logits"], dict(batch))[0]
        np.testing.assert_allclose(together, alone[:rows], rtol=1e-4, atol=1e-5)


def test_a_large_model_keeps_its_weights_beside_the_file(
    tmp_path: Path, messages_csv: Path, digit_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tunefork.export.onnx.ONE_FILE", 1_000_000)  # of 3.9 MB
    found = trained("bert", tmp_path, messages_csv, digit_folder, [Head()])
    assert check(found, tmp_path) == 3
    (folder,) = tmp_path.glob("*-onnx")
    assert (folder / "model.onnx.data").stat().st_size > 3_500_000
    assert (folder / "model.onnx").stat().st_size < 600_000
