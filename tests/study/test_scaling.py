"""Times of this machine as those of another device."""

from __future__ import annotations

import pytest
import torch

from tunefork.errors import ConfigError
from tunefork.plan import StepTiming
from tunefork.plan.simulate import Costs, parse_cluster
from tunefork.study import scaling
from tunefork.study.scaling import scaled_to


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that trains on a GPU, whose CPU tells nothing of that."""
    monkeypatch.setattr(scaling, "best_device", lambda: torch.device("cuda"))
    monkeypatch.setattr(scaling, "product_rate", lambda _: pytest.fail("the CPU was measured"))


def costs(device: str, step: float = 0.02) -> Costs:
    return Costs(device, 2, "bf16", {"one": StepTiming(step, 0.0003), "other": StepTiming(2 * step, 0.0003)})


def test_a_cpu_is_compared_by_its_products(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scaling, "best_device", lambda: torch.device("cpu"))
    monkeypatch.setattr(scaling, "product_rate", lambda dtype: {torch.bfloat16: 0.5}[dtype])
    found = scaled_to(costs("cpu (x86_64)", 20.0), parse_cluster("8xT4"))
    assert found.alone["one"].step_seconds == pytest.approx(20.0 / (0.1 * 65 / 0.5))
    assert found.assumed == (
        "each T4 is 13 times as fast as this machine (10% of its published 65 TFLOP/s against 0.50 measured here), and "
        "a step takes 5 ms at least; --costs FILE has measured times"
    )


@pytest.mark.usefixtures("gpu")
def test_a_gpu_is_compared_by_both_published_peaks() -> None:
    found = scaled_to(costs("cuda (NVIDIA A100-SXM4-80GB)"), parse_cluster("8xH200"))
    assert found.alone["one"].step_seconds == pytest.approx(0.02 * 312 / 989)
    assert found.alone["one"].row_seconds == pytest.approx(0.0003 * 312 / 989)
    assert found.assumed == (
        "each H200 is 3.2 times as fast as this machine (published 989 TFLOP/s against 312 of this A100), and a step "
        "takes 5 ms at least; --costs FILE has measured times"
    )
    quick = scaled_to(costs("cuda (NVIDIA A100-SXM4-80GB)", 0.003), parse_cluster("8xH200"))
    assert quick.shortest == 0.003


@pytest.mark.usefixtures("gpu")
def test_a_gpu_of_which_nothing_is_known_is_told() -> None:
    with pytest.raises(ConfigError) as caught:
        scaled_to(costs("cuda (NVIDIA GeForce RTX 3060)"), parse_cluster("2x8xH200"))
    assert str(caught.value) == (
        "Times of this machine's device cannot be scaled to another (--cluster). Found: cuda (NVIDIA GeForce RTX 3060)."
        " Say how fast one is against it, such as --cluster 2x8xH200@2, or give --costs FILE."
    )
    said = scaled_to(costs("cuda (NVIDIA GeForce RTX 3060)"), parse_cluster("2x8xH200@2"))
    assert said.alone["one"].step_seconds == 0.01


@pytest.mark.usefixtures("gpu")
def test_a_device_like_this_one_is_as_it_was_timed() -> None:
    here = costs("cuda (NVIDIA A100-SXM4-80GB)")
    assert scaled_to(here, parse_cluster("8xA100")) is here
    assert scaled_to(here, parse_cluster("2xhere")) is here
    assert scaled_to(here, parse_cluster("8xA10")).alone["one"].step_seconds == pytest.approx(0.02 * 312 / 125)
