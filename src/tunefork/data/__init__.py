"""Files, folders, DataFrames and hub data sets → frozen splits → tokens or pixels. Nothing here imports torch.

read (readers, decoding, delimited, jsonl, columnar, hub, images) → table → columns (guessing) → labelled (labels,
label_sets, flags, numbers; gaps, blanks), rows (ids, left_out) → leakage → naming (label_map) → holdout (strata)
→ near_duplicates (similarity) → augment → splits (the whole way) → text (tokens) or images (pixels) → encoded;
published: what is known of some data sets without reading them
"""

from tunefork.data.api import Data, load_data
from tunefork.data.columns import Columns
from tunefork.data.encoded import EncodedSplit, ImageSplit, TokenSplit
from tunefork.data.fewer import fewer
from tunefork.data.images.gallery import read_pictures
from tunefork.data.label_map import LabelMap
from tunefork.data.left_out import LeftOut
from tunefork.data.published import PublishedSet, own_splits, published, published_rows
from tunefork.data.readers import read_rows
from tunefork.data.splits import is_of_images, load_splits
from tunefork.data.table import Table
from tunefork.data.text import encode
from tunefork.data.unlabelled import read_unlabelled, read_unlabelled_pictures
from tunefork.data.values import Split, Splits, half_width

__all__ = [
    "Columns",
    "Data",
    "EncodedSplit",
    "ImageSplit",
    "LabelMap",
    "LeftOut",
    "PublishedSet",
    "Split",
    "Splits",
    "Table",
    "TokenSplit",
    "encode",
    "fewer",
    "half_width",
    "is_of_images",
    "load_data",
    "load_splits",
    "own_splits",
    "published",
    "published_rows",
    "read_pictures",
    "read_rows",
    "read_unlabelled",
    "read_unlabelled_pictures",
]
