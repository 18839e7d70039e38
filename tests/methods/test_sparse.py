# SPDX-License-Identifier: BSD-3-Clause
"""Compressed sensing: laws of the problem that is solved, and of its solver."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import numpy as np
import pytest

import napari_mtmri as mt
from napari_mtmri.errors import ResourceError, Stopped
from napari_mtmri.methods import base
from napari_mtmri.methods.base import METHODS
from napari_mtmri.samples import phantom
from napari_mtmri.scan import Scan
from napari_mtmri.verbs import load_method
from tests import laws
from tests.tiny import head_volume

pytest.importorskip("sigpy", reason="needs the extra [classical]")
NAMES = ("cs-tv", "cs-wavelet")


def image_of(scan: Scan, name: str, **parameters: object) -> np.ndarray:
    return load_method(name, device="cpu", parameters=parameters).run(scan).image


def psnr(image: np.ndarray, reference: np.ndarray) -> float:
    error = np.mean((np.abs(image) - reference) ** 2)
    return float(10 * np.log10(reference.max() ** 2 / error))


@pytest.fixture(scope="module")
def scan() -> Scan:
    """One slice of the phantom, R = 4."""
    volume = phantom()[0]
    middle = volume.shape[volume.axes.slice] // 2
    return mt.simulate(volume, mt.Pattern("random", acceleration=4), slices=[middle])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(20, 24, 3), (21, 17, 3)])
def test_without_penalty_the_image_is_the_zero_filled_one(
    name: str, shape: tuple[int, int, int]
) -> None:
    scan = mt.simulate(head_volume(shape), mt.Pattern("random", acceleration=2, seed=3), phase=True)
    image = image_of(scan, name, regularization=0, iterations=20 if name == "cs-wavelet" else 300)
    laws.close(image, scan.zero_filled, 1e-4)


def variation(image: np.ndarray) -> float:
    return float(sum(np.abs(image - np.roll(image, 1, axis)).sum() for axis in (-2, -1)))


def coefficients(image: np.ndarray) -> float:
    pywt = pytest.importorskip("pywt")
    return float(np.abs(pywt.coeffs_to_array(pywt.wavedec2(image[0], "haar"))[0]).sum())


@pytest.mark.parametrize(("name", "penalty"), [("cs-tv", variation), ("cs-wavelet", coefficients)])
def test_a_larger_weight_gives_less_of_what_it_penalizes(name, penalty, scan: Scan) -> None:  # type: ignore[no-untyped-def]
    found = [penalty(image_of(scan, name, regularization=weight)) for weight in (0.03, 0.003)]
    assert found[0] < 0.95 * found[1]
    assert found[1] < penalty(scan.zero_filled)


@pytest.mark.parametrize("name", NAMES)
def test_twice_the_iterations_hardly_change_the_quality(name: str, scan: Scan) -> None:
    reference = scan.reference_stack()
    once, twice = (psnr(image_of(scan, name, iterations=n), reference) for n in (100, 200))
    assert abs(twice - once) < 0.6
    assert once > psnr(scan.zero_filled, reference) + {"cs-tv": 3, "cs-wavelet": 0.3}[name]


def test_the_solver_reaches_the_minimum_that_another_one_finds(scan: Scan) -> None:
    from sigpy.mri.app import TotalVariationRecon

    scale = np.abs(scan.zero_filled).max()
    app = TotalVariationRecon(
        scan.kspace[0] / scale, np.ones((1, *scan.mask.shape), np.complex64), 0.004,
        weights=scan.mask.astype(np.float32), solver="ADMM", rho=0.1, max_iter=60,
        show_pbar=False,
    )  # fmt: skip
    by_admm = scale * app.run()
    ours = image_of(scan, "cs-tv", iterations=300)[0]
    assert np.linalg.norm(ours - by_admm) < 0.05 * np.linalg.norm(by_admm)


@pytest.mark.parametrize("name", NAMES)
def test_the_coils_of_a_simulated_scan_are_combined(name: str) -> None:
    volume, pattern = head_volume(), mt.Pattern("random", acceleration=2)
    one, four = (mt.simulate(volume, pattern, n_coils=n, slices=[2]) for n in (1, 4))
    reference = one.reference_stack()
    of_four = psnr(image_of(four, name), reference)
    assert of_four > psnr(image_of(one, name), reference)
    apart = replace(four, coil_maps=None, _memory={})
    assert np.isfinite(image_of(apart, name)).all()


@pytest.mark.parametrize("name", NAMES)
def test_no_random_number_is_drawn(name: str, scan: Scan) -> None:
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first = image_of(scan, name, iterations=2)
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002
    np.testing.assert_array_equal(image_of(scan, name, iterations=2), first)


@pytest.mark.parametrize("name", ["cs-tv", "cs-wavelet", "caballero-gmm"])
def test_a_request_to_stop_is_seen_within_a_slice(name: str, scan: Scan) -> None:
    stop = threading.Event()
    most = {option.name: option.maximum for option in METHODS.get(name).parameters}["iterations"]
    timer = threading.Timer(0.2, stop.set)
    timer.start()
    began = time.monotonic()
    with pytest.raises(Stopped):
        mt.run(scan, name, stop=stop, iterations=most)
    assert stop.is_set()
    assert time.monotonic() - began < 60  # the whole slice takes minutes


def test_the_parameters_in_effect_are_recorded() -> None:
    scan = mt.simulate(head_volume(), mt.Pattern("random", acceleration=2))
    request = mt.run(scan, "cs-tv", iterations=1).request
    assert request["parameters"] == {"regularization": 0.004, "iterations": 1, "dual_step": 0.02}


@pytest.mark.parametrize("name", NAMES)
def test_without_sigpy_the_reason_is_given(
    name: str, scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    from napari_mtmri.batch.method_choice import cards_of
    from napari_mtmri.cli.methods import facts_of

    monkeypatch.setattr(base, "find_spec", lambda package: None)
    with pytest.raises(ResourceError, match=r"pip install 'napari-mtmri\[classical\]'"):
        mt.run(scan, name)
    with pytest.raises(ResourceError, match="needs sigpy"):
        cards_of(name, None)
    facts = facts_of(name)
    assert not facts["runs"]
    assert "sigpy" in facts["why"]
