from __future__ import annotations

import pytest
from pydantic import ValidationError

from tunefork.config import DataConfig, TextAugmentation, parse_text_augmentation
from tunefork.errors import ConfigError, StudyFileError
from tunefork.study_file import parse_study, write_study

STUDY = "data: {{train: a.csv, {}}}\ncompare: [head]"


def test_a_study_file_names_what_is_asked_for() -> None:
    study = parse_study(STUDY.format("augment: {synonyms: wordnet, copies: 2, seed: 7}, near_duplicates: drop_train"))
    assert study.data.augment == TextAugmentation(synonyms="wordnet", replace=0.1, copies=2, seed=7)
    assert study.data.near_duplicates == "drop_train"
    assert parse_study(write_study(study)) == study
    plain = parse_study(STUDY.format("near_duplicates: off"))
    assert (plain.data.augment, plain.data.near_duplicates) == (None, "off")
    assert parse_study(write_study(plain)) == plain
    assert parse_study(STUDY.format("text: a")).data.near_duplicates == "report"


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("augment: {}", "augment needs synonyms (such as wordnet), or a share above 0 for delete or swap"),
        ("augment: {replace: 0.2}", "augment needs synonyms"),
        ("augment: {synonyms: a.csv, replace: 0}", "augment needs synonyms"),
        (
            "augment: wordnet",
            "augment holds settings, such as {synonyms: wordnet, copies: 2} (study line 1, data.augment)",
        ),
        (
            "augment: {swap: 0.1, copies: 0}",
            "greater than or equal to 1 (study line 1, data.augment.copies). Found: 0.",
        ),
        ("augment: {swap: 1}", "less than 1 (study line 1, data.augment.swap). Found: 1."),
        (
            "near_duplicates: drop",
            "'report', 'drop_train' or 'off' (study line 1, data.near_duplicates). Found: 'drop'.",
        ),
        ("image: p, near_duplicates: drop_train", "near_duplicates: drop_train is for texts, but rows are images"),
        ("image: p, augment: {swap: 0.1}", "augment is for texts, but rows are images (image: p)"),
    ],
)
def test_what_cannot_be_meant(setting: str, message: str) -> None:
    with pytest.raises(StudyFileError) as caught:
        parse_study(STUDY.format(setting))
    assert message in str(caught.value)


def test_an_unknown_setting_is_reported_once() -> None:
    with pytest.raises(StudyFileError) as caught:
        parse_study(STUDY.format("augment: {synonym: wordnet, swap: 0.1}"))
    assert str(caught.value) == (
        "There is no setting 'synonym' here (study line 1, data.augment.synonym). Did you mean 'synonyms'?"
    )


def test_the_command_line_s_way_to_write_it() -> None:
    found = parse_text_augmentation("synonyms=my,words.csv".replace(",", "_") + ", replace=0.2 ,copies=2,seed=3")
    assert found == {"synonyms": "my_words.csv", "replace": 0.2, "copies": 2, "seed": 3}
    assert DataConfig(train="a.csv", augment=found).augment == TextAugmentation(**found)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("wordnet", "'wordnet' is not of the form key=value (--augment-text wordnet). Write --augment-text synonyms="),
        ("synonyms=", "'synonyms=' is not of the form key=value"),
        (
            "synonym=wordnet",
            "augment has no setting 'synonym' (--augment-text synonym=wordnet). Did you mean 'synonyms'?",
        ),
        ("swap=0.1,swap=0.2", "'swap' is given twice"),
        ("swap=much", "'much' is not a number (--augment-text swap=much). Write 0.1 for every tenth word."),
    ],
)
def test_what_the_command_line_cannot_mean(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_text_augmentation(text)
    assert message in str(caught.value)


def test_it_makes_no_other_run() -> None:
    from tunefork.plan import expand

    ids = {
        expand(parse_study(STUDY.format(setting)))[0].config.id
        for setting in ("text: a", "near_duplicates: off", "augment: {swap: 0.1}")
    }
    assert len(ids) == 1


def test_a_value_is_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        TextAugmentation(swap=0.1).copies = 2
