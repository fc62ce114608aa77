"""Clusters as people write them."""

from __future__ import annotations

import pytest

from tunefork.errors import ConfigError
from tunefork.plan.simulate import KNOWN, is_named, known_as, parse_cluster


@pytest.mark.parametrize(
    ("text", "nodes", "each", "name", "speed"),
    [
        ("8xH200", 1, 8, "H200", None),
        ("2x8xh200", 2, 8, "H200", None),
        ("4xcpu", 1, 4, "cpu", None),
        (" 2xhere ", 2, 1, "here", None),
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


def test_each_here_is_a_machine_of_its_own() -> None:
    assert parse_cluster("3x2xhere") == parse_cluster("6xhere")
    assert str(parse_cluster("2xhere")) == "2 × here"
    written = ["2xhere", "8xL4", "2x8xL4", "2x1xcpu"]
    assert [parse_cluster(text).written for text in written] == written


@pytest.mark.parametrize(
    ("device", "name"),
    [
        ("cuda (NVIDIA A100-SXM4-80GB)", "A100"),
        ("cuda (NVIDIA A10)", "A10"),
        ("cuda (NVIDIA A10G)", None),
        ("cuda (NVIDIA L40S)", "L40S"),
        ("cuda (NVIDIA L4)", "L4"),
        ("cuda (Tesla V100-SXM2-32GB)", "V100"),
        ("cuda (NVIDIA GH200 480GB)", None),
        ("H200", "H200"),
        ("cpu (x86_64)", None),
    ],
)
def test_devices_are_known_by_whole_words(device: str, name: str | None) -> None:
    found = known_as(device)
    assert (found.name if found else None) == name
    assert [each for each in KNOWN if is_named(each, device)] == ([name] if name else [])


def test_of_a_device_with_times_at_hand_nothing_else_has_to_be_known() -> None:
    assert parse_cluster("8xMI300", "cuda (AMD MI300)").device.name == "MI300"
    with pytest.raises(ConfigError, match="Nothing is known of the device 'MI300'"):
        parse_cluster("8xMI300", "cuda (AMD MI300X)")


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
