# SPDX-License-Identifier: BSD-3-Clause
"""Error maps, data-consistency residual and error spectrum: energy is kept."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import napari_mtmri as mt
from napari_mtmri.compare import (
    NOT_COMPARED,
    Cell,
    Comparison,
    compare_results,
    error_map,
    error_spectrum,
    error_top,
    kspace_decibels,
    readings,
    residual_map,
    score_table,
)
from napari_mtmri.kspace import fft2c
from napari_mtmri.methods.assemble import assemble
from napari_mtmri.verbs import load_method
from napari_mtmri.volume import Volume, bright_value
from tests.compare.cases import drawn, head, result_of

IMAGE = head()


def test_the_error_is_the_image_minus_the_reference() -> None:
    seen = compare_results([result_of(IMAGE)])
    error = error_map(seen, seen.cells[1])
    assert error is not None
    np.testing.assert_allclose(error + IMAGE.magnitude(), seen.cells[1].magnitude, rtol=1e-5)
    assert error_map(seen, seen.cells[0]) is None
    for gain in (1, 5, 10):
        assert error_top(seen.with_view(gain=gain)) == pytest.approx(
            bright_value(IMAGE.data) / gain
        )


def test_one_hot_voxel_does_not_darken_the_errors() -> None:
    data = np.array(IMAGE.data)
    data[data.shape[0] // 2, data.shape[1] // 2, 0] *= 100
    hot = compare_results([result_of(IMAGE.like(data))])
    plain = compare_results([result_of(IMAGE)])
    assert error_top(hot) == pytest.approx(error_top(plain), rel=0.02)


@given(st.integers(5, 9), st.integers(5, 9), st.integers(0, 99))
def test_the_spectrum_keeps_the_energy_of_the_error(rows: int, columns: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    affine = np.diag([0.7, 1.3, 5.0, 1.0])
    reference, image = (
        Volume(rng.random((rows, columns, 3), np.float32) + 0.1, affine) for _ in range(2)
    )
    seen = Comparison((Cell("reference", "reference", reference), Cell("a", "image", image)))
    spectrum, error = error_spectrum(seen), error_map(seen, seen.cells[1])
    assert spectrum is not None
    assert error is not None
    assert spectrum.errors["a"].sum() == pytest.approx((error.astype(float) ** 2).sum(), rel=1e-6)
    assert spectrum.reference.sum() == pytest.approx(
        (reference.data.astype(float) ** 2).sum(), rel=1e-6
    )
    assert (spectrum.reference > 0).all()  # no ring is empty


@pytest.mark.parametrize("cycles", [0, 2, 5])
def test_a_wave_is_found_at_its_frequency(cycles: int) -> None:
    wave = 0.3 * np.cos(2 * np.pi * cycles * np.arange(20) / 20)
    reference = Volume(np.ones((20, 20, 1), np.float32), np.diag([2.0, 2.0, 2.0, 1.0]))
    image = reference.like((reference.data + wave[:, None, None]).astype(np.float32))
    seen = Comparison((Cell("reference", "reference", reference), Cell("a", "image", image)))
    spectrum = error_spectrum(seen)
    assert spectrum is not None
    assert spectrum.unit == "1/mm"
    assert spectrum.frequency[spectrum.errors["a"].argmax()] == pytest.approx(cycles / 40)
    assert spectrum.errors["a"].max() / spectrum.errors["a"].sum() == pytest.approx(1)


def test_kspace_of_all_cells_is_on_one_scale() -> None:
    reference = Cell("reference", "reference", IMAGE)
    half = Cell("half", "image", IMAGE.like(IMAGE.data / 2))
    seen = Comparison((reference, half))
    whole, other = (kspace_decibels(seen, cell, 2) for cell in seen.cells)
    assert whole is not None
    assert other is not None
    assert whole.shape == (24, 20, 1)
    assert whole.max() == 0
    assert np.unravel_index(whole.argmax(), whole.shape) == (12, 10, 0)
    clear = whole > -90
    np.testing.assert_allclose((whole - other)[clear], 20 * np.log10(2), atol=1e-3)


def measured_scan(seed: int = 0) -> mt.Scan:
    """A scan without a reference, as from a scanner."""
    scan = mt.simulate(head(seed), mt.Pattern("random", acceleration=2), phase=True)
    return replace(scan, reference=None, simulation=None)


def test_the_residual_is_what_contradicts_the_measured_samples(rng: np.random.Generator) -> None:
    scan = measured_scan()
    image = (scan.zero_filled + rng.standard_normal(scan.zero_filled.shape)).astype(np.complex64)
    result = assemble(scan, load_method("zero-filled"), image, None, {})
    assert result.residual is not None
    differs = (fft2c(image) - scan.kspace[:, 0]) * scan.mask
    energy = (result.residual.data.astype(float) ** 2).sum()
    assert energy == pytest.approx((np.abs(differs) ** 2).sum(), rel=1e-4)


def test_a_consistent_image_has_no_residual_and_a_reference_needs_none(tmp_path) -> None:  # type: ignore[no-untyped-def]
    result = mt.run(measured_scan(), "zero-filled")
    assert result.residual is not None
    assert result.residual.data.max() < 1e-3
    assert mt.run(mt.simulate(IMAGE, mt.Pattern()), "zero-filled").residual is None
    again = mt.open(mt.save(result, tmp_path / "run"))
    assert isinstance(again, mt.Result)
    assert again.residual is not None
    np.testing.assert_array_equal(again.residual.data, result.residual.data)


def test_without_a_reference_no_error_and_no_score_is_invented() -> None:
    seen = compare_results([mt.run(measured_scan(), "zero-filled")], labels=drawn())
    [cell] = [cell for cell in seen.cells if cell.kind == "result"]
    assert error_map(seen, cell) is None
    assert error_spectrum(seen) is None
    assert residual_map(cell) is not None
    table = score_table(seen)
    assert table.remark == NOT_COMPARED
    assert [column.quantity.name for column in table.columns] == ["data-consistency residual"]
    assert table.value(cell.name, "data-consistency residual") < 1e-6


def test_readings_are_what_lies_under_the_cursor() -> None:
    labels = np.zeros(IMAGE.shape, np.uint8)
    labels[3, 4, 5] = 2
    seen = compare_results([result_of(IMAGE, labels=labels)])
    reference, mtmri = readings(seen, (3, 4, 5))
    assert reference.error is None
    assert reference.value == IMAGE.data[3, 4, 5]
    assert mtmri.value == seen.cells[1].magnitude[3, 4, 5]  # type: ignore[index]
    assert mtmri.error == pytest.approx(mtmri.value - reference.value)
    assert mtmri.label == 2
    assert mtmri.text.startswith("mtmri R4: ")
    assert mtmri.text.endswith(", label 2")
    assert readings(seen, (3, 4, 6)) == ()
