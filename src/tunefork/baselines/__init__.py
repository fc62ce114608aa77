"""What every study is measured against without a transformer. Never torch."""

from tunefork.baselines.tfidf import NAME, Classical, tfidf

__all__ = ["NAME", "Classical", "tfidf"]
