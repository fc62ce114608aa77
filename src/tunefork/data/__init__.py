"""Files, DataFrames and hub data sets → frozen splits → tokens. Nothing here imports torch.

read (readers, decoding, delimited, jsonl, columnar, hub) → table → columns → labels, rows → leakage → holdout
→ splits (the whole way) → text (tokens)
"""

from tunefork.data.api import Data, load_data
from tunefork.data.columns import Columns
from tunefork.data.labels import LabelMap
from tunefork.data.readers import read_rows
from tunefork.data.splits import load_splits
from tunefork.data.table import Table
from tunefork.data.text import EncodedSplit, encode
from tunefork.data.unlabelled import read_unlabelled
from tunefork.data.values import Split, Splits, half_width

__all__ = [
    "Columns",
    "Data",
    "EncodedSplit",
    "LabelMap",
    "Split",
    "Splits",
    "Table",
    "encode",
    "half_width",
    "load_data",
    "load_splits",
    "read_rows",
    "read_unlabelled",
]
