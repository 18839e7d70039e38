# SPDX-License-Identifier: BSD-3-Clause
"""Small parts of a mask are removed if the card of the weights says so, and only then."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage.measure import label

import napari_mtmri as mt
from napari_mtmri.methods.assemble import assemble, without_small_parts
from napari_mtmri.verbs import load_method
from tests.tiny import card_of, save_tiny_weights

LABELS = hnp.arrays(np.uint8, (3, 9, 9), elements=st.sampled_from([0, 0, 0, 1, 1, 2]))


@given(labels=LABELS, smallest=st.floats(0.01, 0.99))
def test_the_parts_kept_are_those_of_scikit_image_that_are_large_enough(
    labels: np.ndarray, smallest: float
) -> None:
    kept, n_removed = without_small_parts(labels, smallest)
    wanted, count = np.zeros_like(labels), 0
    for value in (1, 2):
        parts = label(labels == value, connectivity=3)
        sizes = np.bincount(parts.ravel())[1:]
        for number, size in enumerate(sizes, start=1):
            if size >= smallest * sizes.max():
                wanted[parts == number] = value
            else:
                count += 1
    np.testing.assert_array_equal(kept, wanted)
    assert n_removed == count


@given(labels=LABELS)
def test_the_largest_part_of_each_class_stays(labels: np.ndarray) -> None:
    kept, _ = without_small_parts(labels, 0.99)
    assert set(np.unique(kept)) | {0} == set(np.unique(labels)) | {0}
    assert without_small_parts(labels, 0)[0] is labels


def test_no_mask_and_an_empty_mask_are_no_error() -> None:
    assert without_small_parts(None, 0.1) == (None, 0)
    kept, n_removed = without_small_parts(np.zeros((2, 4, 4), np.uint8), 0.1)
    assert not kept.any()
    assert n_removed == 0


def test_the_card_decides_and_the_result_says_how_many_were_removed(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    volume = mt.Volume(rng.random((24, 22, 3)).astype(np.float32), np.eye(4))
    scan = mt.simulate(volume, mt.Pattern("random", 2))
    probability = np.zeros((scan.n_slices, 1, *scan.mask.shape), np.float32)
    probability[:, :, 2:8, 2:8] = 0.9
    probability[0, 0, 20, 20] = probability[0, 0, 12:14, 20] = 0.6
    folder = save_tiny_weights(tmp_path)
    card = folder / "mtmri.json"
    made = {}
    for share in (0, 0.5):
        card.write_text(json.dumps({**json.loads(card.read_text()), "smallest_part": share}))
        loaded = load_method("mtmri", weights=folder)
        made[share] = assemble(scan, loaded, None, probability, {})
    plain, strict = made[0], made[0.5]
    assert plain.labels.data.sum() - strict.labels.data.sum() == 3
    np.testing.assert_array_equal(plain.probability.data, strict.probability.data)
    (remark,) = (text for text in strict.warnings if "of the largest" in text)
    assert remark.startswith("2 parts smaller than 50 %")
    assert not any("of the largest" in text for text in plain.warnings)


def test_a_share_of_one_or_more_is_no_card() -> None:
    with pytest.raises(ValueError, match="smallest_part"):
        card_of("mtmri", smallest_part=1.0)
