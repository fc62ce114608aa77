"""What is known of the reference studies' data sets without reading them, so that plans of them need no network.

Numbers of labelled rows, names of columns and of classes are those that the repository huggingface/datasets published
with its loading scripts: ``datasets/imdb/dataset_infos.json``, ``datasets/ag_news/dataset_infos.json``, the card of
``datasets/glue``, ``datasets/food101/food101.py``. Other hub data sets have to be read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tunefork.config import DataConfig
from tunefork.data.hub import PREFIX, parse_hub
from tunefork.data.roles import ROLES


@dataclass(frozen=True)
class PublishedSet:
    """A hub data set, each row of which has one class."""

    rows: Mapping[str, int]
    """Split → its labelled rows."""
    classes: tuple[str, ...]
    content: str
    """The column with texts or pictures."""
    label: str = "label"
    images: bool = False
    hidden: str = ""
    """A split that has no labels: a study that would test on it is refused."""

    def find(self, role: str) -> str:
        """The split for ``train``, ``validation`` or ``test``; empty where there is none."""
        return next((name for name in ROLES[role] if name in self.rows), "")


_IMDB = PublishedSet({"train": 25_000, "test": 25_000}, ("neg", "pos"), "text")
_SST2 = PublishedSet({"train": 67_349, "validation": 872}, ("negative", "positive"), "sentence", hidden="test")
_AG_NEWS = PublishedSet({"train": 120_000, "test": 7_600}, ("World", "Sports", "Business", "Sci/Tech"), "text")
_DISHES = """
    apple_pie baby_back_ribs baklava beef_carpaccio beef_tartare beet_salad beignets bibimbap bread_pudding
    breakfast_burrito bruschetta caesar_salad cannoli caprese_salad carrot_cake ceviche cheesecake cheese_plate
    chicken_curry chicken_quesadilla chicken_wings chocolate_cake chocolate_mousse churros clam_chowder
    club_sandwich crab_cakes creme_brulee croque_madame cup_cakes deviled_eggs donuts dumplings edamame
    eggs_benedict escargots falafel filet_mignon fish_and_chips foie_gras french_fries french_onion_soup
    french_toast fried_calamari fried_rice frozen_yogurt garlic_bread gnocchi greek_salad grilled_cheese_sandwich
    grilled_salmon guacamole gyoza hamburger hot_and_sour_soup hot_dog huevos_rancheros hummus ice_cream lasagna
    lobster_bisque lobster_roll_sandwich macaroni_and_cheese macarons miso_soup mussels nachos omelette
    onion_rings oysters pad_thai paella pancakes panna_cotta peking_duck pho pizza pork_chop poutine prime_rib
    pulled_pork_sandwich ramen ravioli red_velvet_cake risotto samosa sashimi scallops seaweed_salad
    shrimp_and_grits spaghetti_bolognese spaghetti_carbonara spring_rolls steak strawberry_shortcake sushi tacos
    takoyaki tiramisu tuna_tartare waffles
"""
# 750 and 250 pictures of each class; the data set's own test split is called validation on the hub
_FOOD101 = PublishedSet({"train": 75_750, "validation": 25_250}, tuple(_DISHES.split()), "image", images=True)
_SETS = {
    "imdb": _IMDB,
    "stanfordnlp/imdb": _IMDB,
    "sst2": _SST2,
    "stanfordnlp/sst2": _SST2,
    "ag_news": _AG_NEWS,
    "fancyzhx/ag_news": _AG_NEWS,
    "food101": _FOOD101,
    "ethz/food101": _FOOD101,
}


def published(source: str | float, base: Path | None = None) -> PublishedSet | None:
    """What is known of a source; None of files, folders and other data sets.

    >>> published("hub:stanfordnlp/imdb#train").rows
    {'train': 25000, 'test': 25000}
    """
    return _SETS.get(parse_hub(source, base).name) if isinstance(source, str) and source.startswith(PREFIX) else None


def own_splits(config: DataConfig, base: Path | None = None) -> tuple[str, ...]:
    """Which of ``validation`` and ``test`` are not held out of a published data set's training rows.

    They have a source of their own, or the data set brings them, as ``read_sources`` decides.
    """
    known = published(config.train, base)
    brings = known is not None and parse_hub(config.train, base).split is None
    return tuple(
        role
        for role in ("validation", "test")
        if isinstance(given := getattr(config, role), str)
        or (brings and known is not None and given == DataConfig.model_fields[role].default and known.find(role))
    )


def published_rows(config: DataConfig, base: Path | None = None) -> dict[str, int] | None:
    """Rows of each split as a study would have them, copies of training texts included; None where that is not known.

    Equal texts in two splits, which a study may leave out, are still counted.

    >>> published_rows(DataConfig(train="hub:stanfordnlp/imdb", validation=0.05))
    {'train': 23750, 'validation': 1250, 'test': 25000}
    """
    train = _rows(config.train, "train", base)
    own = own_splits(config, base)
    rows: dict[str, int] = {}
    for role in ("test", "validation"):
        given = getattr(config, role)
        if role in own:
            found = _rows(given if isinstance(given, str) else config.train, role, base)
        elif _hides(config, role, base):
            found = None
        else:
            found = max(1, round(given * train)) if train and given else 0
            train = None if train is None else train - found
        if found is None:
            return None
        rows[role] = found
    if train is None:
        return None
    rows["train"] = train
    sizes = {role: min(rows[role], getattr(config.rows, role) or rows[role]) for role in ROLES if rows[role]}
    if config.augment is not None:
        sizes["train"] *= 1 + config.augment.copies
    return sizes


def _hides(config: DataConfig, role: str, base: Path | None) -> bool:
    """Whether reading would find a split without labels in this place, and say so."""
    known = published(config.train, base)
    bare = known is not None and parse_hub(config.train, base).split is None
    usual = getattr(config, role) == DataConfig.model_fields[role].default
    return bare and usual and known is not None and known.hidden == role


def _rows(source: str, role: str, base: Path | None) -> int | None:
    known = published(source, base)
    return None if known is None else known.rows.get(parse_hub(source, base).split or known.find(role))
