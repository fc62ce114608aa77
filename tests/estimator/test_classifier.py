"""The classifier on real texts: what it learns, answers and refuses to do."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import check_estimator

from tests.estimator.conftest import Texts
from tunefork import Classifier, Full, Head, LoRA, load_model
from tunefork.errors import ConfigError, DivergedError, EstimatorInputError, EstimatorSettingError, StoppedError

Make = Callable[..., Classifier]


def test_it_learns(fitted: Classifier, messages: Texts) -> None:
    assert fitted.score(*messages) > 0.8
    assert fitted.classes_.tolist() == ["damaged", "return", "status"]
    assert fitted.run_["rows"] == {"train": 48, "validation": 12}, "no row is held out to test on"
    assert fitted.n_iter_ == 4 * 3


def test_probabilities_are_those_of_the_saved_model(fitted: Classifier, messages: Texts, tmp_path: Path) -> None:
    texts = messages[0][:9]
    found = load_model(fitted.save(tmp_path / "model")).predict(texts)
    probabilities = fitted.predict_proba(texts)
    assert probabilities.dtype == np.float64
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-12)
    np.testing.assert_array_equal(probabilities, found.filter(like="p_").to_numpy())
    assert found.columns.tolist() == ["prediction", "p_damaged", "p_return", "p_status"]
    assert fitted.predict(texts).tolist() == found["prediction"].tolist()
    np.testing.assert_allclose(np.exp(fitted.predict_log_proba(texts)), probabilities, atol=1e-12)
    assert fitted.decision_function(texts).argmax(axis=1).tolist() == probabilities.argmax(axis=1).tolist()
    assert fitted.run_["temperature"] == fitted.model_.predictor.temperature is not None, "calibrated"


def test_no_rows_get_no_answers(fitted: Classifier) -> None:
    assert fitted.predict([]).tolist() == []
    assert fitted.predict_proba([]).shape == (0, 3)


@pytest.mark.parametrize(
    "wrap",
    [list, np.array, pd.Series, lambda texts: pd.DataFrame({"x": texts}), lambda texts: np.array(texts)[:, None]],
)
def test_texts_in_any_container(fitted: Classifier, messages: Texts, wrap: Callable[[list[str]], Any]) -> None:
    np.testing.assert_array_equal(fitted.predict_proba(wrap(messages[0][:5])), fitted.predict_proba(messages[0][:5]))


@pytest.mark.parametrize("wrap", [list, np.array, pd.DataFrame, lambda pairs: [list(pair) for pair in pairs]])
def test_pairs_of_texts(small: Make, messages: Texts, wrap: Callable[[list[tuple[str, str]]], Any]) -> None:
    pairs = list(zip(messages[0][:20], messages[0][20:40]))
    model = small(epochs=1).fit(wrap(pairs), np.arange(20) % 2)
    assert model.predict_proba(wrap(pairs[:3])).shape == (3, 2)
    assert model.decision_function(pairs).shape == (20,), "of two classes one number, as everywhere"
    assert ((model.decision_function(pairs) > 0) == (model.predict(pairs) == 1)).all()
    with pytest.raises(EstimatorInputError, match=r"trained on pairs of texts \(X\). Found: 1 in a row"):
        model.predict(["one"])


@pytest.mark.parametrize(
    ("labels", "kind", "names"),
    [
        (np.array([7, 3, 11], dtype=np.int8), np.int8, ("3", "7", "11")),
        ([True, False, True], np.bool_, ("False", "True")),
        (pd.Series(["b", "a", "c"], dtype="category"), np.object_, ("a", "b", "c")),
        (pd.Series(["nan", "None", "x"]), np.object_, ("None", "nan", "x")),
        ([2.0, 1.0, 2.0], np.float64, ("1", "2")),
    ],
)
def test_labels_stay_as_they_were(small: Make, messages: Texts, labels: Any, kind: type, names: tuple[str]) -> None:
    y = pd.concat([labels] * 10, ignore_index=True) if isinstance(labels, pd.Series) else np.tile(labels, 10)
    model = small(strategy=Head(), epochs=1).fit(messages[0][:30], y)
    assert model.classes_.dtype == kind
    assert model.predict(messages[0][:5]).dtype == kind
    assert model.model_.predictor.labels == names
    assert set(model.predict(messages[0])) <= set(np.asarray(labels).tolist())


def test_one_random_state_gives_equal_bits(small: Make, messages: Texts) -> None:
    first, again = (small(epochs=1, random_state=5).fit(*messages) for _ in range(2))
    assert first.model_.files == again.model_.files
    one, other = (small(epochs=1, random_state=seed, validation_fraction=0).fit(*messages) for seed in (5, 6))
    assert one.model_.files["model.safetensors"] != other.model_.files["model.safetensors"], "also on the same rows"
    generators = [small(epochs=1, random_state=np.random.RandomState(0)).fit(*messages) for _ in range(2)]
    assert generators[0].model_.files == generators[1].model_.files


def test_class_weight_counts(small: Make, messages: Texts) -> None:
    texts, labels = messages[0][:40], ["often"] * 36 + ["rare"] * 4
    plain = small(epochs=2, validation_fraction=0).fit(texts, labels).predict_proba(texts)[:, 1]
    balanced = small(epochs=2, validation_fraction=0, class_weight="balanced").fit(texts, labels)
    given = small(epochs=2, validation_fraction=0, class_weight={"rare": 1000}).fit(texts, labels)
    assert balanced.predict_proba(texts)[:, 1].mean() > plain.mean() + 0.05
    assert (given.predict(texts) == "rare").all()
    with pytest.raises(EstimatorSettingError, match=r"There is no label 'rarr' to give a weight \(class_weight\)"):
        small(class_weight={"rarr": 2}).fit(texts, labels)


def test_all_rows_may_train(small: Make, messages: Texts) -> None:
    model = small(epochs=1, validation_fraction=0).fit(*messages)
    assert model.run_["rows"] == {"train": 60}
    assert model.run_["temperature"] is None
    few = small(epochs=1).fit(["a b", "c d", "e f", "g h"], [0, 0, 0, 1])
    assert few.run_["rows"] == {"train": 3, "validation": 1}, "a class of one row trains"


def test_it_stops_early(small: Make, messages: Texts) -> None:
    model = small(epochs=9, patience=1, learning_rate=1e-9).fit(*messages)
    assert not model.run_["stopped_early"] or model.n_iter_ < 9 * 4
    collapsed = small(epochs=9, patience=1, learning_rate=0.5).fit(*messages)
    assert collapsed.run_["stopped_early"]
    assert collapsed.n_iter_ < 9 * 4


def test_the_estimators_learning_rate_replaces_the_strategys(small: Make, messages: Texts) -> None:
    texts, labels = messages[0][:20], messages[1][:20]
    own = small(strategy=Head(learning_rate=0.02), epochs=1).fit(texts, labels)
    given = small(strategy=Head(learning_rate=0.5), epochs=1, learning_rate=np.float64(0.02)).fit(texts, labels)
    assert own.model_.files["tunefork.json"] == given.model_.files["tunefork.json"]
    assert "learning_rate" not in small(strategy=Head(), learning_rate=1.0).strategy.settings, "parameters stay"


def test_a_training_that_diverges_says_so(small: Make, messages: Texts) -> None:
    with pytest.raises(DivergedError, match=r"The training diverged .* Give a lower learning_rate"):
        small(learning_rate=1e30, epochs=3).fit(*messages)


def test_nothing_is_left_behind(
    small: Make, messages: Texts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    model = small(epochs=1).fit(*messages)
    model.predict(messages[0][:2])
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


def test_images(tiny_vit: Path, digit_folder: Path) -> None:
    from PIL import Image

    paths = sorted(digit_folder.rglob("*.png"))[::2]
    labels = [path.parent.name for path in paths]
    model = Classifier(str(tiny_vit), Full(learning_rate=3e-3), epochs=6, precision="fp32").fit(paths, labels)
    assert model.score(paths, labels) > 0.5
    opened = [Image.open(path).convert("RGB") for path in paths[:4]]
    for same in (
        list(map(str, paths[:4])),
        opened,
        list(map(np.asarray, opened)),
        np.stack([*map(np.asarray, opened)]),
    ):
        np.testing.assert_array_equal(model.predict_proba(same), model.predict_proba(paths[:4]))
    with pytest.raises(EstimatorInputError, match=r"1 picture cannot be read .* no such file"):
        model.predict(["nowhere.png"])
    with pytest.raises(EstimatorInputError, match=r"1 picture cannot be read .* no such file"):
        model.fit([*paths, "nowhere.png"], [*labels, "one"])


CHECKS = (
    "check_estimator_cloneable",
    "check_estimator_tags_renamed",
    "check_valid_tag_types",
    "check_estimator_repr",
    "check_no_attributes_set_in_init",
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_mixin_order",
    "check_parameters_default_constructible",
    "check_get_params_invariance",
    "check_set_params",
)
"""scikit-learn's checks that hand over no rows; ``test_checks`` has the others."""


@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.parametrize(
    "estimator", [Classifier(), Classifier(strategy=LoRA(4, targets="mlp"))], ids=["plain", "lora"]
)
def test_scikit_learns_checks_without_rows(name: str, estimator: Classifier) -> None:
    getattr(estimator_checks, name)("Classifier", estimator)


def test_scikit_learn_knows_what_it_reads() -> None:
    tags = Classifier().__sklearn_tags__()
    assert (tags.estimator_type, tags.input_tags.string, tags.input_tags.two_d_array) == ("classifier", True, False)
    with pytest.warns(UserWarning, match="Can't test estimator Classifier which requires input  of type"):
        check_estimator(Classifier())


@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_log_proba", "decision_function", "save"])
def test_it_is_asked_before_it_is_fitted(method: str) -> None:
    with pytest.raises(NotFittedError):
        getattr(Classifier(), method)(["a"])


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"batch_size": 0}, r"greater than or equal to 1 .*training\.batch_size"),
        ({"epochs": -1}, r"greater than 0 .*training\.epochs"),
        ({"precision": "fp17"}, r"training\.precision"),
        ({"validation_fraction": 1.5}, "validation_fraction is a share from 0 to below 1. Found: 1.5"),
        ({"validation_fraction": 0, "patience": 2}, "early_stopping needs validation rows"),
        ({"training": {"weight_decoy": 1}}, "weight_decoy.*Did you mean"),
        ({"strategy": LoRA([2, 4])}, r"trains one configuration with one seed \(strategy\). Found: a grid of 2"),
        ({"strategy": 8}, r"strategy is no strategy. Found: 8"),
        ({"strategy": "lira"}, "There is no strategy 'lira'.*Did you mean 'lora'"),
        ({"random_state": "x"}, "random_state is no seed"),
        ({"random_state": -1}, "seeds"),
        ({"class_weight": "auto"}, "class_weight is 'balanced' or a mapping"),
        ({"max_length": 0}, "max_length: Input should be greater than or equal to 1"),
        ({"max_length": 1}, "max_length must be at least 3"),
    ],
)
def test_parameters_that_cannot_be_meant(small: Make, messages: Texts, parameters: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told) as caught:
        small(**parameters).fit(*messages)
    assert isinstance(caught.value, ValueError), "what scikit-learn's tools expect"
    assert "\\n" not in str(caught.value)


def test_weights_of_rows_are_refused_by_name(small: Make, messages: Texts) -> None:
    with pytest.raises(EstimatorSettingError, match=r"fit does not take sample_weight .* Use class_weight"):
        small().fit(*messages, sample_weight=np.ones(60))


def test_importing_tunefork_imports_neither_torch_nor_scikit_learn() -> None:
    code = (
        "import tunefork, sys; assert 'Classifier' in tunefork.__all__; exit(any(n in sys.modules for n in sys.argv))"
    )
    assert subprocess.run([sys.executable, "-c", code, "torch", "sklearn"], check=False).returncode == 0


def test_an_interruption_is_python_s_own(small: Make, messages: Texts, monkeypatch: pytest.MonkeyPatch) -> None:
    from tunefork.study import Study

    def interrupted(*_: Any) -> None:
        raise StoppedError(number)

    monkeypatch.setattr(Study, "train", interrupted)
    number = signal.SIGINT
    with pytest.raises(KeyboardInterrupt):
        small().fit(*messages)
    number = signal.SIGTERM
    with pytest.raises(SystemExit, match="143"):
        small().fit(*messages)
