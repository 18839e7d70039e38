# SPDX-License-Identifier: BSD-3-Clause
"""The title of a run names what differs from the defaults, before and after it."""

from __future__ import annotations

import pytest

import napari_mtmri as mt
from napari_mtmri.acquisition import Acquisition
from napari_mtmri.gui.viewer.result_layers import coming_title, run_title
from tests.tiny import head_volume


@pytest.mark.parametrize(
    ("given", "named"),
    [({"iterations": 2}, ", iterations 2"), ({"iterations": 2, "stride": 2}, ", iterations 2")],
)
def test_only_changed_parameters_are_in_the_title(given: dict[str, int], named: str) -> None:
    acquisition = Acquisition(mt.Pattern("random", acceleration=2))
    record = acquisition.record()
    request = {"method": "caballero-gmm", "pattern": record["pattern"], "parameters": given}
    before = coming_title("head", "caballero-gmm", request, False)
    result = mt.run(acquisition.scan(head_volume()), "caballero-gmm", **given)
    assert run_title(result) == before
    assert before == f"caballero-gmm R2{named} · head"
