# SPDX-License-Identifier: BSD-3-Clause
"""For each reader, a small whole input and the function that reads it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
import tifffile

import napari_mtmri as mt
from napari_mtmri.batch.cases_table import read_cases
from napari_mtmri.files import sha256
from napari_mtmri.patterns.mask_files import read_mask, save_mask
from napari_mtmri.result import Result
from napari_mtmri.samples import phantom
from napari_mtmri.train.folder.layout import Config, read_config, write_config
from napari_mtmri.volume import Volume
from napari_mtmri.weights import load_weights, read_card
from tests.phantoms import marked_phantom

NIBABEL = Path(nib.__file__).parent / "tests" / "data"
CASE = "TCGA_CS_4941_19960909"


@dataclass(frozen=True)
class Seed:
    """What a reader reads.

    Parameters
    ----------
    make : callable
        Writes the input into a folder and returns the files to mutate, one after the other.
    read : callable
        Reads one mutated file, or the folder it lies in; raises what the reader raises.
    header : int
        Bytes that are mutated more often than the rest; 0: all alike.
    """

    make: Callable[[Path], list[Path]]
    read: Callable[[Path], object]
    header: int = 0


def check_volume(volume: object) -> None:
    """A volume that is read has voxels, a place for them, and values that can be used."""
    assert isinstance(volume, Volume)
    assert min(volume.shape) > 0
    assert volume.data.shape == volume.shape
    assert np.isfinite(volume.affine).all()
    assert len(volume.codes) == 3


def _open(path: Path) -> None:
    check_volume(mt.open(path))


def _open_labels(path: Path) -> None:
    found = mt.open(path, "labels")
    check_volume(found)
    assert isinstance(found, Volume)
    assert found.data.dtype.kind in "iub"


def _nifti(folder: Path) -> list[Path]:
    head = marked_phantom(oblique_deg=9)
    nib.save(nib.Nifti2Image(np.ones((4, 5, 6), np.int16), np.eye(4)), folder / "two.nii")
    return [mt.save(head, folder / "a.nii"), mt.save(head, folder / "b.nii.gz"), folder / "two.nii"]


def _labels(folder: Path) -> list[Path]:
    head = marked_phantom()
    drawn = head.like((head.data > 0).astype(np.uint8), kind="labels")
    return [mt.save(drawn, folder / "a.nii"), mt.save(drawn, folder / "b.mgz")]


def _mgh(folder: Path) -> list[Path]:
    head = marked_phantom(oblique_deg=9)
    return [mt.save(head, folder / "a.mgh"), mt.save(head, folder / "b.mgz")]


def _analyze(folder: Path) -> list[Path]:
    nib.save(nib.AnalyzeImage(np.ones((3, 4, 5), np.int16), np.eye(4)), folder / "a.hdr")
    return [folder / "a.hdr"]


def _minc(folder: Path) -> list[Path]:
    names = ("tiny.mnc", "minc1_1_scale.mnc", "small.mnc", "minc2_1_scale.mnc")
    return [Path(shutil.copy(NIBABEL / name, folder)) for name in names]


def _pictures(folder: Path) -> list[Path]:
    place, plane = folder / CASE, np.arange(12 * 10, dtype=np.uint8).reshape(12, 10)
    place.mkdir()
    for number in (1, 2, 3):
        colours = np.stack([255 - plane, plane, plane // 2], axis=-1)
        tifffile.imwrite(place / f"{CASE}_{number}.tif", colours, photometric="rgb")
        tifffile.imwrite(place / f"{CASE}_{number}_mask.tif", plane // 100 * 255)
    return [place / f"{CASE}_1.tif", place / f"{CASE}_3.tif"]


def _masks(folder: Path) -> list[Path]:
    mask = mt.Pattern("random", acceleration=3).mask((12, 20))
    paths = [folder / f"mask.{ending}" for ending in ("npy", "png", "csv")]
    for path in paths:
        save_mask(mask, path)
    return paths


def _read_mask(path: Path) -> None:
    mask = read_mask(path)
    assert mask.dtype == bool
    assert mask.any()


def _run_folder(folder: Path) -> list[Path]:
    image, lesion = phantom((16, 18, 3))
    result = mt.run(mt.simulate(image, mt.Pattern("random", acceleration=2)), "zero-filled")
    run = mt.save(mt.evaluate(result, labels=lesion), folder / "run")
    return [run / name for name in ("run.json", "mask.npy", "scores.csv", "zero_filled.nii.gz")]


def _read_run(path: Path) -> None:
    found = mt.open(path.parent)
    assert isinstance(found, Result)
    check_volume(found.zero_filled)
    assert found.title
    for scores in found.scores.values():
        scores.records()


def _weights(folder: Path) -> list[Path]:
    from tests.tiny import save_tiny_weights  # imports torch, which other readers do not need

    save_tiny_weights(folder)
    return [folder / "d5c5.safetensors", folder / "d5c5.json", folder / "mtmri.json"]


def _read_weights(path: Path) -> None:
    """Run what is read; a mutated file gets a card with its hash, as its maker would give it."""
    weights = path.with_suffix(".safetensors")
    if path.suffix == ".safetensors":
        card = json.loads(path.with_suffix(".json").read_text())
        path.with_suffix(".json").write_text(json.dumps({**card, "sha256": sha256(path)}))
    read_card(weights)
    load_weights(weights, weights.stem)
    scan = mt.simulate(phantom((16, 18, 2))[0], mt.Pattern("random", acceleration=2))
    image = mt.run(scan, weights.stem, weights=weights).reconstruction
    assert image is not None
    assert np.isfinite(image.data).all()


def _config(folder: Path) -> list[Path]:
    from tests.train.heads import changed

    (folder / "run").mkdir()
    write_config(folder / "run", Config(recipe=changed(), data=str(folder)))
    return [folder / "run" / "config.yaml"]


def _table(folder: Path) -> list[Path]:
    rows = [f"p{n},images/p{n}.nii,masks/p{n}.nii,{s},t{n}" for n, s in enumerate(("train", "val"))]
    path = folder / "cases.csv"
    path.write_text("\n".join(["case,image,mask,split,patient", *rows]) + "\n")
    return [path]


def _read_table(path: Path) -> None:
    rows = read_cases(path)
    assert len({row.case for row in rows}) == len(rows)


SEEDS: dict[str, Seed] = {
    "nifti": Seed(_nifti, _open, header=352),
    "mgh": Seed(_mgh, _open, header=284),
    "analyze": Seed(_analyze, _open, header=348),
    "minc": Seed(_minc, _open),
    "picture": Seed(_pictures, lambda path: _open(path.parent), header=300),
    "labels": Seed(_labels, _open_labels, header=352),
    "mask": Seed(_masks, _read_mask, header=128),
    "run-folder": Seed(_run_folder, _read_run),
    "weights": Seed(_weights, _read_weights, header=2000),
    "config": Seed(_config, lambda path: read_config(path)),
    "table": Seed(_table, _read_table),
}
