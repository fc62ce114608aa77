import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["tunefork.store", "tunefork.report"])
def test_importing_it_is_light(module: str) -> None:
    heavy = "torch", "transformers", "matplotlib", "sklearn", "pandas", "jinja2", "scipy", "pyarrow"
    script = f"import sys, {module}; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
