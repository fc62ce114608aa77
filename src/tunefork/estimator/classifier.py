"""``Classifier``: fine-tuning behind scikit-learn's fit and predict."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from tunefork import metrics
from tunefork.config import Configuration
from tunefork.errors import DamagedError, EstimatorInputError, EstimatorSettingError, ModelNotFoundError
from tunefork.estimator.given import Given, read_x
from tunefork.estimator.labels import Classes, read_classes, read_y, write_classes
from tunefork.estimator.settings import (
    changed,
    class_weights,
    configuration_of,
    parameters_of,
    plain,
    seed_of,
    share_of,
    value_errors,
    written,
)
from tunefork.estimator.trained import Trained, check_empty

FILE = "estimator.json"
"""Parameters, classes and facts, beside the files of the saved model."""
NESTED = "strategy__"


class Classifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A pretrained transformer, fine-tuned on texts, pairs of texts, or images, as a scikit-learn classifier.

    It trains with the engine of studies: one configuration, one seed, no test rows (cross-validation does the testing).

    Args:
        model: a hub id, a local folder, or a ``builtin:`` name. Which it is decides whether X holds texts or images.
        strategy: what trains: ``Full()``, ``Head()``, ``LastLayers(1)``, ``LoRA(8)``, ``Peft(…)``, or as the command
            line writes it (``"lora:rank=8"``); LoRA of rank 8 unless given.
        epochs: passes over the training rows.
        batch_size: rows of an optimizer step.
        learning_rate: instead of the strategy's own.
        max_length: tokens of a text at most.
        validation_fraction: share of the rows that is held out of training, to keep the weights of the best evaluation,
            to stop early and to calibrate probabilities. 0 trains on all rows and does none of these.
        patience: stop when the validation loss has not improved for so many evaluations; never unless given.
        precision: ``auto``, ``bf16`` or ``fp32``. ``auto`` measures the machine once in a process.
        class_weight: ``balanced``, or what a row of each class counts in the training loss.
        random_state: seed of the validation split, the order of rows, initialisation and dropout; None and generators
            draw one.
        revision: pins a model of the hub.
        training: further settings of ``training`` in a study file, such as ``{"weight_decay": 0.1}``.
        verbose: 1 shows progress.

    Attributes:
        classes_: [C] the labels of y, sorted, as they were.
        n_iter_: optimizer steps that were made.
        run_: facts of the training: rows, steps, validation losses, temperature, seconds, notices, warnings.
        model_: the trained model's files, and the model itself (``model_.predictor``).

    Example:
        >>> from tunefork import Classifier, LoRA
        >>> Classifier(strategy=LoRA(8), epochs=5).fit(texts, labels).predict_proba(["late again"])  # doctest: +SKIP
    """

    def __init__(
        self,
        model: str = "builtin:minilm",
        strategy: Configuration | str | None = None,
        *,
        epochs: float = 3,
        batch_size: int = 16,
        learning_rate: float | None = None,
        max_length: int = 128,
        validation_fraction: float = 0.1,
        patience: int | None = None,
        precision: str = "auto",
        class_weight: str | Mapping[Any, float] | None = None,
        random_state: Any = 0,
        revision: str | None = None,
        training: Mapping[str, Any] | None = None,
        verbose: int = 0,
    ) -> None:
        self.model = model
        self.strategy = strategy
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.max_length = max_length
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.precision = precision
        self.class_weight = class_weight
        self.random_state = random_state
        self.revision = revision
        self.training = training
        self.verbose = verbose

    def fit(self, X: Any, y: Any, **unsupported: Any) -> Self:  # noqa: N803 - scikit-learn's own name
        """Fine-tune the model.

        Args:
            X: [N] texts, [N, 2] pairs of texts, or [N] pictures (paths, bytes, Pillow images, arrays); a list, an
                array, a Series or a DataFrame of one or two columns.
            y: [N] labels: texts, whole numbers or booleans.
            unsupported: nothing is; ``sample_weight`` is refused by name.

        Raises:
            EstimatorSettingError: a parameter that cannot be meant; a ValueError.
            EstimatorInputError: X or y that cannot be trained on; a ValueError.
            ModelError: a model that cannot be used.
            DivergedError: the loss was no longer a number.
        """
        from tunefork.models import load_config, task_of

        for name in unsupported:
            fix = "Use class_weight." if name == "sample_weight" else "Take it out; settings go to Classifier(…)."
            raise EstimatorSettingError(f"fit does not take {name}", where="Classifier.fit", fix=fix)
        with value_errors():
            given = read_x(X, task_of(load_config(self.model, self.revision)))
            if not len(given):
                raise EstimatorInputError("There are no rows: 0 sample(s) in X", where="X", fix="Give labelled rows.")
            classes = read_y(y, len(given))
            self._train(given, classes)
        return self

    def _train(self, given: Given, classes: Classes) -> None:
        from tunefork.estimator.training import Wish, train

        wish = Wish(
            model=self.model,
            revision=self.revision,
            configuration=configuration_of(self.strategy, self.learning_rate),
            training=self._settings(classes),
            max_length=plain(self.max_length),
            validation=share_of(self.validation_fraction),
            seed=seed_of(self.random_state),
            show=bool(self.verbose),
        )
        trained, facts = train(wish, given, classes)
        self.model_, self.run_, self.classes_, self.n_iter_ = trained, facts, classes.values, facts["steps"]

    def _settings(self, classes: Classes) -> dict[str, Any]:
        """The study's ``training``."""
        found = {**(self.training or {}), "epochs": plain(self.epochs), "batch_size": plain(self.batch_size)}
        found["precision"] = self.precision
        if self.patience is not None:
            found["early_stopping"] = {"patience": plain(self.patience)}
        if (weights := class_weights(self.class_weight, classes)) is not None:
            found["class_weights"] = weights
        return found

    def decision_function(self, X: Any) -> NDArray[np.float64]:  # noqa: N803
        """[N, C] logits; of two classes [N], those of the second less those of the first."""
        logits = self._logits(X).astype(np.float64)
        return np.asarray(logits[:, 1] - logits[:, 0] if len(self.classes_) == 2 else logits)

    def predict_proba(self, X: Any) -> NDArray[np.float64]:  # noqa: N803
        """[N, C] probabilities in the order of ``classes_``, which add up to 1.

        They are calibrated where there were validation rows, as those of ``load_model(folder).predict`` are.
        """
        logits = self._logits(X)
        return metrics.probabilities(logits, "single_label", self.model_.predictor.temperature)

    def predict_log_proba(self, X: Any) -> NDArray[np.float64]:  # noqa: N803
        """[N, C] logarithms of ``predict_proba``, exact also where that is 0."""
        from scipy.special import log_softmax

        scaled = self._logits(X).astype(np.float64) / (self.model_.predictor.temperature or 1.0)
        return np.asarray(log_softmax(scaled, axis=1))

    def predict(self, X: Any) -> NDArray[Any]:  # noqa: N803
        """[N] labels, of the type that y had."""
        numbers = self._logits(X).argmax(axis=1)
        return np.asarray(self.classes_[numbers])

    def _logits(self, x: Any) -> NDArray[np.float32]:
        """[N, C] in fp32."""
        check_is_fitted(self)
        predictor = self.model_.predictor
        given = read_x(x, predictor.facts["task"])
        if not len(given):
            return np.empty((0, len(self.classes_)), dtype=np.float32)
        if given.columns != predictor.columns:
            raise EstimatorInputError(
                f"The model was trained on {'pairs of texts' if len(predictor.columns) > 1 else 'single texts'}",
                where="X",
                found=f"{len(given.columns)} in a row",
                fix="Give rows like those in training.",
            )
        with value_errors():
            return np.asarray(predictor.logits(given.rows))

    def save(self, folder: str | Path) -> Path:
        """Write the trained model to a folder: what ``load_model`` reads, and ``estimator.json`` for ``load``.

        Raises:
            NotFittedError: it is not trained yet.
            StoreError: the folder is not empty.
        """
        check_is_fitted(self)
        target = Path(folder)
        check_empty(target)
        document = {
            "format": 1,
            "parameters": written(self.get_params(deep=False), self.run_["seed"]),
            "classes": write_classes(self.classes_),
            "run": self.run_,
        }
        text = json.dumps(document, indent=2, ensure_ascii=False)
        self.model_.write(target)
        (target / FILE).write_text(text + "\n", encoding="utf-8")
        return target

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """The estimator that ``save`` wrote. Nothing in there is pickled.

        Raises:
            ModelNotFoundError: there is none.
            DamagedError: its file cannot be read.
        """
        path = Path(folder)
        if not (path / FILE).is_file():
            raise ModelNotFoundError(
                "There is no saved estimator", where=str(folder), found=f"no {FILE}",
                fix="Give a folder that Classifier.save wrote; other models are for tunefork.load_model.",
            )  # fmt: skip
        try:
            found = json.loads((path / FILE).read_text(encoding="utf-8"))
            estimator = cls(**parameters_of(found["parameters"]))
            estimator.classes_, estimator.run_ = read_classes(found["classes"]), found["run"]
            estimator.n_iter_ = found["run"]["steps"]
        except (KeyError, TypeError, ValueError) as error:
            raise DamagedError(
                "The estimator's file is not as it was written", where=str(path / FILE), found=str(error)[:200],
                fix="Save the estimator again; load_model may still read the model.",
            ) from None  # fmt: skip
        estimator.model_ = Trained.read(path)
        estimator.model_.files.pop(FILE)
        return estimator

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters; with ``deep`` also the strategy's settings, as ``strategy__rank``."""
        found: dict[str, Any] = super().get_params(deep=False)
        if deep and isinstance(self.strategy, Configuration):
            found |= {f"{NESTED}{name}": value for name, value in self.strategy.settings.items()}
        return found

    def set_params(self, **params: Any) -> Self:
        """Change parameters; ``strategy__rank=4`` makes another strategy with that setting.

        Raises:
            ValueError: an unknown parameter, or (``ConfigError``) an unknown setting of the strategy.
        """
        inner = {name.removeprefix(NESTED): params.pop(name) for name in list(params) if name.startswith(NESTED)}
        super().set_params(**params)
        if inner:
            with value_errors():
                self.strategy = changed(configuration_of(self.strategy, None), inner)
        return self

    def __sklearn_tags__(self) -> Any:
        """What X may be: texts in one dimension, pairs, images; never a table of numbers."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        return tags
