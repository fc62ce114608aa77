"""What fine-tuning did to a model's matrices, read from the saved runs: norms and ranks of ΔW, intruder dimensions."""

from tunefork.spectra.change import THRESHOLD, TOP_K, Change, change_of, count_intruders, similarities
from tunefork.spectra.measure import measure_changes
from tunefork.spectra.singular import effective_rank, left_vectors, singular_values, stable_rank, top_left_vectors
from tunefork.spectra.weights import base_model, matrix_of, tuned_model

__all__ = [
    "THRESHOLD",
    "TOP_K",
    "Change",
    "base_model",
    "change_of",
    "count_intruders",
    "effective_rank",
    "left_vectors",
    "matrix_of",
    "measure_changes",
    "similarities",
    "singular_values",
    "stable_rank",
    "top_left_vectors",
    "tuned_model",
]
