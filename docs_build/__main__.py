"""``python -m docs_build``: the documentation site, in site/. What is wrong is printed, and nothing else."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

os.environ["NO_MKDOCS_2_WARNING"] = "1"  # a banner of mkdocs-material's

from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.exceptions import Abort

CONFIG = Path(__file__).parent.parent / "mkdocs.yml"


def main() -> int:
    """Build it. ``--quiet`` of mkdocs would hide the warnings that stop a strict build, so this is not mkdocs' own."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    docs, site = sys.argv[1:3] if sys.argv[2:] else (None, None)
    places = {name: folder for name, folder in (("docs_dir", docs), ("site_dir", site)) if folder}
    config = load_config(str(CONFIG), **places)
    try:
        build(config)
    except Abort as error:
        print(error, file=sys.stderr)
        return 1
    print(Path(config.site_dir) / "index.html")
    return 0


if __name__ == "__main__":
    sys.exit(main())
