# SPDX-License-Identifier: BSD-3-Clause
"""Detection of inserted lesions: what is measured, where they are placed, what is kept."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

import napari_mtmri as mt
from napari_mtmri.compare import (
    InsertedLesion,
    draw_detection,
    draw_insertion,
    insert_sphere,
    lesion_points,
    read_sweep,
    run_detection,
    sweep_facts,
    sweep_figures,
)
from napari_mtmri.compare.detection_jobs import Output, measure_found
from napari_mtmri.errors import InputError, RequestError, WeightsError
from napari_mtmri.methods.base import METHODS, Loaded, Method, Setting, SliceBatch
from napari_mtmri.samples import phantom
from napari_mtmri.scan import Scan
from tests.compare.test_sweep import States
from tests.tiny import save_tiny_weights

SHAPE = (40, 40, 8)
THRESHOLD = 680.0  # the brain has about 500
BRAIN = [(12, 20, 4), (28, 20, 4), (20, 8, 4)]  # places well inside


def _threshold(scan: Scan) -> SliceBatch:
    inside = np.abs(scan.zero_filled) > THRESHOLD
    return SliceBatch(scan.zero_filled, inside[:, None].astype(np.float32))


def _load(setting: Setting) -> Loaded:
    return Loaded(_threshold)


IDEAL = Method(
    "threshold", "Threshold", "Lesions by threshold.", frozenset({"image", "segmentation"}),
    frozenset(), _load,
)  # fmt: skip


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_weights(tmp_path_factory.mktemp("weights"))


@pytest.fixture(autouse=True)
def here(tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MTMRI_WEIGHTS", str(weights))
    monkeypatch.setitem(METHODS._members, "threshold", IDEAL)
    monkeypatch.chdir(tmp_path)
    mt.save(phantom(SHAPE, lesion=False)[0], Path("head.nii"))
    return tmp_path


def test_with_full_sampling_an_ideal_method_finds_all_and_keeps_the_contrast() -> None:
    found = run_detection(
        ["head.nii"], "out", ["threshold"], (1,), ["full"], diameters=(4, 6), contrasts=(0.6,),
        points=BRAIN,
    )  # fmt: skip
    assert not found.failed
    assert len(found.rows) == 6
    for row in found.rows:
        assert row.found
        assert not row.found_without
        assert row.contrast_left == pytest.approx(1, abs=1e-4)
    for line in found.summary():
        assert (line.n, line.n_found, line.n_without, line.rate) == (3, 3, 0, 1)
        assert 0.3 < line.low < line.high == 1


def test_a_lesion_below_the_threshold_is_not_found() -> None:
    found = run_detection(
        ["head.nii"], "out", ["threshold"], (1,), ["full"], diameters=(6,), contrasts=(0.1,),
        points=BRAIN[:2],
    )  # fmt: skip
    assert [row.found for row in found.rows] == [False, False]
    assert all(row.covered < 0.1 for row in found.rows)


def test_a_tenth_of_the_voxels_is_enough_as_in_the_lesion_metric() -> None:
    share = np.zeros((1, 5, 8))
    share[0, :, :4] = 1
    image = np.ones(share.shape, np.float32)
    for count, found in ((1, False), (2, True), (20, True)):
        mask = np.zeros(share.shape, bool)
        mask[tuple(np.argwhere(share > 0)[:count].T)] = True
        one = measure_found(share, share, Output(image + share, mask), Output(image, ~mask))
        assert (one.found, one.covered) == (found, count / 20)
        assert one.contrast_left == pytest.approx(1)
        assert one.n_voxels == 20


def test_methods_that_give_no_image_or_no_mask_have_no_such_number() -> None:
    share = np.ones((1, 4, 4))
    image, mask = np.ones(share.shape, np.float32), np.ones(share.shape, bool)
    bare = measure_found(share, share, Output(None, mask), Output(None, mask))
    assert math.isnan(bare.contrast_left)
    assert bare.found
    blind = measure_found(share, share, Output(image, None), Output(image, None))
    assert blind.found is None
    assert blind.found_without is None
    assert math.isnan(blind.covered)


def test_a_lesion_in_its_slices_gives_the_same_as_in_the_whole_volume() -> None:
    lesion = InsertedLesion((20, 14, 4), 7, 0.5)
    [row] = run_detection(
        ["head.nii"], "out", ["d5c5"], (3,), diameters=(7,), contrasts=(0.5,),
        points=[lesion.center],
    ).rows  # fmt: skip
    before = mt.open("head.nii")
    after, share = insert_sphere(before, lesion)
    pattern = mt.Pattern("random", acceleration=3)
    own, without = (
        mt.run(mt.simulate(volume, pattern), "d5c5").reconstruction.data
        for volume in (after, before)
    )
    change = (share.data * (own.astype(float) - without)).sum()
    asked = (share.data * (after.data.astype(float) - before.data)).sum()
    assert row.contrast_left == pytest.approx(change / asked, rel=1e-3)


def test_an_added_size_is_computed_alone_and_the_folder_is_read_as_written() -> None:
    run_detection(["head.nii"], "out", ["threshold"], (2, 4), diameters=(4, 8), points=2)
    states = States()
    found = run_detection(
        ["head.nii"], "out", ["threshold"], (2, 4), diameters=(4, 6, 8), points=2, watch=states
    )
    assert states.count == {"kept": 8, "done": 4}
    sweep = read_sweep("out")
    assert sweep.detection is not None
    assert sweep.detection.rows == found.rows
    assert sweep.detection.summary() == found.summary()
    assert sweep_facts(sweep)["Lesion diameters"] == "4, 6, 8 mm"
    captions = [caption for caption, _ in sweep_figures(sweep)]
    assert captions == [
        "Detection of inserted lesions, pattern random", "Example of an inserted lesion",
    ]  # fmt: skip
    assert "| threshold | random | 2 | 4 |" in found.to_markdown()


def test_the_example_shows_the_lesion_and_nothing_else_changed() -> None:
    found = run_detection(["head.nii"], "out", ["zero-filled"], (2,), diameters=(8,), points=1)
    assert found.example is not None
    before, after, share = found.example
    assert np.array_equal(before.data[share.data == 0], after.data[share.data == 0])
    figure = draw_insertion(before, after, share)
    shown = [axis.images[0].get_array() for axis in figure.axes if axis.images]
    assert len(shown) == 4
    assert np.abs(shown[3]).max() == pytest.approx(np.abs(after.data - before.data).max())
    assert Path("out/plots/insertion.png").is_file()


def test_the_plot_has_a_column_for_each_acceleration_and_a_line_for_each_method() -> None:
    found = run_detection(
        ["head.nii"], "out", ["threshold", "zero-filled"], (2, 4), diameters=(4, 8), points=2
    )
    figure = draw_detection(found)
    top, bottom = figure.axes[0], figure.axes[2]
    assert [axis.get_title() for axis in figure.axes[:2]] == ["R = 2", "R = 4"]
    assert [line.get_label() for line in top.lines] == ["threshold"]
    assert [line.get_label() for line in bottom.lines[:2]] == ["threshold", "zero-filled"]
    with pytest.raises(RequestError, match="'radial' has no result"):
        draw_detection(found, "radial")


def test_places_are_inside_the_brain_away_from_lesions_and_spread() -> None:
    image, labels = phantom((64, 64, 16), seed=3)
    points = lesion_points(image, labels, 8, 6)
    assert lesion_points(image, labels, 8, 3) == points[:3]
    assert len(set(points)) == 6
    from_lesion = distance_transform_edt(labels.data == 0, sampling=image.spacing)
    for point in points:
        _, share = insert_sphere(image, InsertedLesion(point, 8, 0.3))
        place = image.data[share.data > 0.5]
        assert 350 < np.median(place) < 650  # brain, neither ventricle nor scalp
        assert from_lesion[point] >= 8 / 2 + 5
    with pytest.raises(RequestError, match="fits nowhere"):
        lesion_points(image, labels, 90, 1)
    with pytest.raises(RequestError, match="`points` 0"):
        lesion_points(image, labels, 8, 0)
    with pytest.raises(RequestError, match="fits nowhere"):
        lesion_points(image.like(np.ones(image.shape)), None, 8, 1)


def test_a_point_outside_fails_alone() -> None:
    found = run_detection(
        ["head.nii"], "out", ["zero-filled"], (2,), diameters=(6,), points=[(20, 20, 4), (99, 1, 1)]
    )
    assert len(found.rows) == 1
    [(name, why)] = found.failed.items()
    assert "99" in name
    assert "outside of the volume" in why


def test_files_without_a_voxel_size_need_one() -> None:
    image = replace(mt.open("head.nii"), spacing_known=False)
    mt.save(image, "bare.nii")
    asked = {"methods": ["zero-filled"], "accelerations": (2,), "diameters": (6,)}
    found = run_detection(["bare.nii"], "a", points=[(20, 20, 4)], **asked)  # type: ignore[arg-type]
    assert "voxel size" in next(iter(found.failed.values()))
    assert not found.rows
    sized = run_detection(["bare.nii"], "b", points=[(20, 20, 4)], voxel_mm=(1, 1, 3), **asked)  # type: ignore[arg-type]
    known = run_detection(["head.nii"], "c", points=[(20, 20, 4)], **asked)  # type: ignore[arg-type]
    assert sized.rows[0].contrast_left == pytest.approx(known.rows[0].contrast_left, rel=1e-3)
    with pytest.raises(RequestError, match="`voxel_mm`"):
        run_detection(["head.nii"], "d", voxel_mm=(1, 1, 3), **asked)  # type: ignore[arg-type]


def test_damaged_records_are_computed_again_or_refused() -> None:
    asked = (["head.nii"], "out", ["zero-filled"], (2,))
    run_detection(*asked, diameters=(6,), points=2)
    first, _ = sorted(Path("out/lesions").glob("*.json"))
    first.write_text(first.read_text()[:20])
    states = States()
    run_detection(*asked, diameters=(6,), points=2, watch=states)
    assert states.count == {"kept": 1, "done": 1}
    Path("out/detection.csv").write_text("case\nhead\n")
    with pytest.raises(InputError, match=r"detection\.csv"):
        read_sweep("out")


def test_changed_weights_are_refused(here: Path, weights: Path) -> None:
    with pytest.raises(WeightsError):
        run_detection(["head.nii"], "out", [mt.MethodChoice("d5c5", weights=here)], (2,))
