"""Clusters as people write them."""

from __future__ import annotations

import pytest

from tunefork.errors import ConfigError
from tunefork.plan.simulate import parse_cluster


@pytest.mark.parametrize(
    ("text", "nodes", "each", "name", "speed"),
    [
        ("8xH200", 1, 8, "H200", None),
        ("2x8xh200", 2, 8, "H200", None),
        ("4xcpu", 1, 4, "cpu", None),
        (" 2xhere ", 1, 2, "here", None),
        ("8xH200@12", 1, 8, "H200", 12.0),
        ("3xMI300@2.5", 1, 3, "MI300", 2.5),
    ],
)
def test_what_can_be_written(text: str, nodes: int, each: int, name: str, speed: float | None) -> None:
    found = parse_cluster(text)
    assert (found.nodes, found.each, found.device.name, found.speed) == (nodes, each, name, speed)
    assert found.devices == nodes * each


def test_what_is_known_of_devices() -> None:
    assert parse_cluster("8xH200").device.memory_mib == pytest.approx(134_468, rel=0.001)
    assert parse_cluster("8xT4").device.tflops == 65
    assert parse_cluster("2xcpu").device.threads == 1
    assert parse_cluster("2xhere").device.threads is None
    assert parse_cluster("3xMI300@2.5").device.memory_mib is None
    assert str(parse_cluster("2x8xL4")) == "2 × 8 × L4"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("H200", "This is no cluster (--cluster). Found: 'H200'. Write --cluster 8xH200, 2x8xH200 (nodes, devices"),
        ("8x", "This is no cluster (--cluster). Found: '8x'."),
        ("1x2x3xL4", "This is no cluster"),
        ("8xH200@fast", "This is no cluster"),
        ("0xH200", "A cluster has 1 to 100,000 devices (--cluster). Found: 0xH200: 0."),
        ("1000x1000xL4", "Found: 1000x1000xL4: 1,000,000."),
        ("8xH200@0", "A device's speed is above 0 (--cluster). Found: '8xH200@0'."),
        (
            "8xH20",
            "Nothing is known of the device 'H20' (--cluster). Found: 8xH20. Did you mean 'H200'? Or say how fast it is"
            " against this machine: 8xH20@12.",
        ),
    ],
)
def test_what_cannot_be_meant(text: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_cluster(text)
    assert told in str(caught.value)
