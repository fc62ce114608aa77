"""The demos' studies and data sets. Both are ordinary study files; they need no network.

``demo.yaml`` is about ``messages.csv``: short messages to an online shop, written for this project, with the intent of
each; README.md beside it says what the ten intents mean. ``digits.yaml`` is about scikit-learn's handwritten digits
(Alpaydin and Kaynak 1998), which are written out as a folder of class folders.
"""

from __future__ import annotations

import shutil
import tempfile
from importlib.resources import files
from pathlib import Path

DIGITS = "digits"


def demo_study(task: str = "text") -> Path:
    """The study file of the demo about ``text`` or ``image``."""
    name = {"text": "demo.yaml", "image": "digits.yaml"}[task]
    return Path(str(files("tunefork.demo").joinpath(name)))


def write_digits(folder: Path) -> Path:
    """Scikit-learn's 1,797 handwritten digits as pictures in ``folder/digits/<digit>/``; returns ``folder``.

    Eight by eight pixels each, in shades from 0 to 16 in the original, from 0 to 255 here.
    """
    import numpy as np
    from PIL import Image
    from sklearn.datasets import load_digits

    target = folder / DIGITS
    if target.is_dir():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    staged = Path(tempfile.mkdtemp(prefix=DIGITS, dir=folder))
    found = load_digits()
    for number, (pixels, digit) in enumerate(zip(found.images, found.target)):
        (staged / str(digit)).mkdir(parents=True, exist_ok=True)
        picture = Image.fromarray((pixels * (255 / 16)).astype(np.uint8))
        picture.save(staged / str(digit) / f"{number:04}.png")
    try:
        staged.rename(target)
    except OSError:  # somebody else was faster
        shutil.rmtree(staged)
    return folder
