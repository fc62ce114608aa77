"""What every study is measured against without training a transformer. Never torch."""

from tunefork.baselines.included import Included, read_predictions
from tunefork.baselines.keeping import include_predictions, keep_baselines
from tunefork.baselines.tfidf import Classical, tfidf

__all__ = ["Classical", "Included", "include_predictions", "keep_baselines", "read_predictions", "tfidf"]
