"""Says how many of the branches in parts of the package the tests took; exits with 1 where it is less than 90 %.

coverage run --branch --source=src/tunefork -m pytest tests/data && python -m tests.coverage_of data config
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from coverage import Coverage

LEAST = 90.0
SOURCE = "src/tunefork/"


def shares(parts: list[str]) -> dict[str, float]:
    """Percent of the branches that were taken, by part: a folder or a file of the package."""
    coverage = Coverage()
    coverage.load()
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "coverage.json"
        coverage.json_report(outfile=str(told))
        files = json.loads(told.read_text())["files"]
    found = {}
    for part in parts:
        own = [
            each["summary"] for name, each in files.items() if name.startswith((f"{SOURCE}{part}/", f"{SOURCE}{part}."))
        ]
        taken, all_ = (sum(each[key] for each in own) for key in ("covered_branches", "num_branches"))
        found[part] = 100 * taken / all_
    return found


if __name__ == "__main__":
    told = shares(sys.argv[1:])
    for part, share in told.items():
        print(f"{part}: {share:.1f} % of the branches")
    sys.exit(0 if min(told.values()) >= LEAST else 1)
