# SPDX-License-Identifier: BSD-3-Clause
"""Reference labels that have other numbers than the classes of the method."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import napari_mtmri as mt
from napari_mtmri.acquisition import Acquisition
from napari_mtmri.batch.run_case import scan_case
from napari_mtmri.errors import InputError
from napari_mtmri.metrics.inputs import match_labels
from napari_mtmri.result import Result
from napari_mtmri.volume import Volume
from tests.tiny import head_volume


def segmented(labels: np.ndarray, classes: tuple[str, ...]) -> Result:
    volume = head_volume()
    scan = mt.simulate(volume, mt.Pattern("random", 2))
    result = mt.run(scan, "zero-filled")
    found = volume.like(labels, kind="labels")
    return replace(result, labels=found, request={**result.request, "classes": list(classes)})


def drawn_of(result: Result, values: tuple[int, ...]) -> Volume:
    data = np.zeros(result.zero_filled.shape, np.uint8)
    for number, value in enumerate(values):
        data[8:14, 8 + number : 12, :] = value
    return result.zero_filled.like(data, kind="labels")


@pytest.fixture
def lesion() -> Result:
    labels = np.zeros((20, 24, 5), np.uint8)
    labels[9:15, 8:13] = 1
    return segmented(labels, ("lesion",))


@pytest.mark.parametrize("values", [(2,), (2, 4), (7, 1, 3), (255,)])
def test_any_label_is_the_lesion_of_a_method_with_one_class(
    values: tuple[int, ...], lesion: Result
) -> None:
    one, other = (mt.evaluate(lesion, labels=drawn_of(lesion, v)) for v in ((1,), values))
    for name in ("Dice", "HD95", "volume"):
        wanted = one.scores["zero-filled"].get(name)
        np.testing.assert_equal(other.scores["zero-filled"].get(name), wanted)
    assert one.scores["zero-filled"].get("Dice") > 0.5
    (row,) = other.scores["zero-filled"].find("Dice")
    assert ("of the reference" in row.depends) == (values != (255,))


def test_classes_of_several_are_compared_by_number_and_none_vanishes() -> None:
    labels = np.zeros((20, 24, 5), np.uint8)
    labels[9:15, 8:13] = 1
    result = segmented(labels, ("CSF", "grey matter"))
    drawn = drawn_of(result, (1,))
    scores = mt.evaluate(result, labels=drawn).scores["zero-filled"]
    assert scores.get("Dice", "class 1") > 0.5
    # Neither mask has class 2: it has a row all the same, so that pairs over cases are complete.
    assert scores.find("Dice", "class 2")


def test_negative_labels_are_refused_before_the_run() -> None:
    volume = head_volume()
    labels = volume.like(np.full(volume.shape, -1, np.int16), kind="labels")
    with pytest.raises(InputError, match="lowest label is -1"):
        scan_case(volume, labels, Acquisition(mt.Pattern("random", 2)))


def test_labels_without_lesion_stay_as_they_are() -> None:
    empty = np.zeros((2, 3, 4), np.uint8)
    assert match_labels(empty, 1) == (empty, "")
    assert match_labels(None, 1) == (None, "")


def test_one_far_brighter_voxel_is_remarked() -> None:
    volume = head_volume()
    data = volume.data.copy()
    data[10, 12, 2] = 30 * data.max()
    hot = mt.run(mt.simulate(volume.like(data), mt.Pattern("random", 2)), "zero-filled")
    cold = mt.run(mt.simulate(volume, mt.Pattern("random", 2)), "zero-filled")
    assert any("99.9th percentile" in line for line in hot.warnings)
    assert not any("99.9th percentile" in line for line in cold.warnings)
