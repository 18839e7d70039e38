# SPDX-License-Identifier: BSD-3-Clause
"""Dictionary and mixture: laws of each step, and that joint beats separate."""

from __future__ import annotations

import numpy as np
import pytest

import napari_mtmri as mt
from napari_mtmri.errors import InputError, RequestError
from napari_mtmri.kspace import fft2c, ifft2c
from napari_mtmri.methods.caballero import joint
from napari_mtmri.methods.caballero.dictionary import code_image, cosine_dictionary, match, starts
from napari_mtmri.methods.caballero.image_step import Measurement, center_phase, fit_image
from napari_mtmri.methods.caballero.mixture import LEAST_SD, Mixture, first_mixture, fit
from napari_mtmri.simulation import smooth_phase
from napari_mtmri.train.data.sources.simulated import make_head
from napari_mtmri.train.recipe import Recipe
from napari_mtmri.verbs import load_method
from tests import laws
from tests.tiny import head_volume

PLANE = (64, 56)


def brain() -> tuple[np.ndarray, np.ndarray]:
    """A slice of a piecewise constant brain: image and labels 1 CSF, 2 grey, 3 white matter."""
    rows, columns = np.ogrid[-1 : 1 : PLANE[0] * 1j, -1 : 1 : PLANE[1] * 1j]
    angle = np.arctan2(rows, columns)
    radius = np.sqrt(rows**2 + columns**2) + 0.04 * np.sin(7 * angle)
    labels = np.zeros(PLANE, int)
    for edge, label in ((0.92, 1), (0.84, 2), (0.66, 3)):
        labels[radius < edge] = label
    labels[(np.abs(columns) < 0.2) & (np.abs(columns) > 0.06) & (np.abs(rows) < 0.35)] = 1
    return np.array([0, 0.25, 0.6, 0.85])[labels], labels


def measured(image: np.ndarray, acceleration: float = 3, seed: int = 0) -> Measurement:
    mask = mt.Pattern("random", acceleration=acceleration, seed=seed).mask(PLANE)
    kspace = (fft2c(image.astype(complex)) * mask)[None]
    return Measurement(kspace, mask, None, center_phase(ifft2c(kspace[0]), mask))


def dice(found: np.ndarray, labels: np.ndarray) -> float:
    parts = [
        2 * np.sum((found == c) & (labels == c)) / np.sum((found == c).astype(int) + (labels == c))
        for c in (1, 2, 3)
    ]
    return float(np.mean(parts))


def test_the_first_atom_is_constant_and_all_have_norm_1() -> None:
    atoms = cosine_dictionary()
    assert atoms.shape == (64, 225)
    np.testing.assert_allclose(np.linalg.norm(atoms, axis=0), 1)
    np.testing.assert_allclose(atoms[:, 0], 1 / 8)
    assert np.linalg.matrix_rank(atoms) == 64


def test_coding_a_constant_image_gives_it_back() -> None:
    image = np.full((21, 18), 0.7)
    np.testing.assert_allclose(code_image(image, 0.001, 3), image, atol=1e-6)


def test_matching_equals_that_of_one_signal_after_another(rng: np.random.Generator) -> None:
    atoms, signals = cosine_dictionary(), rng.normal(size=(6, 64))
    expected = []
    for signal in signals:
        chosen: list[int] = []
        fitted = np.zeros(64)
        for _ in range(5):
            chosen.append(int(np.abs((signal - fitted) @ atoms).argmax()))
            part = atoms[:, chosen]
            fitted = part @ np.linalg.lstsq(part, signal)[0]
        expected.append(fitted)
    laws.close(match(signals, atoms, 0.0, most=5), np.array(expected), 1e-5)


def test_matching_stops_at_the_tolerance(rng: np.random.Generator) -> None:
    atoms, signals = cosine_dictionary(), rng.normal(size=(50, 64))
    left = [np.linalg.norm(signals - match(signals, atoms, 4.0, most=n), axis=1) for n in (8, 30)]
    assert (left[1] <= left[0] + 1e-9).all()
    assert (left[1] <= 4.0).all()
    assert (match(signals, atoms, 100.0) == 0).all()


@pytest.mark.parametrize(("length", "stride"), [(8, 2), (9, 2), (30, 3), (31, 8)])
def test_patches_cover_every_pixel(length: int, stride: int) -> None:
    first = starts(length, 8, stride)
    covered = {pixel for start in first for pixel in range(start, start + 8)}
    assert covered == set(range(length))


def test_the_mixture_finds_the_classes_of_an_image(rng: np.random.Generator) -> None:
    image, labels = brain()
    noisy = np.abs(image + rng.normal(0, 0.03, PLANE))
    found = fit(noisy, first_mixture(noisy, 4), 200)
    np.testing.assert_allclose(found.means, [0.02, 0.25, 0.6, 0.85], atol=0.03)
    shares = found.responsibilities(noisy)
    np.testing.assert_allclose(shares.sum(-1), 1)
    assert dice(shares.argmax(-1), labels) > 0.97


def test_means_ascend_and_no_class_is_narrower_than_the_least(rng: np.random.Generator) -> None:
    for seed in range(5):
        values = np.abs(np.random.default_rng(seed).normal(size=(30, 30)))
        found = fit(values, first_mixture(values, 5), 60)
        assert (np.diff(found.means) >= 0).all()
        assert (found.sds >= LEAST_SD).all()
        assert found.weights.sum() == pytest.approx(1)


def test_an_outlier_belongs_wholly_to_the_classes() -> None:
    one = Mixture(np.array([0.0, 1.0]), np.array([0.03, 0.03]), np.array([0.5, 0.5]))
    assert one.responsibilities(np.array([1e6, -1e6])).sum(-1) == pytest.approx([1, 1])


def test_without_mixture_the_image_step_has_its_closed_form(rng: np.random.Generator) -> None:
    image, _ = brain()
    scan, coded, strength = measured(image), rng.normal(size=PLANE), 0.3
    kspace = fft2c(scan.phase * fit_image(scan, coded, strength))
    own = fft2c(scan.phase * coded)
    expected = np.where(scan.mask, (scan.kspace[0] + strength * own) / (1 + strength), own)
    laws.close(kspace, expected, 1e-6)


def test_the_image_step_minimizes_its_cost(rng: np.random.Generator) -> None:
    image, _ = brain()
    scan, coded = measured(image), rng.normal(size=PLANE)
    weight, target = rng.random(PLANE), rng.normal(size=PLANE)
    found = fit_image(scan, coded, 0.1, (weight, target))
    gradient = (
        scan.normal(found) - scan.zero_filled + 0.1 * (found - coded) + weight * found - target
    )
    assert np.linalg.norm(gradient) < 1e-5 * np.linalg.norm(found)


def test_a_positive_object_has_no_phase_and_a_smooth_phase_is_found() -> None:
    image, labels = brain()
    mask = mt.Pattern("random", acceleration=3).mask(PLANE)
    inside = labels > 0
    assert np.abs(np.angle(center_phase(image, mask))[inside]).max() < 1e-6
    turned = image * smooth_phase(PLANE, 3)
    rest = np.angle(turned / center_phase(turned, mask))[labels == 3]
    assert np.abs(rest).mean() < 0.1


def test_joint_beats_separate() -> None:
    image, labels = brain()
    scan = measured(image)
    found = {}
    for name, weight in (("joint", 3e-9), ("separate", 0.0)):
        setting = joint.Setting(mixture=weight, epsilon=0.05, iterations=12)
        one, shares = joint.solve(scan, setting)
        found[name] = dice(shares.argmax(0), labels), np.mean((np.abs(one) - image) ** 2)
    assert found["joint"][0] > found["separate"][0] + 0.01
    assert found["joint"][1] < found["separate"][1]


def test_the_likelihood_needs_a_larger_weight_than_the_demonstration() -> None:
    image, _ = brain()
    scan = measured(image)
    errors = []
    for form, weight in (("demonstration", 3e-9), ("posterior", 3e-9), ("posterior", 3e-6)):
        setting = joint.Setting(mixture=weight, epsilon=0.05, iterations=10, form=form)
        errors.append(np.mean((np.abs(joint.solve(scan, setting)[0]) - image) ** 2))
    plain = joint.solve(scan, joint.Setting(mixture=0, epsilon=0.05, iterations=10))[0]
    nothing = np.mean((np.abs(plain) - image) ** 2)
    assert errors[1] == pytest.approx(nothing, rel=0.02)
    assert max(errors[0], errors[2]) < 0.97 * nothing


def test_tissues_are_named_by_the_order_of_their_means() -> None:
    head, _ = make_head("head", Recipe())
    scan = mt.simulate(head, mt.Pattern("random", acceleration=2), slices=[6])
    plain, t1, t2 = (
        load_method("caballero-gmm", parameters={"contrast": c, "iterations": 2}).run(scan)
        for c in ("none", "t1", "t2")
    )
    np.testing.assert_array_equal(t1.probability, plain.probability[:, [0, 1, 3, 2]])
    np.testing.assert_array_equal(t2.probability, plain.probability[:, [0, 3, 1, 2]])
    result = mt.run(scan_all := mt.simulate(head_volume(), mt.Pattern("full", 1)), "caballero-gmm",
                    contrast="t1", iterations=1)  # fmt: skip
    assert scan_all.n_slices == 5
    assert any("1 CSF, 2 white matter, 3 grey matter" in line for line in result.warnings)
    with pytest.raises(RequestError, match="names 3 tissues"):
        load_method("caballero-gmm", parameters={"contrast": "t1", "classes": 2})


def test_coils_need_maps() -> None:
    from dataclasses import replace

    scan = mt.simulate(head_volume(), mt.Pattern("random", acceleration=2), n_coils=3, slices=[2])
    method = load_method("caballero-gmm", parameters={"iterations": 8})
    image = method.run(scan).image
    error = np.abs(np.abs(image) - scan.reference_stack())
    assert error.mean() < 0.1 * scan.reference_stack().mean()
    with pytest.raises(InputError, match="3 coils without"):
        method.run(replace(scan, coil_maps=None, _memory={}))
