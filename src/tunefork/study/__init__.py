"""The façade: studies and their results."""

from tunefork.study.outline import outline
from tunefork.study.results import Results, Run
from tunefork.study.study import DEFAULT, Study

__all__ = ["DEFAULT", "Results", "Run", "Study", "outline"]
