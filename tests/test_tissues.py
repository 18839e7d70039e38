# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from napari_mtmri.errors import RequestError
from napari_mtmri.tissues import (
    SEQUENCES,
    TISSUES,
    Sequence,
    Tissue,
    bias_field,
    keep_head,
    mix,
    null_time,
    signal,
    signals,
    simulate_image,
)

times = st.floats(50, 5000)


@given(times, st.floats(500, 20000))
def test_a_tissue_gives_no_signal_at_its_null_time(t1: float, repetition: float) -> None:
    sequence = Sequence("inversion-recovery", repetition, 100, null_time(t1, repetition))
    assert signal(Tissue(t1, 100, 50, 1), sequence) == pytest.approx(0, abs=1e-12)


def relax(z: float, wait: float, t1: float) -> float:
    """Longitudinal magnetisation after a waiting time."""
    return 1 + (z - 1) * math.exp(-wait / t1)


@given(times, st.floats(200, 9000), st.floats(1, 199), st.floats(0.1, 0.9), st.floats(1, 89))
def test_signals_are_those_of_the_steady_state_magnetisation(
    t1: float, repetition: float, echo: float, inverted: float, flip_deg: float
) -> None:
    tissue = Tissue(t1, 1e12, 1e12, 1)  # no decay: only what is tipped over

    def is_tipped(wanted: float, **how: Any) -> None:
        sequence = Sequence(repetition=repetition, echo=echo, **how)
        assert signal(tissue, sequence) == pytest.approx(wanted, abs=1e-9)

    refocused = -relax(0, echo / 2, t1)
    is_tipped(relax(refocused, repetition - echo / 2, t1), kind="spin-echo")

    wait = inverted * repetition
    is_tipped(
        relax(-relax(0, repetition - wait, t1), wait, t1),
        kind="inversion-recovery", inversion=wait,
    )  # fmt: skip

    z, flip = 1.0, math.radians(flip_deg)
    for _ in range(2000):
        z = relax(z * math.cos(flip), repetition, t1)
    if repetition * 2000 > 40 * t1:
        is_tipped(z * math.sin(flip), kind="gradient-echo", flip_deg=flip_deg)


@given(times, st.floats(5, 200), st.floats(-20, 20))
def test_no_flip_angle_gives_more_signal_than_the_ernst_angle(
    t1: float, repetition: float, off: float
) -> None:
    tissue = Tissue(t1, 100, 50, 1)
    best = math.degrees(math.acos(math.exp(-repetition / t1)))

    def at(flip: float) -> float:
        return signal(tissue, Sequence("gradient-echo", repetition, 5, flip_deg=flip))

    assert at(best) >= at(min(max(best + off, 0), 90)) - 1e-12


@given(times, st.floats(20, 400), st.sampled_from(sorted(SEQUENCES)), st.floats(0.1, 2))
def test_signal_is_proportional_to_density_and_decays_with_echo_time(
    t1: float, t2: float, contrast: str, factor: float
) -> None:
    tissue, csf = Tissue(t1, t2, t2 / 2, 1), TISSUES[1.5]["csf"]
    sequence = SEQUENCES[contrast]
    value = signal(tissue, sequence, csf)
    denser = replace(tissue, density=factor)
    assert signal(denser, sequence, csf) == pytest.approx(factor * value)
    if sequence.kind == "gradient-echo":
        later = replace(sequence, echo=sequence.echo + 5)
        assert signal(tissue, later, csf) == pytest.approx(value * math.exp(-10 / t2))


@pytest.mark.parametrize("contrast", SEQUENCES)
def test_a_tissue_without_relaxation_times_gives_no_signal(contrast: str) -> None:
    assert signal(Tissue(0, 0, 0, 1), SEQUENCES[contrast], TISSUES[1.5]["csf"]) == 0
    assert signals(contrast, 1.5)["skull"] == 0


@pytest.mark.parametrize("field_t", TISSUES)
def test_contrasts_are_those_radiologists_know(field_t: float) -> None:
    for contrast in ("t1-spgr", "t1-se"):
        of = signals(contrast, field_t)
        assert of["white matter"] > of["grey matter"] > of["csf"]
    of = signals("t2-se", field_t)
    assert min(of["csf"], of["lesion"]) > 1.3 * of["grey matter"]
    assert of["grey matter"] > of["white matter"]
    of = signals("flair", field_t)
    assert of["lesion"] > 1.5 * of["grey matter"]
    assert of["grey matter"] > of["white matter"] > 10 * abs(of["csf"])


def test_an_unknown_contrast_or_field_strength_is_refused() -> None:
    with pytest.raises(RequestError, match="dwi"):
        signals("dwi", 1.5)
    with pytest.raises(RequestError, match=r"7\.0"):
        signals("flair", 7.0)
    with pytest.raises(RequestError, match="csf = None"):
        signal(TISSUES[1.5]["csf"], SEQUENCES["flair"])


@given(st.integers(0, 2**32 - 1))
def test_a_crisp_map_equals_a_fuzzy_map_with_fractions_0_and_1(seed: int) -> None:
    labels = np.random.default_rng(seed).integers(0, 4, (5, 6, 7))
    names = {1: "csf", 2: "grey matter", 3: "white matter"}
    values = signals("flair", 1.5)
    crisp = simulate_image(labels, names, values, softness=0)
    fuzzy = mix({number: labels == number for number in names}, names, values)
    np.testing.assert_allclose(crisp, fuzzy, rtol=1e-6)
    for number, name in names.items():
        np.testing.assert_allclose(crisp[labels == number], values[name], rtol=1e-6)


@given(st.integers(0, 2**32 - 1), st.floats(0.3, 1.5), st.sampled_from(sorted(SEQUENCES)))
def test_a_blurred_crisp_map_equals_the_mix_of_blurred_fractions(
    seed: int, softness: float, contrast: str
) -> None:
    labels = np.random.default_rng(seed).integers(0, 4, (5, 6, 7), dtype=np.uint8)
    names, values = {1: "csf", 2: "lesion", 3: "white matter"}, signals(contrast, 3.0)
    fractions = {
        number: gaussian_filter((labels == number).astype(np.float32), softness) for number in names
    }
    image = simulate_image(labels, names, values, softness)
    np.testing.assert_allclose(image, mix(fractions, names, values), atol=1e-6)


def test_partial_volume_signal_is_between_those_of_its_tissues() -> None:
    labels = np.ones((8, 8, 8), int)
    labels[4:] = 3
    values = signals("t1-se", 1.5)
    image = simulate_image(labels, {1: "csf", 3: "white matter"}, values)
    low, high = values["csf"], values["white matter"]
    assert low < image[3, 4, 4] < image[4, 4, 4] < high


def test_signals_of_opposite_sign_cancel_in_a_voxel() -> None:
    early, late = (
        Sequence("inversion-recovery", 9000, 0, null_time(800, 9000) + shift)
        for shift in (-200, 200)
    )
    tissue = Tissue(800, 100, 50, 1)
    values = {"before": signal(tissue, early), "after": signal(tissue, late)}
    assert values["before"] < 0 < values["after"]
    share = values["after"] / (values["after"] - values["before"])
    half = {1: np.array([share]), 2: np.array([1 - share])}
    names = {1: "before", 2: "after"}
    assert mix(half, names, values)[0] == pytest.approx(0, abs=1e-6)
    assert mix(half, {1: "before"}, values)[0] == pytest.approx(-share * values["before"])


def test_parts_not_connected_to_the_head_are_removed() -> None:
    labels = np.zeros((10, 10, 10), np.uint8)
    labels[2:8, 2:8, 2:6] = 3
    labels[9, 9, 9] = 8
    kept = keep_head(labels)
    assert kept[9, 9, 9] == 0
    assert (kept[:9] == labels[:9]).all()


@given(st.floats(0, 80), st.integers(0, 1000))
def test_a_bias_field_has_the_requested_range(percent: float, seed: int) -> None:
    inside = np.zeros((9, 8, 7), bool)
    inside[2:7, 2:6, 1:6] = True
    field = bias_field(inside.shape, percent, np.random.default_rng(seed), inside)
    assert field[inside].min() == pytest.approx(1 - percent / 200, abs=1e-5)
    assert field[inside].max() == pytest.approx(1 + percent / 200, abs=1e-5)
    assert field.min() >= 0
