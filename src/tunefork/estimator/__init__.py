"""One way of fine-tuning as a scikit-learn estimator: what studies compare, for pipelines, searches and scores."""

from tunefork.estimator.classifier import Classifier

__all__ = ["Classifier"]
