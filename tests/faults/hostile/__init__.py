"""Input that means harm, or that was damaged: made by code, each by a name of its own."""

from __future__ import annotations

from tests.faults.hostile.archives import ARCHIVES
from tests.faults.hostile.case import Hostile
from tests.faults.hostile.cells import CELLS
from tests.faults.hostile.pictures import PICTURES
from tests.faults.hostile.settings import SETTINGS
from tests.faults.hostile.studies import STUDIES
from tests.faults.hostile.tables import TABLES

CASES: tuple[Hostile, ...] = (*TABLES, *CELLS, *ARCHIVES, *PICTURES, *STUDIES, *SETTINGS)

__all__ = ["CASES", "Hostile"]
