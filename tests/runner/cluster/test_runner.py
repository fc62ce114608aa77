"""What a worker may ask for; no cluster is needed for that."""

from __future__ import annotations

import math

import pytest

from tunefork.errors import ConfigError
from tunefork.runner import RayRunner


@pytest.mark.parametrize("gpus", [-1.0, -0.5, 1.5, math.nan, math.inf, -math.inf])
def test_gpus_that_cannot_be_meant_are_refused(gpus: float) -> None:
    with pytest.raises(ConfigError) as caught:
        RayRunner(gpus=gpus)
    assert f"Found: threads None, gpus {gpus}, workers None. Write gpus as 0, as a part of one" in str(caught.value)


@pytest.mark.parametrize("gpus", [0.0, 0.25, 1.0, 2.0, 8.0])
def test_a_part_of_a_gpu_and_whole_ones_are_taken(gpus: float) -> None:
    assert RayRunner(gpus=gpus)._gpus == gpus
