# SPDX-License-Identifier: BSD-3-Clause
"""Acquisition: one noun for how a volume is scanned."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import napari_mtmri as mt
from napari_mtmri.acquisition import case_seed, make_pattern
from napari_mtmri.errors import InputError, RequestError
from napari_mtmri.patterns.base import PATTERNS
from napari_mtmri.samples import phantom

VOLUME = phantom((24, 28, 4))[0]
FULL = mt.Acquisition(mt.Pattern("random", 3, seed=7), phase=True, snr=20, n_coils=3)


def test_a_scan_is_that_of_simulate_with_the_seed_of_the_pattern() -> None:
    scan = FULL.scan(VOLUME)
    wanted = mt.simulate(VOLUME, FULL.pattern, phase=True, snr=20, n_coils=3, seed=7)
    np.testing.assert_array_equal(scan.kspace, wanted.kspace)
    np.testing.assert_array_equal(scan.mask, FULL.sampling(VOLUME)[0])


def test_some_slices_are_those_of_the_whole_scan() -> None:
    some, whole = FULL.scan(VOLUME, slices=[2, 0]), FULL.scan(VOLUME)
    np.testing.assert_array_equal(some.kspace, whole.kspace[[2, 0]])


def test_swapping_exchanges_readout_and_phase() -> None:
    axes = mt.Acquisition().axes(VOLUME)
    swapped = mt.Acquisition(swap_phase=True).axes(VOLUME)
    assert (axes.readout, axes.phase) == (swapped.phase, swapped.readout)


def test_equal_acquisitions_have_equal_records() -> None:
    whole, decimal = (mt.Acquisition(snr=snr) for snr in (30, 30.0))
    assert json.dumps(whole.record()) == json.dumps(decimal.record())


def test_a_record_gives_the_same_acquisition_back() -> None:
    assert mt.Acquisition.from_record(FULL.record()) == FULL


def test_each_case_has_a_seed_of_its_own_and_nothing_else_changes() -> None:
    own = FULL.for_case("a")
    assert own.pattern.seed == case_seed(7, "a") != FULL.for_case("b").pattern.seed
    assert own.with_seed(7) == FULL


@pytest.mark.parametrize("name", [name for name in PATTERNS.names() if name != "file"])
def test_every_pattern_is_made_by_its_name(name: str) -> None:
    assert make_pattern(name, acceleration=2).name == name


def test_a_mask_file_is_a_pattern_and_other_words_are_refused(tmp_path: Path) -> None:
    place = tmp_path / "m.npy"
    np.save(place, np.arange(24) % 2 == 0)
    assert make_pattern(str(place)).mask((28, 24)).mean() == 0.5
    with pytest.raises(InputError, match=r"gone\.npy"):
        make_pattern(str(tmp_path / "gone.npy"))
    with pytest.raises(RequestError, match="'magic' does not exist"):
        make_pattern("magic")
    with pytest.raises(RequestError, match="angle"):
        make_pattern("radial", options={"angle": "odd"})
