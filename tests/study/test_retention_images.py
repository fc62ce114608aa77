"""Images are asked again as texts are."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tunefork import Full, Head, Study, load_data
from tunefork.store import SqliteStore

TRAINING = {"steps": 20, "batch_size": 16, "precision": "fp32"}


def test_pictures_of_an_earlier_study(tiny_vit: Path, digit_folder: Path, tmp_path: Path) -> None:
    earlier = Study(
        model=str(tiny_vit), data=load_data(digit_folder), compare=[Full(learning_rate=3e-3)], training=TRAINING,
        name="digits",
    ).run(tmp_path / "digits", progress=False, workers=1)  # fmt: skip
    later = Study(
        model=str(tiny_vit), data=load_data(digit_folder, split_seed=3), compare=[Head(), Full(learning_rate=3e-3)],
        training=TRAINING, start_from=str(earlier.best().folder),
    ).run(tmp_path / "again", progress=False, workers=1)  # fmt: skip
    found = later.retention(earlier.folder)
    store = SqliteStore.open(later.folder)
    before = next(one for one in store.retentions() if one.head == "before")
    then = earlier.store.predictions(earlier.best().record.id, "test")
    np.testing.assert_allclose(store.predictions(before.run, before.split).logits, then.logits, atol=1e-4)
    head, full = found.to_dict()["configurations"]
    assert (head["shown"], head["earlier_head"]["difference"], head["earlier_head"]["still_right"]) == ("own", 0, 1)
    assert full["earlier_head"]["accuracy"] != before.accuracy
    store.close()
