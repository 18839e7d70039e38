# SPDX-License-Identifier: BSD-3-Clause
"""The contract of every registered method."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import napari_mtmri as mt
from napari_mtmri.errors import RequestError, Stopped
from napari_mtmri.methods.base import METHODS
from napari_mtmri.methods.passes import outwards
from napari_mtmri.scan import Scan
from napari_mtmri.verbs import load_method
from tests import laws
from tests.tiny import head_volume, save_tiny_weights

OURS = METHODS.names()
ITERATIVE = {"iterations": 3}  # of the methods that solve a problem for each slice


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_weights(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def scan() -> Scan:
    return mt.simulate(head_volume(), mt.Pattern("random", acceleration=3, seed=1))


def few(name: str) -> dict[str, int]:
    """The parameters of a short run; skips if a package is missing."""
    member = METHODS.get(name)
    if member.extra is not None:
        pytest.importorskip(member.extra[0], reason=f"needs {member.extra[1]}")
    return {key: ITERATIVE[key] for key in member.defaults if key in ITERATIVE}


def run_parts(scan: Scan, name: str, weights: Path):  # type: ignore[no-untyped-def]
    method = load_method(
        name, device="cpu", precision="float32", weights=weights, parameters=few(name)
    )
    return method.run(scan)


@pytest.mark.parametrize("name", OURS)
def test_a_method_says_which_works_it_is_from(name: str) -> None:
    works = METHODS.get(name).citations
    assert bool(works) == (name != "zero-filled")  # the inverse transform is nobody's
    assert all(re.search(r"\d{4}", work) and work.endswith(".") for work in works)


@pytest.mark.parametrize("name", OURS)
def test_a_method_returns_what_it_declares(name: str, scan: Scan, weights: Path) -> None:
    member = METHODS.get(name)
    assert member.name == name
    part = run_parts(scan, name, weights)
    assert (part.image is not None) == ("image" in member.gives)
    assert (part.probability is not None) == ("segmentation" in member.gives)
    if part.image is not None:
        assert part.image.dtype == np.complex64
        assert part.image.shape == (scan.n_slices, *scan.mask.shape)
    if part.probability is not None:
        assert part.probability.min() >= 0
        assert part.probability.max() <= 1


@pytest.mark.parametrize("name", [n for n in OURS if METHODS.get(n).keeps_measured])
def test_measured_samples_are_kept(name: str, scan: Scan, weights: Path) -> None:
    image = run_parts(scan, name, weights).image
    if image is not None:
        laws.keeps_measured(image, scan.kspace[:, 0], scan.mask)


@pytest.mark.parametrize("name", OURS)
def test_a_slice_does_not_depend_on_its_batch_or_order(
    name: str, scan: Scan, weights: Path
) -> None:
    whole = run_parts(scan, name, weights)
    some = run_parts(scan.select([4, 1]), name, weights)
    for all_slices, two in ((whole.image, some.image), (whole.probability, some.probability)):
        if all_slices is not None:
            laws.close(two, all_slices[[4, 1]], 1e-4)


@pytest.mark.parametrize("name", OURS)
def test_scaling_the_scan_scales_the_image_and_leaves_the_segmentation(
    name: str, scan: Scan, weights: Path
) -> None:
    factor = 3.7e4
    reference = scan.reference.like(scan.reference.data * np.float32(factor))
    large = replace(scan, kspace=scan.kspace * np.float32(factor), reference=reference, _memory={})
    here, there = run_parts(scan, name, weights), run_parts(large, name, weights)
    if here.image is not None:
        laws.close(there.image, here.image * np.float32(factor), 1e-4)
    if here.probability is not None:
        np.testing.assert_allclose(there.probability, here.probability, atol=1e-3)


@pytest.mark.parametrize("name", [n for n in OURS if not METHODS.get(n).is_full_sample])
def test_the_reference_does_not_change_the_result(name: str, scan: Scan, weights: Path) -> None:
    blind = replace(scan, reference=None, _memory={})
    with_it, without = (
        mt.run(s, name, weights=weights, device="cpu", precision="float32", **few(name))
        for s in (scan, blind)
    )
    for part in ("reconstruction", "probability"):
        one, other = getattr(with_it, part), getattr(without, part)
        assert (one is None) == (other is None)
        if one is not None:
            np.testing.assert_array_equal(one.data, other.data)


def test_a_full_sample_method_without_reference_is_refused(scan: Scan, weights: Path) -> None:
    blind = replace(scan, reference=None, _memory={})
    with pytest.raises(RequestError, match="unet-full-sample needs"):
        mt.run(blind, "unet-full-sample", weights=weights)


@pytest.mark.parametrize("name", OURS)
def test_constant_and_empty_volumes_have_a_finite_result(name: str, weights: Path) -> None:
    for value in (0.0, 7.0):
        volume = head_volume().like(np.full((20, 24, 5), value, np.float32))
        scan = mt.simulate(volume, mt.Pattern("random", acceleration=2))
        result = mt.run(scan, name, weights=weights, device="cpu", **few(name))
        for part in (result.reconstruction, result.probability):
            assert part is None or np.isfinite(part.data).all()


def test_bfloat16_is_close_to_float32(scan: Scan, weights: Path) -> None:
    exact, half = (
        mt.run(scan, "mtmri", weights=weights, device="cpu", precision=p).reconstruction.data
        for p in ("float32", "bfloat16")
    )
    laws.close(half, exact, 0.02)


def test_slices_are_processed_outwards_from_the_displayed_one(scan: Scan, weights: Path) -> None:
    seen: list[int] = []
    mt.run(
        scan, "mtmri", weights=weights, first_slice=3, on_progress=lambda p: seen.extend(p.slices)
    )
    assert seen == [3, 4, 2, 1, 0]
    assert outwards(4, 0) == [0, 1, 2, 3]


def test_order_does_not_change_the_result(scan: Scan, weights: Path) -> None:
    one, other = (
        mt.run(scan, "mtmri", weights=weights, device="cpu", precision="float32", first_slice=f)
        for f in (None, 2)
    )
    laws.close(other.reconstruction.data, one.reconstruction.data, 1e-5)


def test_stopping_leaves_no_result(scan: Scan, weights: Path) -> None:
    stop = threading.Event()
    done: list[int] = []

    def after_first(progress: object) -> None:
        done.append(1)
        stop.set()

    with pytest.raises(Stopped, match="1 of 5"):
        mt.run(scan, "mtmri", weights=weights, on_progress=after_first, stop=stop)
    assert len(done) == 1


def test_out_of_memory_halves_the_batch_and_then_names_the_cpu(
    scan: Scan, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from napari_mtmri.device import Device, run_halving
    from napari_mtmri.errors import ResourceError

    sizes: list[int] = []

    def fits(limit: int):  # type: ignore[no-untyped-def]
        def run(positions):  # type: ignore[no-untyped-def]
            sizes.append(len(positions))
            if len(positions) > limit:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return list(positions)

        return run

    device = Device("cpu", "float32", "test")
    parts = run_halving(fits(2), range(7), device)
    assert [i for _, part in parts for i in part] == list(range(7))
    assert max(len(part) for _, part in parts) == 2
    with pytest.raises(ResourceError, match="choose another `device`"):
        run_halving(fits(0), range(4), device)


def test_sampling_that_differs_from_the_training_gives_a_warning(scan: Scan, weights: Path) -> None:
    far = mt.simulate(head_volume(), mt.Pattern("equispaced", acceleration=12))
    lines = mt.run(far, "mtmri", weights=weights).warnings
    assert any("trained for R 2 to 8" in line for line in lines)
    assert any("magnitude image" in line for line in lines)
    near = mt.run(scan, "mtmri", weights=weights).warnings
    assert not any("trained for" in line for line in near)
    # A method that is given the fully sampled image does not see the sampling.
    full = mt.run(far, "unet-full-sample", weights=weights).warnings
    assert not any("trained for" in line for line in full)


def test_a_result_worse_than_zero_filled_gives_a_warning(scan: Scan, weights: Path) -> None:
    result = mt.run(scan, "d5c5", weights=weights)
    spoiled = replace(
        result, reconstruction=result.reconstruction.like(result.reconstruction.data * 0)
    )
    lines = mt.evaluate(spoiled).warnings
    assert any("below" in line and "zero-filled" in line for line in lines)
