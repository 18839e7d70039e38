# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import pytest

from napari_mtmri.device import choose_device
from napari_mtmri.errors import RequestError


def test_auto_chooses_a_device_and_gives_the_reason() -> None:
    device = choose_device()
    assert device.name in device.why
    assert device.precision in ("float32", "bfloat16")
    assert device.precision in device.why


def test_a_chosen_device_is_kept() -> None:
    device = choose_device("cpu", "float32")
    assert (device.name, device.precision) == ("cpu", "float32")
    assert device.torch_device.type == "cpu"


@pytest.mark.parametrize(("device", "precision"), [("abacus", "auto"), ("cpu", "float8")])
def test_an_unavailable_device_is_refused_and_the_available_ones_are_listed(
    device: str, precision: str
) -> None:
    with pytest.raises(RequestError, match=r"cpu|float32"):
        choose_device(device, precision)
