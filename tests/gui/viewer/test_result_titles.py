# SPDX-License-Identifier: BSD-3-Clause
"""The title of a run names what differs from the defaults, before and after it."""

from __future__ import annotations

import pytest

import napari_mtmri as mt
from napari_mtmri.acquisition import Acquisition
from napari_mtmri.gui.viewer.result_layers import coming_title, layer_name, run_title
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


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("TCGA_CS_4941_19960909_flair", "TCGA_CS_4942_19970222_flair"),
        ("sub-0012_ses-01_acq-axial_FLAIR", "sub-0013_ses-01_acq-axial_FLAIR"),
        ("brats_2013_pat0002_1_flair", "brats_2013_pat0003_1_flair"),
    ],
)
def test_a_long_case_is_cut_and_stays_distinct(first: str, second: str) -> None:
    names = [layer_name("error", f"mtmri R4, seed 7 · {one}", one) for one in (first, second)]
    assert names[0] != names[1]
    for name, case in zip(names, (first, second), strict=True):
        assert name.startswith("error · mtmri R4, seed 7 · " + case[:8])
        assert len(name) < len(f"error · mtmri R4, seed 7 · {case}")


def test_a_short_case_is_named_whole() -> None:
    assert layer_name("error", "mtmri R4 · head", "head") == "error · mtmri R4 · head"
    assert layer_name("live mtmri", "head", "head") == "live mtmri · head"
