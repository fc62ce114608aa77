"""Pictures of a table, read once: bad ones are named or left out, equal ones found, pixels kept in the wanted size."""

from __future__ import annotations

import gc
import pickle
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.data.images.making import content, picture
from tunefork.config import DataConfig
from tunefork.data import LeftOut, load_data, load_splits, read_pictures
from tunefork.data.images.pixels import PixelStore
from tunefork.errors import ColumnError, DataError, LeakageError, ReadError

Make = Callable[..., Path]


def small(image: Image.Image) -> np.ndarray:
    return np.asarray(image.resize((8, 8)))


def test_bad_pictures_are_named_before_anything_trains(folder: Make) -> None:
    bad = {"cat/torn.png": content(picture(50))[:80], "dog/text.jpg": b"hello", "dog/empty.jpg": b""}
    root = folder({"cat": 10, "dog": 10}, bad)
    with pytest.raises(DataError) as caught:
        load_splits(DataConfig(train=str(root)))
    error = caught.value
    assert error.what == "3 pictures cannot be read"
    assert "cat/torn.png, dog/empty.jpg, dog/text.jpg" in error.where
    assert "dog/empty.jpg: the file is empty" in error.found
    assert "bad_images: skip" in error.fix
    splits = load_splits(DataConfig(train=str(root), bad_images="skip"))
    assert sum(splits.rows.values()) == 20
    assert any(notice.startswith("3 pictures left out: cat/torn.png (") for notice in splits.notices)
    assert not any("left_out.csv" in notice for notice in splits.notices), "all are named"


def test_every_picture_that_is_left_out_is_listed(folder: Make) -> None:
    root = folder({"cat": 10, "dog": 10}, {f"cat/torn{number}.png": b"" for number in range(7)})
    splits = load_splits(DataConfig(train=str(root), bad_images="skip"))
    assert splits.left_out == tuple(
        LeftOut("train", f"{root} picture cat/torn{number}.png", f"cat/torn{number}.png", "the file is empty")
        for number in range(7)
    )
    (notice,) = [each for each in splits.notices if "pictures left out" in each]
    assert notice.endswith("and 2 more; all are in left_out.csv of the study's folder.")


def test_conversions_are_counted(folder: Make) -> None:
    root = folder({"cat": 10, "dog": 10}, {"cat/grey.png": content(picture(40, mode="L"))})
    notices = load_splits(DataConfig(train=str(root))).notices
    assert f"1 picture of {root} is grey: three equal channels are made of one." in notices
    root = folder({"cat": 10, "dog": 10}, {f"cat/grey{n}.png": content(picture(n, mode="L")) for n in range(2)}, "two")
    notices = load_splits(DataConfig(train=str(root))).notices
    assert f"2 pictures of {root} are grey: three equal channels are made of one." in notices


def test_pixels_are_kept_in_the_size_that_is_asked_for(folder: Make) -> None:
    splits = load_splits(DataConfig(train=str(folder({"cat": 10, "dog": 10}))), resize=lambda: small)
    images = splits.train.images
    assert images is not None
    assert images.pixels is not None
    assert images.pixels.size == (8, 8)
    number = int(splits.train.ids[0].partition("/")[2].removesuffix(".png"))
    assert splits.train.ids[0].startswith("cat/")
    assert np.array_equal(images.pixels.take(images.places[:1])[0], small(picture(number)))
    assert load_splits(DataConfig(train=str(folder({"cat": 10, "dog": 10}, name="b")))).train.images.pixels is None


def test_equal_pictures_stay_on_one_side_of_a_split(folder: Make) -> None:
    same = {f"cat/copy{number}.png": content(picture(0)) for number in range(5)}
    splits = load_splits(DataConfig(train=str(folder({"cat": 20, "dog": 20}, same)), test=0.3))
    sides = [set(split.images.hashes) for split in splits.present()]
    assert not sides[0] & sides[1]
    assert not sides[0] & sides[2]


def test_a_picture_in_two_splits_of_the_users_is_an_error(folder: Make) -> None:
    root = folder(
        {"train/cat": 4, "train/dog": 4},
        {"test/cat/x.bmp": content(picture(0), "BMP"), "test/dog/y.png": content(picture(99))},
    )
    with pytest.raises(LeakageError) as caught:
        load_splits(DataConfig(train=str(root)))
    assert caught.value.what == "1 image is in both train and test"
    assert "train/cat/0.png" in caught.value.where
    assert "test/cat/x.bmp" in caught.value.where
    splits = load_splits(DataConfig(train=str(root), leakage="drop_train"))
    assert "train/cat/0.png" not in splits.train.ids
    assert any("1 distinct image in both train and test: 1 row left out" in notice for notice in splits.notices)


def test_one_picture_with_two_labels_is_a_warning(folder: Make) -> None:
    root = folder({"cat": 10, "dog": 10}, {"dog/twin.png": content(picture(0))})
    warnings = load_splits(DataConfig(train=str(root))).warnings
    assert any(text.startswith("1 image has more than one label in train") for text in warnings)


def test_other_pixels_make_other_data(folder: Make) -> None:
    first, again = (load_splits(DataConfig(train=str(folder({"a": 9, "b": 9}, name=name)))) for name in ("x", "y"))
    assert first.hash == again.hash, "the same pictures under the same names"
    other = load_splits(DataConfig(train=str(folder({"a": 9, "b": 9}, {"a/0.png": content(picture(77))}, name="z"))))
    assert other.hash != first.hash


def frame(column: str, values: list[object]) -> pd.DataFrame:
    return pd.DataFrame({column: values, "kind": ["cat", "dog"] * (len(values) // 2)})


@pytest.mark.parametrize("how", ["path", "bytes", "hub", "image", "array"])
def test_columns_of_pictures(how: str, tmp_path: Path) -> None:
    pictures = [picture(number) for number in range(20)]
    for number, each in enumerate(pictures):
        each.save(tmp_path / f"{number}.png")
    values = {
        "path": [str(tmp_path / f"{number}.png") for number in range(20)],
        "bytes": [content(each) for each in pictures],
        "hub": [{"bytes": content(each), "path": None} for each in pictures],
        "image": pictures,
        "array": [np.asarray(each) for each in pictures],
    }[how]
    splits = load_data(frame("photo", values)).splits()
    assert splits.columns.image == "photo"
    assert splits.task == "image-classification"
    assert "image column guessed: photo" in splits.notices
    assert sum(splits.rows.values()) == 20
    assert load_data(frame("photo", values), image="photo", label="kind").splits().hash == splits.hash


def test_paths_in_a_table_start_from_its_folder(tmp_path: Path) -> None:
    (tmp_path / "data" / "img").mkdir(parents=True)
    for number in range(12):
        picture(number).save(tmp_path / "data" / "img" / f"{number}.jpg")
    table = pd.DataFrame({"file": [f"img/{n}.jpg" for n in range(12)], "label": ["a", "b"] * 6})
    table.to_csv(tmp_path / "data" / "list.csv", index=False)
    splits = load_splits(DataConfig(train="data/list.csv", test=0.3, validation=0), base=tmp_path)
    assert splits.columns.image == "file"
    table.loc[3, "file"] = "img/none.jpg"
    table.to_csv(tmp_path / "data" / "list.csv", index=False)
    with pytest.raises(DataError) as caught:
        load_splits(DataConfig(train="data/list.csv"), base=tmp_path)
    assert "img/none.jpg: no such file" in caught.value.found
    assert "list.csv line 5" in caught.value.where or "list.csv row" in caught.value.where


def test_a_parquet_file_with_bytes(tmp_path: Path) -> None:
    frame("image", [content(picture(n), "JPEG") for n in range(20)]).to_parquet(tmp_path / "photos.parquet")
    splits = load_splits(DataConfig(train=str(tmp_path / "photos.parquet")))
    assert splits.columns.image == "image"
    assert sum(splits.rows.values()) == 20


def test_empty_cells(tmp_path: Path) -> None:
    rows = frame("image", [content(picture(n)) for n in range(20)])
    rows.loc[4, "image"] = None
    with pytest.raises(DataError, match="1 row has an empty image in column image"):
        load_data(rows).splits()
    splits = load_data(rows, drop_empty=True).splits()
    assert sum(splits.rows.values()) == 19


def test_a_hub_data_set_of_images(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    features = datasets.Features({"img": datasets.Image(), "label": datasets.ClassLabel(names=["cat", "dog"])})
    rows = {"img": [{"bytes": content(picture(n)), "path": None} for n in range(20)], "label": [0, 1] * 10}
    datasets.DatasetDict({"train": datasets.Dataset.from_dict(rows, features=features)}).save_to_disk(tmp_path / "pets")
    splits = load_splits(DataConfig(train=f"hub:{tmp_path / 'pets'}"))
    assert splits.columns.image == "img"
    assert splits.labels.names == ("cat", "dog")


def test_text_and_image_cannot_both_be_meant() -> None:
    with pytest.raises(Exception, match="rows are texts or images"):
        DataConfig(train="a.csv", text=("a",), image="b")
    with pytest.raises(ColumnError, match="There is no column 'phto' for the image"):
        load_data(frame("photo", [content(picture(n)) for n in range(4)]), image="phto").splits()


def test_pictures_given_one_by_one(tmp_path: Path) -> None:
    picture(1).save(tmp_path / "one.png")
    given = [tmp_path / "one.png", content(picture(1)), picture(1), np.asarray(picture(1))]
    pixels = read_pictures(given, small).take(np.arange(4))
    assert all(np.array_equal(each, small(picture(1))) for each in pixels)
    with pytest.raises(DataError, match="2 pictures cannot be read") as caught:
        read_pictures([None, picture(1), tmp_path / "none.png"], small)
    assert "number 3" in caught.value.where or "3" in caught.value.where


def test_what_does_not_fit_in_memory_goes_to_a_file_that_vanishes(tmp_path: Path) -> None:
    images = [np.full((4, 4, 3), number, dtype=np.uint8) for number in range(10)]
    for memory in (10**6, 100):
        store = PixelStore(memory=memory, folder=tmp_path)
        assert [store.add(each) for each in images] == list(range(10))
        pixels = store.close()
        assert (pixels.path is None) == (memory == 10**6)
        assert np.array_equal(pixels.take(np.array([7, 2])), np.stack([images[7], images[2]]))
        again = pickle.loads(pickle.dumps(pixels))
        assert np.array_equal(again.take(np.array([9])), images[9][None])
        assert (again.path is None) == (memory == 10**6), "a file is shared by its name"
    assert len(list(tmp_path.iterdir())) == 1
    del pixels, again, store
    gc.collect()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "column",
    [
        {"image_url": [f"https://example.org/{number}.jpg" for number in range(20)]},
        {"file_name": [f"scan{number}.tif" for number in range(20)]},
        {"meta": [{"width": number, "height": 3} for number in range(20)]},
        {"blob": [bytes([255, number]) for number in range(20)]},
    ],
)
def test_tables_of_texts_stay_tables_of_texts(column: dict[str, list[object]]) -> None:
    rows = pd.DataFrame({"text": [f"this is text {n}" for n in range(20)], "label": ["a", "b"] * 10} | column)
    splits = load_data(rows).splits()
    assert splits.task == "text-classification"
    assert splits.columns.text == ("text",)


def test_cells_that_hold_no_picture() -> None:
    good = [{"bytes": content(picture(n)), "path": None} for n in range(20)]
    for odd in (
        {"bytes": "aGVsbG8=", "path": None},
        {"bytes": 10**13, "path": None},
        {"path": "~nobody/x.png"},
        "~$x.png",
    ):
        with pytest.raises(DataError, match="1 picture cannot be read"):
            load_data(frame("image", [*good[:19], odd])).splits()


def test_a_full_disk_is_told_and_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = PixelStore(memory=100, folder=tmp_path)

    def fill() -> None:
        with store:
            store.add(np.zeros((8, 8, 3), dtype=np.uint8))
            assert store._file is not None
            monkeypatch.setattr(store, "_file", FullDisk())
            store.add(np.zeros((8, 8, 3), dtype=np.uint8))

    with pytest.raises(ReadError, match="There is no room for the pictures") as caught:
        fill()
    assert "No space left on device behind 1 picture" in caught.value.found
    assert "TMPDIR" in caught.value.fix
    assert not list(tmp_path.iterdir())


class FullDisk:
    def write(self, data: object) -> None:
        raise OSError(28, "No space left on device")

    def close(self) -> None: ...


def test_reading_pictures_leaves_the_users_warnings_alone(folder: Make) -> None:
    before = list(warnings.filters)
    load_splits(DataConfig(train=str(folder({"cat": 10, "dog": 10}))))
    assert warnings.filters == before


def test_a_processor_that_fails_makes_a_bad_picture(folder: Make) -> None:
    def fails(image: Image.Image) -> np.ndarray:
        raise ValueError("too thin")

    with pytest.raises(DataError, match="20 pictures cannot be read") as caught:
        load_splits(DataConfig(train=str(folder({"cat": 10, "dog": 10}))), resize=lambda: fails)
    assert "the image processor says: too thin" in caught.value.found
