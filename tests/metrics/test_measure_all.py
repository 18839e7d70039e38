# SPDX-License-Identifier: BSD-3-Clause
"""All metrics, on a volume and on one slice."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from napari_mtmri.errors import InputError, RequestError
from napari_mtmri.metrics.base import (
    METRICS,
    PLACES,
    Metric,
    Score,
    Scores,
    all_metrics,
    main_quantity,
    quantities,
)
from napari_mtmri.metrics.measure import Truth, measure_all, slice_scores

SPACING = (3.0, 1.0, 1.0)


@pytest.fixture
def case(rng: np.random.Generator) -> dict[str, Any]:
    """A disc with a lesion, and an imperfect prediction of both."""
    slices, rows, columns = np.indices((7, 21, 18))
    reference = 100.0 * ((rows - 10) ** 2 + (columns - 9) ** 2 < 60) * (slices > 0)
    drawn = (np.abs(slices - 3) < 2) & (np.abs(rows - 8) < 3) & (np.abs(columns - 8) < 3)
    return {
        "prediction_image": (reference + rng.normal(0, 8, reference.shape)).astype(np.float32),
        "reference_image": reference.astype(np.float32),
        "prediction_labels": np.roll(drawn, 1, axis=1).astype(np.uint8),
        "reference_labels": drawn.astype(np.uint8),
    }


def same(first: Scores, second: Scores) -> bool:
    return repr(first) == repr(second)


@pytest.mark.parametrize("name", METRICS.names())
def test_every_metric_is_declared_in_full(name: str) -> None:
    metric = METRICS.get(name)
    assert isinstance(metric, Metric)
    assert metric.name == name
    assert metric.kind in ("image", "labels")
    assert metric.gives
    for one in metric.gives:
        assert one.better in ("higher", "lower", "zero", None)
        assert one.tip
        assert set(one.shown) <= set(PLACES)
    assert metric.summary.endswith(".")
    assert metric.title
    assert metric.depends
    assert metric.scopes <= {"volume", "slice", "lesion"}


@pytest.mark.parametrize("name", METRICS.names())
def test_every_metric_gives_what_it_declares(name: str, case: dict[str, Any]) -> None:
    metric = METRICS.get(name)
    truth = Truth(case["reference_image"], case["reference_labels"])
    pair = (
        truth.image_pair(case["prediction_image"])
        if metric.kind == "image"
        else truth.label_pairs(
            case["prediction_labels"], SPACING, probability=0.9 * case["prediction_labels"]
        )[0]
    )
    rows = metric.measure(pair)
    assert {row.scope for row in rows} == metric.scopes
    assert {one.name for one in metric.gives} == {row.metric for row in rows}
    assert all(isinstance(row, Score) and type(row.value) is float for row in rows)
    assert all((row.item is None) == (row.scope == "volume") for row in rows)


def test_nothing_to_compare_gives_no_scores(case: dict[str, Any]) -> None:
    assert measure_all(None, None, None, None, spacing=SPACING) == Scores()
    assert measure_all(case["prediction_image"], None, spacing=None) == Scores()
    assert measure_all(None, case["reference_image"], spacing=None) == Scores()
    labels = case["reference_labels"]
    assert measure_all(None, None, labels, None, spacing=None) == Scores()
    assert measure_all(None, case["reference_image"], None, labels, spacing=None) == Scores()


def test_images_and_labels_are_measured_separately(case: dict[str, Any]) -> None:
    both = measure_all(**case, spacing=SPACING)
    image = measure_all(case["prediction_image"], case["reference_image"], spacing=SPACING)
    labels = measure_all(
        None, None, case["prediction_labels"], case["reference_labels"], spacing=SPACING
    )
    assert same(both, Scores(image.rows + labels.rows))


def test_arrays_are_not_changed(case: dict[str, Any]) -> None:
    before = {name: array.copy() for name, array in case.items()}
    for array in case.values():
        array.flags.writeable = False
    measure_all(**case, spacing=SPACING)
    assert all(np.array_equal(case[name], before[name]) for name in case)


def test_views_of_transposed_volumes_give_the_same(case: dict[str, Any]) -> None:
    views: dict[str, Any] = {name: np.asfortranarray(array)[:] for name, array in case.items()}
    ours, theirs = measure_all(**case, spacing=SPACING), measure_all(**views, spacing=SPACING)
    for mine, other in zip(ours.rows, theirs.rows, strict=True):
        assert mine.value == pytest.approx(other.value, nan_ok=True, rel=1e-12)


def test_a_slice_alone_has_the_scores_it_has_in_its_volume(case: dict[str, Any]) -> None:
    whole = measure_all(**case, spacing=SPACING)
    truth = Truth(case["reference_image"], case["reference_labels"])
    for index in range(len(truth.image)):  # type: ignore[arg-type]
        alone = slice_scores(
            truth, index, case["prediction_image"][index], case["prediction_labels"][index]
        )
        there = [row for row in whole.rows if row.scope == "slice" and row.item == index]
        assert same(alone, Scores(tuple(there)))
        assert len(there) == 9


def test_a_slice_without_image_or_labels_has_the_other(case: dict[str, Any]) -> None:
    truth = Truth(case["reference_image"], case["reference_labels"])
    image = slice_scores(truth, 3, image=case["prediction_image"][3])
    assert {row.metric for row in image.rows} == {"PSNR", "SSIM", "NMSE"}
    labels = slice_scores(truth, 3, labels=case["prediction_labels"][3])
    assert {row.metric for row in labels.rows} == {"Dice", "precision", "recall"}
    assert slice_scores(Truth(), 3, case["prediction_image"][3]) == Scores()


def test_requested_classes_are_measured_even_if_absent(case: dict[str, Any]) -> None:
    found = measure_all(**case, spacing=SPACING, classes=(1, 2))
    assert found.get("Dice", "class 2") == 1
    assert found.find("Dice", "class 2")[0].flag == "both empty"


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("prediction_image", lambda a: a[:, :-1], r"\(7, 20, 18\).*\(7, 21, 18\)"),
        ("prediction_labels", lambda a: a[1:], "same grid"),
        ("prediction_image", lambda a: a.astype(np.complex64), "complex64.*magnitude"),
        ("reference_image", lambda a: np.where(a > 0, np.nan, a), "NaN or infinite"),
        ("prediction_image", lambda a: a / 0, "2646 of 2646"),
        ("reference_image", lambda a: a[0], r"shape \(21, 18\)"),
        ("prediction_labels", lambda a: a.astype(np.int16) - 1, "lowest label is -1"),
        ("reference_labels", lambda a: a + 0.5, "float64 values are not whole"),
        ("reference_labels", lambda a: a[:0], r"shape \(0, 21, 18\)"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_invalid_arrays_are_refused_with_their_values(
    name: str, change: object, words: str, case: dict[str, Any]
) -> None:
    case[name] = change(case[name])  # type: ignore[operator]
    with pytest.raises(InputError, match=words):
        measure_all(**case, spacing=SPACING)


@pytest.mark.parametrize("spacing", [(1, 1), (1, 0, 1), (1, -1, 1), (1, np.nan, 1), (1, 1, np.inf)])
def test_an_impossible_spacing_is_refused(spacing: tuple[float, ...], case: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="three positive distances"):
        measure_all(**case, spacing=spacing)


@pytest.mark.parametrize("classes", [(), (0,), (-1, 2)])
def test_impossible_classes_are_refused(classes: tuple[int, ...], case: dict[str, Any]) -> None:
    with pytest.raises(RequestError, match="classes"):
        measure_all(**case, spacing=SPACING, classes=classes)


def test_a_metric_that_cannot_be_loaded_does_not_affect_the_others(
    case: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = measure_all(**case, spacing=SPACING)
    monkeypatch.setattr(METRICS, "broken", lambda: {"ssim": "no module"})
    after = measure_all(**case, spacing=SPACING)
    assert {row.metric for row in before.rows} - {row.metric for row in after.rows} == {"SSIM"}


def test_tables_have_one_order_and_each_score_a_direction() -> None:
    names = [metric.name for metric in all_metrics()]
    assert names[:4] == ["psnr", "ssim", "nmse", "overlap"]
    given = {one.name: one.better for one in quantities()}
    assert len(given) == len(quantities()), "two metrics give a number of the same name"
    named = ("PSNR", "HD95", "volume difference", "lesions")
    assert [given[name] for name in named] == ["higher", "lower", "zero", None]
    assert (main_quantity("image").name, main_quantity("labels").name) == ("PSNR", "Dice")
    assert {metric.kind for metric in all_metrics("labels")} == {"labels"}


def test_the_contract_is_cheap_to_import() -> None:
    code = "import sys, napari_mtmri.metrics.base; print(sorted({'scipy', 'skimage', 'torch'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
