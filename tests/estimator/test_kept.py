"""A trained classifier that is saved, pickled and copied, and its parameters in searches."""

from __future__ import annotations

import copy
import json
import pickle
import pickletools
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_predict, cross_val_score, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from tests.estimator.conftest import Texts
from tunefork import Classifier, Full, Head, LastLayers, LoRA, Peft
from tunefork.errors import DamagedError, EstimatorSettingError, ModelNotFoundError, StoreError

Make = Callable[..., Classifier]

ASK = """
import sys, numpy as np
from tunefork import Classifier
for folder in sys.argv[1:4]:
    model = Classifier.load(folder)
    np.save(folder + ".npy", model.predict_proba(sys.argv[4:]))
    print(model.predict(sys.argv[4:]).tolist(), model.classes_.dtype, model.class_weight)
"""


def test_a_fresh_process_gives_equal_answers(small: Make, messages: Texts, tmp_path: Path) -> None:
    labels, weights = np.arange(60, dtype=np.int16) % 3 + 5, {5: 2.0, 7: 1.0}
    models = [
        small(strategy=strategy, epochs=1, class_weight=weights).fit(messages[0], labels)
        for strategy in (LoRA(2), Head(), "last_layers:count=1")
    ]
    folders = [str(model.save(tmp_path / str(number))) for number, model in enumerate(models)]
    asked = messages[0][:3]
    call = [sys.executable, "-c", ASK, *folders, *asked]
    told = subprocess.run(call, capture_output=True, text=True, check=True).stdout
    assert told.splitlines() == [f"{model.predict(asked).tolist()} int16 {weights}" for model in models]
    for model, folder in zip(models, folders):
        np.testing.assert_array_equal(np.load(f"{folder}.npy"), model.predict_proba(asked))


@pytest.mark.parametrize(
    "strategy", [None, "head", Full(training={"warmup": 0}), LoRA(4, targets=("query", "mlp")), LastLayers(2)]
)
def test_parameters_come_back(small: Make, messages: Texts, tmp_path: Path, strategy: object) -> None:
    given = {"strategy": strategy, "epochs": 1, "random_state": np.int64(3), "training": {"warmup": 2}}
    model = small(**given).fit(*messages)
    found = Classifier.load(model.save(tmp_path / "model"))
    assert found.get_params(deep=False) == model.get_params(deep=False)
    assert (found.n_iter_, found.run_, found.classes_.tolist()) == (model.n_iter_, model.run_, model.classes_.tolist())
    assert found.model_.files == model.model_.files
    again = clone(found).fit(*messages)
    assert again.model_.files == model.model_.files, "trained again from what was saved"


def test_a_drawn_seed_is_saved(small: Make, messages: Texts, tmp_path: Path) -> None:
    model = small(epochs=1, random_state=np.random.RandomState(1)).fit(*messages)
    found = Classifier.load(model.save(tmp_path / "model"))
    assert found.random_state == model.run_["seed"]
    assert clone(found).fit(*messages).model_.files == model.model_.files


def test_what_save_and_load_refuse(fitted: Classifier, tmp_path: Path) -> None:
    folder = fitted.save(tmp_path / "model")
    with pytest.raises(StoreError, match="The folder is not empty"):
        fitted.save(folder)
    (folder / "estimator.json").write_text(json.dumps({"format": 1}))
    with pytest.raises(DamagedError, match=r"not as it was written \(.*estimator.json\). Found: 'parameters'"):
        Classifier.load(folder)
    (folder / "estimator.json").unlink()
    with pytest.raises(ModelNotFoundError, match=r"no estimator.json.*tunefork.load_model"):
        Classifier.load(folder)


def test_pickles_and_copies_answer_alike(fitted: Classifier, messages: Texts, small: Make) -> None:
    adapter = small(strategy=LoRA(2), epochs=1).fit(*messages)
    for model in (fitted, adapter):
        expected = model.predict_proba(messages[0][:4])
        data = pickle.dumps(model)
        named = {value for opcode, value, _ in pickletools.genops(data) if "UNICODE" in opcode.name}
        assert not {name for name in named if name.startswith("torch")}, "plain bytes of safetensors, no tensors"
        for other in (pickle.loads(data), copy.deepcopy(model)):
            np.testing.assert_array_equal(other.predict_proba(messages[0][:4]), expected)
    assert len(pickle.dumps(adapter)) < len(pickle.dumps(fitted)) / 10, "of an adapter, the adapter alone"


def test_cross_validation(small: Make, messages: Texts) -> None:
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    scores = cross_val_score(small(epochs=1), *messages, cv=folds)
    assert scores.shape == (3,)
    found = cross_val_predict(small(epochs=1), *messages, cv=folds, method="predict_proba")
    by_hand = [
        (found[test].argmax(axis=1) == np.unique(messages[1], return_inverse=True)[1][test]).mean()
        for _, test in folds.split(*messages)
    ]
    np.testing.assert_allclose(scores, by_hand, err_msg="the same folds give the same models")


def test_a_grid_of_strategies_and_rates(small: Make, messages: Texts) -> None:
    grid = [
        {"strategy": [Head(), LoRA(4)], "learning_rate": np.array([1e-3, 1e-2])},
        {"strategy": [LoRA(4)], "strategy__rank": [2, 8]},
    ]
    search = GridSearchCV(small(epochs=1), grid, cv=2, scoring="neg_log_loss", error_score="raise")
    search.fit(*messages)
    assert len(search.cv_results_["params"]) == 6
    assert len(set(search.cv_results_["mean_test_score"])) == 6, "each was trained as it says"
    assert search.predict(messages[0][:2]).shape == (2,)


@pytest.mark.slow  # two processes that import torch
def test_processes_train_at_the_same_time(small: Make, messages: Texts) -> None:
    alone, together = (
        cross_validate(small(epochs=1), *messages, cv=2, n_jobs=jobs, return_estimator=True, error_score="raise")
        for jobs in (1, 2)
    )
    for first, second in zip(alone["estimator"], together["estimator"]):
        assert first.model_.files == second.model_.files


def test_a_pipeline_cleans_before(small: Make, messages: Texts) -> None:
    cleaned = [text.lower() for text in messages[0]]
    lower = FunctionTransformer(lambda texts: [text.lower() for text in texts])
    pipeline = make_pipeline(lower, small(epochs=1)).fit(*messages)
    own = small(epochs=1).fit(cleaned, messages[1])
    np.testing.assert_array_equal(pipeline.predict_proba(messages[0]), own.predict_proba(cleaned))
    assert pipeline.set_params(classifier__strategy=Head()).named_steps["classifier"].strategy == Head()


def test_settings_of_the_strategy_are_parameters() -> None:
    model = Classifier(strategy=LoRA(8, targets="mlp", learning_rate=0.1))
    assert model.get_params()["strategy__rank"] == 8
    before = model.strategy
    assert model.set_params(strategy__rank=np.int64(2), epochs=1).strategy == LoRA(2, targets="mlp", learning_rate=0.1)
    assert before == LoRA(8, targets="mlp", learning_rate=0.1), "strategies are values: another one took its place"
    assert Classifier().set_params(strategy__rank=2).strategy == LoRA(2)
    assert Classifier(strategy="lora:r=4,lr=1").set_params(
        strategy__rank=2, strategy__learning_rate=3
    ).strategy.settings == {
        "rank": 2,
        "learning_rate": 3,
    }
    with pytest.raises(EstimatorSettingError, match=r"lora has no setting 'rang'.*Did you mean 'rank'"):
        model.set_params(strategy__rang=2)
    with pytest.raises(ValueError, match="Invalid parameter 'epoch'"):
        model.set_params(epoch=2)


def test_clones_are_untrained_and_equal(fitted: Classifier) -> None:
    other = clone(fitted)
    assert not hasattr(other, "classes_")
    assert other.get_params() == fitted.get_params()
    assert clone(Classifier(strategy=Peft("IA3", target_modules=["key"]))).strategy == Peft(
        "IA3", target_modules=["key"]
    )
