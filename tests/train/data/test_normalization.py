# SPDX-License-Identifier: BSD-3-Clause
"""Training, validation and inference feed the same arrays to a network, bit for bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import napari_mtmri as mt
from napari_mtmri.geometry import Axes, to_stack
from napari_mtmri.networks.base import build
from napari_mtmri.networks.d5c5 import D5C5
from napari_mtmri.networks.multitask import MultiTask
from napari_mtmri.normalization import normalization_of, representative_slices
from napari_mtmri.train.data.batches import Item, Simulator, crop_around
from napari_mtmri.train.data.cases import Case, CaseFile, load_case
from napari_mtmri.train.loop.validation import Validator
from napari_mtmri.train.recipe import Recipe
from napari_mtmri.weights import load_weights, save_weights
from tests.tiny import ARCHITECTURES, card_of, head_volume
from tests.train.heads import changed

AIR = ((9, 3), (2, 8), (0, 0))
WINDOW = (26, 30)
PLAIN = {"augment": "none", "crop": None}


def head(n_slices: int = 11, dtype: str = "float32") -> tuple[mt.Volume, mt.Volume]:
    """A head off the centre of the plane, and its labels."""
    volume = head_volume((20, 24, n_slices))
    image = np.pad(volume.data, AIR).astype(dtype)
    labels = np.zeros(image.shape, np.uint8)
    labels[12:17, 10:15, 1:-1] = 1
    return (
        mt.Volume(image, volume.affine, "head"),
        mt.Volume(labels, volume.affine, "head", "labels"),
    )


def case_of(image: mt.Volume, labels: mt.Volume, recipe: Recipe) -> Case:
    file = CaseFile("head", "head", "train", "", "", lambda: (image, labels))
    return load_case(file, recipe)


class Fed:
    """Records the inputs of the two networks."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.measured: list[tuple[np.ndarray, np.ndarray]] = []
        self.windows: list[Any] = []
        self.images: list[np.ndarray] = []
        forward, segment = D5C5.forward, MultiTask.segment

        def recorded(net: D5C5, kspace: torch.Tensor, mask: torch.Tensor, *more: Any) -> Any:
            self.measured.append((kspace.numpy(), mask.numpy()))
            return forward(net, kspace, mask, *more)

        def segmented(net: MultiTask, image: torch.Tensor, window: Any = None) -> Any:
            self.windows.append(window)
            self.images.append(image.numpy())
            return segment(net, image, window)

        monkeypatch.setattr(D5C5, "forward", recorded)
        monkeypatch.setattr(MultiTask, "segment", segmented)

    def kspace(self) -> np.ndarray:
        return np.concatenate([kspace for kspace, _ in self.measured])

    def shown(self) -> np.ndarray:
        return np.concatenate(self.images)[:, 0]

    def forget(self) -> None:
        for fed in (self.measured, self.windows, self.images):
            fed.clear()


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """Weights of tiny networks with a window."""
    for method, sizes in ARCHITECTURES.items():
        architecture = {**sizes, "window": list(WINDOW)}
        card, tensors = card_of(method, architecture=architecture), build(sizes, 0).state_dict()
        save_weights(tmp_path / f"{method}.safetensors", tensors, card)
    return tmp_path


@pytest.mark.parametrize("n_slices", [1, 5, 11, 30])
@pytest.mark.parametrize(
    "keys",
    [
        {"phase_share": 0.0, "snr": None},
        {"phase_share": 1.0, "snr": None},
        {"phase_share": 1.0, "snr": 15.0, "mask_scope": "dataset", "dtype": "int16"},
        {"phase_share": 0.0, "snr": 15.0, "mask_redraw": "never", "dtype": "float64"},
    ],
)
def test_training_and_inference_feed_the_same_arrays_to_a_network(
    keys: dict[str, Any], n_slices: int, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image, labels = head(n_slices, keys.get("dtype", "float32"))
    recipe = changed(**PLAIN, **{key: keys[key] for key in keys if key != "dtype"})
    simulator = Simulator([case_of(image, labels, recipe)], recipe)
    numbers = [n_slices // 2, 0]
    batch = simulator.batch([Item(0, number, 0) for number in numbers], 3)

    phase, snr = bool(keys["phase_share"]), keys["snr"]
    scanner, _ = simulator.scan(0, 3)
    how = {"phase": phase, "snr": snr, "seed": scanner.seed}
    scan = mt.simulate(image, simulator.pattern(0, 3), **how)
    fed = Fed(monkeypatch)
    mt.run(scan, "unet-full-sample", weights=weights)
    truth = fed.shown()
    mt.run(scan, "mtmri", weights=weights)
    np.testing.assert_array_equal(batch.truth, truth[numbers])
    np.testing.assert_array_equal(batch.kspace, fed.kspace()[numbers])
    np.testing.assert_array_equal(batch.mask[0, 0], scan.mask)
    wanted = to_stack(labels.data, labels.axes)[numbers]
    np.testing.assert_array_equal(batch.labels, wanted)


def test_validation_and_inference_feed_the_same_arrays_and_window_to_a_network(
    weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image, labels = head()
    recipe = changed(crop=WINDOW, validation_slices=3)
    validator = Validator([case_of(image, labels, recipe)], recipe, WINDOW)
    tensors, card = load_weights(weights / "mtmri.safetensors", "mtmri")
    joint = build(card.architecture).eval()
    joint.load_state_dict(tensors)
    fed = Fed(monkeypatch)
    validator.scores(joint, torch.device("cpu"))
    kspace, windows = fed.kspace(), set(map(str, fed.windows))

    fed.forget()
    pattern = validator._simulator.pattern(0, 0)
    numbers = [item.slice for item in validator._items[0]]
    mt.run(mt.simulate(image, pattern), "mtmri", weights=weights)
    np.testing.assert_array_equal(kspace, fed.kspace()[numbers])
    assert windows == set(map(str, fed.windows)) != {"None"}


def test_the_crop_of_a_training_is_the_window_of_inference() -> None:
    image, labels = head()
    recipe = changed(crop=WINDOW)
    case = case_of(image, labels, recipe)
    stack = case.image[representative_slices(len(case.image))]
    found = normalization_of(stack)
    plane = (stack.shape[1], stack.shape[2])
    window = found.window(WINDOW, plane)
    assert tuple(part.stop - part.start for part in window) == WINDOW
    np.testing.assert_array_equal(crop_around(stack[0], case.box(), WINDOW), stack[0][window])


def test_a_cropped_training_is_normalized_as_a_scan_of_the_cropped_volume() -> None:
    image, labels = head()
    recipe = changed(augment="none", crop=WINDOW, phase_share=1.0, snr=15.0)
    case = case_of(image, labels, recipe)
    simulator = Simulator([case], recipe)
    cropped = np.stack([crop_around(plane, case.box(), WINDOW) for plane in case.image])
    volume = mt.Volume(np.ascontiguousarray(cropped.transpose(1, 2, 0)), np.eye(4), "cropped")
    scanner, found = simulator.scan(0, 0)
    how = {"phase": True, "snr": 15.0, "seed": scanner.seed, "axes": Axes(2, 0, 1)}
    scan = mt.simulate(volume, simulator.pattern(0, 0), **how)
    assert scan.normalization == found


def test_the_gain_of_the_augmentation_scales_the_whole_slice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The network is trained with small scale errors, as they occur in other scans."""
    from napari_mtmri.train.data import batches

    image, labels = head()
    recipe = changed(**PLAIN, snr=15.0)
    simulator = Simulator([case_of(image, labels, recipe)], recipe)
    plain = simulator.batch([Item(0, 4, 0)], 0)
    monkeypatch.setattr(batches, "augment", lambda image, labels, *more: (image, labels, 2.0))
    louder = simulator.batch([Item(0, 4, 0)], 0)
    for name in ("kspace", "target", "truth"):
        np.testing.assert_array_equal(2 * getattr(louder, name), getattr(plain, name))


def test_repeated_slices_share_the_phase_and_have_different_noise() -> None:
    image, labels = head()
    recipe = changed(**PLAIN, phase_share=1.0, snr=15.0)
    simulator = Simulator([case_of(image, labels, recipe)], recipe)
    batch = simulator.batch([Item(0, 4, repeat) for repeat in (0, 1)], 0)
    np.testing.assert_array_equal(*batch.target)
    np.testing.assert_array_equal(*batch.mask)
    assert (batch.kspace[0] != batch.kspace[1]).any()
