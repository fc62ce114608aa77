"""Folders and archives of class folders: what is taken, what is passed over, what is refused."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.data.images.making import content, picture
from tunefork.config import DataConfig
from tunefork.data import load_splits, read_rows
from tunefork.data.images import archives
from tunefork.data.images.class_folders import loose_pictures, picture_splits
from tunefork.errors import DataError, ReadError, TuneforkError

Make = Callable[..., Path]


def zipped(root: Path, target: Path, inside: str = "") -> Path:
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(root.rglob("*")):
            archive.write(path, inside + path.relative_to(root).as_posix())
    return target


def tarred(root: Path, target: Path, mode: str = "w") -> Path:
    with tarfile.open(target, mode) as archive:
        archive.add(root, arcname=".")
    return target


def paths(table: object) -> list[str]:
    return [each.name for each in table.values["image"]]  # type: ignore[attr-defined]


def test_class_folders_are_labels(folder: Make) -> None:
    table = read_rows(folder({"cat": 2, "dog": 1}))
    assert paths(table) == ["cat/0.png", "cat/1.png", "dog/0.png"] == list(table.ids)
    assert table.values["label"] == ["cat", "cat", "dog"]
    assert table.place(2).endswith("photos picture dog/0.png")


def test_splits_of_its_own_are_used(folder: Make) -> None:
    root = folder({"train/cat": 4, "train/dog": 4, "val/cat": 1, "val/dog": 1, "test/cat": 2, "test/dog": 2})
    found = picture_splits(str(root))
    assert found.find("validation") == "validation"
    splits = load_splits(DataConfig(train=str(root)))
    assert splits.rows == {"train": 8, "validation": 2, "test": 4}
    assert splits.labels.names == ("cat", "dog")
    assert splits.test.ids[0] == "test/cat/0.png"
    assert splits.task == "image-classification"
    assert any("the data set's own split" in notice for notice in splits.notices)


def test_a_folder_without_splits_is_split_here(folder: Make) -> None:
    splits = load_splits(DataConfig(train=str(folder({"cat": 10, "dog": 10}))))
    assert splits.rows == {"train": 14, "validation": 2, "test": 4}


def test_folders_that_hold_everything_say_nothing(folder: Make) -> None:
    root = folder({"photos/images/cat": 2, "photos/images/dog": 2})
    assert read_rows(root).values["label"] == ["cat", "cat", "dog", "dog"]
    inside = folder({"data/train/cat": 2, "data/train/dog": 2, "data/test/cat": 1}, name="b")
    assert set(picture_splits(str(inside)).sets) == {"test", "train"}


@pytest.mark.parametrize(
    "names", [("Train", "Test"), ("training", "testing"), ("seg_train", "seg_test"), ("training_set", "test_set")]
)
def test_splits_by_other_names(names: tuple[str, str], folder: Make) -> None:
    train, test = names
    root = folder({f"{train}/cat": 4, f"{train}/dog": 4, f"{test}/cat": 1, f"{test}/dog": 1})
    splits = load_splits(DataConfig(train=str(root), validation=0))
    assert splits.labels.names == ("cat", "dog")
    assert splits.rows == {"train": 8, "test": 2}


def test_a_split_without_class_folders_is_not_used(folder: Make) -> None:
    """Kaggle's way: the pictures of the test split have no labels."""
    flat = {f"test/{number}.png": content(picture(50 + number)) for number in range(3)}
    splits = load_splits(DataConfig(train=str(folder({"train/cat": 10, "train/dog": 10}, flat))))
    assert splits.labels.names == ("cat", "dog")
    assert splits.rows == {"train": 14, "validation": 2, "test": 4}
    assert any("test: no class folders, so no labels: not used" in notice for notice in splits.notices)


def test_other_folders_beside_splits_are_passed_over(folder: Make) -> None:
    root = folder({"train/cat": 4, "train/dog": 4, "test/cat": 1, "test/dog": 1, "docs": 2})
    splits = load_splits(DataConfig(train=str(root), validation=0))
    assert splits.labels.names == ("cat", "dog")
    assert any(notice.endswith("'docs' beside the splits passed over.") for notice in splits.notices)


def test_a_stray_picture_in_a_split_is_an_error_and_no_class(folder: Make) -> None:
    stray = {"train/sample.png": content(picture(70))}
    with pytest.raises(ReadError, match="1 picture outside of the class folders") as caught:
        read_rows(folder({"train/cat": 2, "train/dog": 2, "test/cat": 1, "test/dog": 1}, stray))
    assert caught.value.found == "train/sample.png"


def test_names_that_only_some_systems_write(folder: Make, tmp_path: Path) -> None:
    root = folder({"train/caf\u00e9": 3, "train/dog": 3, "test/cafe\u0301": 1, "test/dog": 1})
    assert load_splits(DataConfig(train=str(root), validation=0)).labels.names == ("caf\u00e9", "dog")
    (root / "train" / "dog" / "bad\udce9.png").write_bytes(content(picture(60)))
    splits = load_splits(DataConfig(train=str(root), validation=0))
    assert "train/dog/bad\\udce9.png" in splits.train.ids


def test_classes_that_are_called_like_splits_are_classes(folder: Make) -> None:
    assert read_rows(folder({"test": 2, "other": 2})).values["label"] == ["other", "other", "test", "test"]


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz", "tar.xz", "tar.bz2"])
def test_an_archive_gives_what_its_folder_gives(kind: str, folder: Make, tmp_path: Path) -> None:
    root = folder({"train/cat": 5, "train/dog": 5, "test/cat": 2, "test/dog": 2})
    target = tmp_path / f"packed.{kind}"
    if kind == "zip":
        zipped(root, target, inside="photos/")
    else:
        tarred(root, target, "w:" + kind.partition(".")[2])
    before = set(tmp_path.rglob("*"))
    packed, plain = load_splits(DataConfig(train=str(target))), load_splits(DataConfig(train=str(root)))
    assert set(tmp_path.rglob("*")) == before, "nothing is unpacked beside it"
    for ours, theirs in zip(packed.present(), plain.present()):
        assert ours.images is not None
        assert theirs.images is not None
        assert ours.images.hashes == theirs.images.hashes
        assert ours.labels.tolist() == theirs.labels.tolist()


def test_an_archive_beside_the_study_file(folder: Make, tmp_path: Path) -> None:
    zipped(folder({"cat": 6, "dog": 6}), tmp_path / "photos.zip")
    assert len(load_splits(DataConfig(train="photos.zip"), base=tmp_path).train) > 4


def test_other_files_are_passed_over_and_counted(folder: Make) -> None:
    root = folder(
        {"cat": 2, "dog": 2},
        {
            ".DS_Store": b"x",
            "cat/.ipynb_checkpoints/0.png": content(picture(90)),
            "__MACOSX/cat/._0.png": b"x",
            "dog/Thumbs.db": b"x",
            "cat/notes.txt": b"hello",
            "README": b"read me",
            "dog/photo.dat": content(picture(91), "JPEG"),
            "empty/.keep": b"",
        },
    )
    table = read_rows(root)
    assert len(table) == 5
    assert "dog/photo.dat" in paths(table)
    assert "5 hidden entries of" in table.notices[0]
    assert "2 files of" in table.notices[1]
    assert "that are no pictures passed over (1 no suffix, 1 .txt)" in table.notices[1]
    assert "1 picture of" in table.notices[2]
    assert "not called so read by content" in table.notices[2]
    assert table.notices[3].endswith("no pictures in 'empty'.")


@pytest.mark.parametrize(
    ("classes", "files", "what", "found"),
    [
        ({}, {"a.png": b"x", "b.png": b"x"}, "The pictures lie in no class folders", "a.png, b.png"),
        ({"cat": 2, "dog": 2}, {"stray.png": b"x"}, "1 picture outside of the class folders", "stray.png"),
        ({}, {"notes.txt": b"x"}, "The folder holds no pictures", "notes.txt"),
        ({}, {"cat/.hidden": b"x"}, "The folder holds no pictures", "no files"),
    ],
)
def test_what_is_no_folder_of_classes(folder: Make, classes: object, files: object, what: str, found: str) -> None:
    with pytest.raises(ReadError) as caught:
        read_rows(folder(classes, files))
    assert caught.value.what == what
    assert found in caught.value.found
    assert caught.value.fix


def test_a_split_that_is_not_there_names_those_that_are(folder: Make) -> None:
    root = folder({"train/cat": 2, "train/dog": 2, "test/cat": 1, "test/dog": 1})
    with pytest.raises(ReadError, match="There are no pictures for validation") as caught:
        load_splits(DataConfig(train=str(root), validation=str(root)))
    assert "splits train, test" in caught.value.found


def test_links_that_lead_out_are_refused(folder: Make, tmp_path: Path) -> None:
    root = folder({"cat": 2, "dog": 2})
    (tmp_path / "secret.png").write_bytes(content(picture(9)))
    (root / "cat" / "linked.png").symlink_to(tmp_path / "secret.png")
    with pytest.raises(ReadError) as caught:
        read_rows(root)
    assert caught.value.what == "The entry 'cat/linked.png' is a link that leads out of the folder, and is refused"
    assert str(tmp_path / "secret.png") in caught.value.found
    (root / "cat" / "linked.png").unlink()
    (root / "dog" / "inside.png").symlink_to(root / "cat" / "0.png")
    assert len(read_rows(root)) == 5, "a link within the folder is as good as its picture"
    (root / "cat" / "loop").symlink_to(root)
    with pytest.raises(ReadError, match="a link to a folder that is here already"):
        read_rows(root)


@pytest.mark.parametrize("name", ["../evil.png", "/etc/evil.png", "cat/../../evil.png", "C:/evil.png", "..\\evil.png"])
def test_members_that_lead_out_are_refused(name: str, folder: Make, tmp_path: Path) -> None:
    target = zipped(folder({"cat": 2, "dog": 2}), tmp_path / "slip.zip")
    with zipfile.ZipFile(target, "a") as archive:
        archive.writestr(zipfile.ZipInfo(name), content(picture()))
    with pytest.raises(ReadError, match="a path that leads out of the archive, and is refused") as caught:
        read_rows(target)
    assert name.replace("\\", "/").rpartition("/")[2] in caught.value.what
    plain = tmp_path / "slip.tar"
    with tarfile.open(plain, "w") as archive:
        member = tarfile.TarInfo(name)
        archive.addfile(member, io.BytesIO())
    with pytest.raises(ReadError, match="a path that leads out of the archive"):
        read_rows(plain)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_in_a_tar_are_refused(kind: bytes, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "links.tar", "w") as archive:
        member = tarfile.TarInfo("cat/0.png")
        member.type, member.linkname = kind, "/etc/passwd"
        archive.addfile(member)
    with pytest.raises(ReadError, match=r"The entry 'cat/0\.png' is (a link|no regular file), and is refused"):
        read_rows(tmp_path / "links.tar")


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    member = zipfile.ZipInfo("cat/0.png")
    member.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "links.zip", "w") as archive:
        archive.writestr(member, "/etc/passwd")
    with pytest.raises(ReadError, match=r"The entry 'cat/0\.png' is a link"):
        read_rows(tmp_path / "links.zip")


def test_a_zip_bomb_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("cat/0.bmp", b"\0" * 80_000_000)
    with pytest.raises(ReadError) as caught:
        read_rows(tmp_path / "bomb.zip")
    assert "The entry 'cat/0.bmp' is too large once unpacked; it may be a bomb" in caught.value.what
    assert "80,000,000 bytes out of" in caught.value.found
    assert caught.value.found.endswith(", more than 200 times as many")


def test_a_tar_that_grows_without_end_is_refused(folder: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "UNPACKED", 20_000)
    monkeypatch.setattr(archives, "RATIO", 1)
    monkeypatch.setattr(archives, "STEP", 4096)
    tarred(folder({"cat": 10, "dog": 10}), tmp_path / "large.tar.gz", "w:gz")
    with pytest.raises(ReadError, match="too large once unpacked"):
        read_rows(tmp_path / "large.tar.gz")


def test_a_picture_that_is_a_bomb_is_refused_even_when_bad_ones_are_skipped(folder: Make) -> None:
    from tests.data.images.test_decoding import bomb

    root = folder({"cat": 5, "dog": 5}, {"cat/huge.png": bomb(60_000, 60_000)})
    with pytest.raises(DataError) as caught:
        load_splits(DataConfig(train=str(root), bad_images="skip"))
    assert caught.value.what == "The picture 'cat/huge.png' is refused: it may be a bomb"
    assert "cat/huge.png" in caught.value.where


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz", "tar.xz"])
def test_damaged_archives(kind: str, folder: Make, tmp_path: Path) -> None:
    root, target = folder({"cat": 5, "dog": 5}), tmp_path / f"packed.{kind}"
    if kind == "zip":
        zipped(root, target)
    else:
        tarred(root, target, "w:" + kind.partition(".")[2])
    target.write_bytes(target.read_bytes()[: target.stat().st_size // 3])
    with pytest.raises((ReadError, DataError)) as caught:
        load_splits(DataConfig(train=str(target), test=0.3, validation=0))
    assert target.name in caught.value.where


def test_an_encrypted_zip_is_refused(folder: Make, tmp_path: Path) -> None:
    target = zipped(folder({"cat": 1, "dog": 1}), tmp_path / "locked.zip")
    data = bytearray(target.read_bytes())
    at = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 1)
    for place in [match for match in range(len(data)) if data[match : match + 4] == b"PK\x01\x02"]:
        data[place + 8] |= 1
    assert at
    target.write_bytes(bytes(data))
    with pytest.raises(ReadError, match="is encrypted, and is refused"):
        read_rows(target)


def test_pictures_to_predict_need_no_classes(folder: Make) -> None:
    table = loose_pictures(str(folder({"new": 2}, {"a.png": content(picture(5))})))
    assert table.ids == ("a.png", "new/0.png", "new/1.png")
    assert np.asarray(table.values["image"]).shape == (3,)


def test_a_damaged_head_in_a_tar_is_no_end(folder: Make, tmp_path: Path) -> None:
    target = tarred(folder({"cat": 5, "dog": 5}), tmp_path / "torn.tar")
    data = bytearray(target.read_bytes())
    with tarfile.open(target) as archive:
        data[archive.getmembers()[6].offset + 150] ^= 0xFF
    target.write_bytes(bytes(data))
    with pytest.raises(ReadError) as caught:
        read_rows(target)
    assert caught.value.found.startswith("damaged at byte ")


def test_a_folder_that_may_not_be_read_is_an_error(folder: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    root = folder({"cat": 2, "dog": 2})
    real = os.scandir

    def scandir(path: object) -> object:
        if str(path).endswith("dog"):
            raise PermissionError(13, "Permission denied")
        return real(path)  # type: ignore[call-overload]

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(ReadError, match="The pictures cannot be read") as caught:
        read_rows(root)
    assert "Permission denied" in caught.value.found


def test_folders_that_link_to_each_other(folder: Make) -> None:
    root = folder({"a": 2, "b": 2})
    (root / "a" / "x").symlink_to(root / "b")
    with pytest.raises(ReadError, match="a link to a folder that is here already"):
        read_rows(root)


@pytest.mark.parametrize("name", [".", ""])
def test_a_member_without_a_name_is_refused(name: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "odd.zip", "w") as archive:
        archive.writestr("cat/0.png", content(picture()))
        archive.writestr(name or "./", content(picture(1)) if name else b"")
        archive.writestr("dog/0.png", content(picture(2)))
    if name:
        with pytest.raises(ReadError, match="a path that leads out of the archive"):
            read_rows(tmp_path / "odd.zip")
    else:
        assert len(read_rows(tmp_path / "odd.zip")) == 2


def test_harmless_files_do_not_refuse_an_archive(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "fine.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for label in ("cat", "dog"):
            archive.writestr(f"{label}/0.png", content(picture(ord(label[0]))))
        archive.writestr("annotations.csv", "x,y\n" * 1_000_000)
        archive.writestr("cat/white.bmp", content(Image.new("RGB", (1000, 1000), "white"), "BMP"))
        link = zipfile.ZipInfo(".latest")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "cat")
    table = read_rows(tmp_path / "fine.zip")
    assert len(table) == 3
    assert any("(1 .csv)" in notice for notice in table.notices)


def test_texts_are_never_taken_for_pictures(folder: Make) -> None:
    others = {"patients.csv": b"BMI,age\n1,2\n", "cat/notes.txt": b"P5 is better", "cat/LICENSE": b"BMW, all rights"}
    assert len(read_rows(folder({"cat": 2, "dog": 2}, others))) == 4


def test_a_compressed_table_is_no_archive(tmp_path: Path) -> None:
    (tmp_path / "data.tsv.gz").write_bytes(gzip.compress(b"a\tb\n1\t2\n"))
    with pytest.raises(ReadError, match="compressed with gzip"):
        read_rows(tmp_path / "data.tsv.gz")
    (tmp_path / "data.tar.gz").write_bytes(gzip.compress(b"not a tar at all" * 100))
    with pytest.raises(ReadError) as caught:
        read_rows(tmp_path / "data.tar.gz")
    assert caught.value.found == "what is compressed is no tar"


def test_bits_that_flip_in_compressed_tars(folder: Make, tmp_path: Path) -> None:
    target = tarred(folder({"cat": 3, "dog": 3}), tmp_path / "packed.tar.gz", "w:gz")
    data = target.read_bytes()
    for place in range(20, len(data) - 8, max(1, len(data) // 40)):
        torn = bytearray(data)
        torn[place] ^= 0x55
        target.write_bytes(bytes(torn))
        with contextlib.suppress(TuneforkError):
            load_splits(DataConfig(train=str(target), test=0.3, validation=0))
