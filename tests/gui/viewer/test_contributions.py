# SPDX-License-Identifier: BSD-3-Clause
"""Readers, writers and samples as called by napari, and the manifest."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

import napari_mtmri as mt
from napari_mtmri.errors import RequestError
from napari_mtmri.gui.viewer.contributions import get_reader, read_layers
from tests.gui.conftest import WAIT_MS

ROOT = Path(mt.__file__).parent
MANIFEST = yaml.safe_load((ROOT / "napari.yaml").read_text("utf-8"))["contributions"]
CONTRIBUTABLE = "napari/"


def test_the_reader_accepts_only_its_own_formats(tmp_path: Path, files: Any) -> None:
    assert get_reader(str(files[0])) is read_layers
    assert get_reader([str(files[0])]) is read_layers
    other = tmp_path / "notes.gz"
    other.write_bytes(b"x")
    assert get_reader(str(other)) is None
    assert get_reader(str(tmp_path)) is None
    assert get_reader(str(tmp_path / "missing.nii")) is None


def test_a_file_named_mask_with_few_integers_opens_as_labels(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    assert read_layers(str(files[0]))[0][2] == "image"
    drawn, _, kind = read_layers(str(files[1]))[0]
    assert kind == "labels"
    assert drawn.flags.writeable
    called_so = tmp_path / "lesion_study.nii.gz"
    mt.save(mt.open(files[0]), called_so)
    assert read_layers(str(called_so))[0][2] == "image"  # despite its name
    assert len(read_layers([str(files[0]), str(files[1])])) == 2


def test_usual_names_and_the_label_intent_open_as_labels(files: Any, tmp_path: Path) -> None:
    """Names of BIDS, FreeSurfer, and challenges; the intent is that of the NIfTI standard."""
    nib = pytest.importorskip("nibabel")
    few = np.zeros((8, 8, 4), np.uint8)
    few[2:5, 2:5, 1:3] = 1
    many = np.arange(256, dtype=np.int16).reshape(8, 8, 4)
    affine = np.diag([1.0, 1, 3, 1])
    named = ("sub-01_dseg.nii.gz", "LesionMask.nii.gz", "case_brainmask.nii.gz", "consensus_gt.nii")
    for name in named:
        nib.save(nib.Nifti1Image(few, affine), tmp_path / name)
    for name in ("aseg.mgz", "aparc+aseg.mgz"):
        nib.save(nib.MGHImage(many.astype(np.int32), affine), tmp_path / name)
    for name in (*named, "aseg.mgz", "aparc+aseg.mgz"):
        assert read_layers(str(tmp_path / name))[0][2] == "labels", name
    image = nib.Nifti1Image(many, affine)
    image.header.set_intent("label")
    nib.save(image, tmp_path / "anything.nii.gz")
    assert read_layers(str(tmp_path / "anything.nii.gz"))[0][2] == "labels"
    for name in ("flair.nii.gz", "flair_message.nii.gz", "target.nii.gz"):
        nib.save(nib.Nifti1Image(few, affine), tmp_path / name)
        assert read_layers(str(tmp_path / name))[0][2] == "image", name


def test_an_image_and_its_mask_selected_together_are_saved(
    viewer: Any, files: tuple[Path, Path], tmp_path: Path
) -> None:
    viewer.open([str(files[0])], plugin="napari-mtmri")
    viewer.open([str(files[1])], plugin="napari-mtmri")
    viewer.layers.selection = set(viewer.layers)
    paths = viewer.layers.save(str(tmp_path / "both.nii.gz"), selected=True, plugin="napari-mtmri")
    assert sorted(Path(path).name for path in paths) == ["both.nii.gz", "both_mask.nii.gz"]
    np.testing.assert_array_equal(mt.open(tmp_path / "both.nii.gz").data, mt.open(files[0]).data)
    drawn = mt.open(tmp_path / "both_mask.nii.gz", kind="labels")
    np.testing.assert_array_equal(drawn.data, mt.open(files[1], kind="labels").data)


@pytest.mark.parametrize("ending", [".nii", ".nii.gz", ".mgz"])
def test_painted_labels_are_written_on_the_grid_of_their_file(
    viewer: Any, files: tuple[Path, Path], tmp_path: Path, ending: str
) -> None:
    if ending != ".nii":
        pytest.importorskip("nibabel")
    layer = viewer.open(str(files[1]), plugin="napari-mtmri")[0]
    layer.data[2, 3, 4] = 5
    path = tmp_path / f"out{ending}"
    assert layer.save(str(path), plugin="napari-mtmri") == [str(path)]
    written, source = mt.open(path, kind="labels"), mt.open(files[1], kind="labels")
    np.testing.assert_allclose(written.affine, source.affine, atol=1e-6)
    assert written.data[4, 3, 2] == 5
    assert (written.data != source.data).sum() == 1


def test_labels_that_napari_made_are_written_on_the_grid_of_the_image(
    viewer: Any, files: tuple[Path, Path], tmp_path: Path
) -> None:
    viewer.open(str(files[0]), plugin="napari-mtmri")
    viewer._new_labels()
    layer = viewer.layers[-1]
    layer.data[1, 2, 3] = 4
    layer.save(str(tmp_path / "new.nii.gz"), plugin="napari-mtmri")
    written, image = mt.open(tmp_path / "new.nii.gz", kind="labels"), mt.open(files[0])
    assert written.same_grid(image)
    assert written.data[3, 2, 1] == 4


def test_an_image_is_written_as_it_was_read(
    viewer: Any, files: tuple[Path, Path], tmp_path: Path
) -> None:
    layer = viewer.open(str(files[0]), plugin="napari-mtmri")[0]
    layer.save(str(tmp_path / "copy.nii.gz"), plugin="napari-mtmri")
    written, source = mt.open(tmp_path / "copy.nii.gz"), mt.open(files[0])
    np.testing.assert_array_equal(written.data, source.data)
    np.testing.assert_array_equal(written.affine, source.affine)


def test_the_samples_open_from_the_menu(viewer: Any) -> None:
    for sample in MANIFEST["sample_data"]:
        viewer.layers.clear()
        viewer.open_sample("napari-mtmri", sample["key"])
        kinds = [type(layer).__name__ for layer in viewer.layers]
        assert kinds == ["Image", "Labels"]
        assert viewer.layers[0].data.shape == viewer.layers[1].data.shape


def test_every_command_of_the_manifest_exists_and_every_reference_is_a_command() -> None:
    commands = {command["id"]: command for command in MANIFEST["commands"]}
    for command in commands.values():
        module, _, name = command["python_name"].partition(":")
        assert callable(getattr(import_module(module), name))
    for kind in ("readers", "writers", "sample_data", "widgets"):
        assert all(entry["command"] in commands for entry in MANIFEST[kind])
    submenus = {menu["id"] for menu in MANIFEST["submenus"]}
    assert submenus <= set(MANIFEST["menus"])
    for place, entries in MANIFEST["menus"].items():
        assert place.startswith(CONTRIBUTABLE) or place in submenus
        for entry in entries:
            assert entry.get("command", next(iter(commands))) in commands
            assert entry.get("submenu", next(iter(submenus))) in submenus


def test_commands_stand_in_the_menu_of_their_panel() -> None:
    """Nobody looks for "Start the training" beside rotations of layers."""
    menus = MANIFEST["menus"]
    for panel in ("reconstruct", "train", "compare", "review"):
        names = [entry["command"] for entry in menus[f"mtmri/{panel}"]]
        assert names[0] == f"napari-mtmri.open_{panel}"
        places = [
            place for place, entries in menus.items() if {"submenu": f"mtmri/{panel}"} in entries
        ]
        assert len(places) == 1


def test_napari_knows_the_menus_and_shows_the_commands_in_the_palette(viewer: Any) -> None:
    from napari._app_model import get_app_model
    from napari._app_model.constants import MenuId

    known = {str(menu) for menu in MenuId.contributables()}
    assert {place for place in MANIFEST["menus"] if place.startswith(CONTRIBUTABLE)} <= known
    model = get_app_model()
    palette = {item.command.id for item in model.menus.get_menu(model.menus.COMMAND_PALETTE_ID)}
    named = {command["id"] for command in MANIFEST["commands"] if ".gui.commands:" in (
        command["python_name"]
    )}  # fmt: skip
    assert named <= palette


def test_every_format_that_is_read_is_in_the_manifest() -> None:
    from napari_mtmri.readers.base import READERS

    endings = {f"*{ending}" for name in READERS.names() for ending in READERS.get(name).patterns}
    assert endings <= set(MANIFEST["readers"][0]["filename_patterns"])
    written = {
        ending
        for name in READERS.names()
        if READERS.get(name).write is not None
        for ending in READERS.get(name).patterns
    }
    for writer in MANIFEST["writers"]:
        assert set(writer["filename_extensions"]) <= written


def test_a_preference_is_set_only_by_its_command(viewer: Any) -> None:
    from napari.settings import get_settings

    from napari_mtmri.gui.app.commands import prefer_nifti

    plugins = get_settings().plugins
    plugins.extension2reader = {"*.gz": "another"}
    prefer_nifti()
    assert list(plugins.extension2reader.items()) == [
        ("*.nii", "napari-mtmri"), ("*.nii.gz", "napari-mtmri"), ("*.gz", "another"),
    ]  # fmt: skip


def test_gui_modules_do_not_import_torch_and_contributions_not_qt() -> None:
    code = (
        "import sys, napari_mtmri.gui.viewer.contributions, napari_mtmri.gui.viewer.orientation;"
        "assert not {'qtpy', 'PySide6', 'torch'} & set(sys.modules), sys.modules.keys();"
        "import napari_mtmri.gui.reconstruct.state, napari_mtmri.gui.reconstruct.volume_job;"
        "assert 'qtpy' not in sys.modules;"
        "import napari_mtmri.gui.reconstruct.panel, napari_mtmri.gui.app.window;"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_panel_opens_without_torch_on_the_window_s_thread(
    viewer: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    from napari_mtmri.gui.app import commands
    from napari_mtmri.gui.reconstruct import panel as module

    seen: list[int] = []
    load = module.load_device

    def spy(choices: Any) -> str:
        seen.append(threading.get_ident())
        return load(choices)

    monkeypatch.setattr(module, "load_device", spy)
    panel = commands.open_reconstruct(viewer)
    qtbot.waitUntil(lambda: "cpu" in panel.header.device.text(), timeout=WAIT_MS)
    assert seen
    assert threading.get_ident() not in seen


def test_a_device_that_cannot_be_loaded_ends_the_loading_message(
    viewer: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from napari_mtmri.gui.app import commands
    from napari_mtmri.gui.reconstruct import panel as module

    def fail(choices: Any) -> str:
        raise RequestError("no such device")

    monkeypatch.setattr(module, "load_device", fail)
    panel = commands.open_reconstruct(viewer)
    qtbot.waitUntil(lambda: panel.header.device.text() == "Device: —", timeout=WAIT_MS)
    assert "no such device" in panel.header.device.toolTip()
    panel.header.show_device("cpu: the only one")
    panel.header.show_no_device(RequestError("a later one"))
    assert panel.header.device.text() == "Device: cpu"


def test_a_folder_of_slices_opens_with_its_mask(viewer: Any, tmp_path: Path) -> None:
    from skimage.io import imsave

    folder = tmp_path / "TCGA_XX_0001_20000101"
    folder.mkdir()
    for number in range(1, 4):
        slice_ = np.zeros((16, 18, 3), np.uint8)
        slice_[2:6, 3:7, 1] = 50 * number
        imsave(folder / f"{folder.name}_{number}.tif", slice_, check_contrast=False)
        mask = (slice_[..., 1] > 0).astype(np.uint8) * 255
        imsave(folder / f"{folder.name}_{number}_mask.tif", mask, check_contrast=False)
    layers = viewer.open(str(folder), plugin="napari-mtmri")
    assert [type(layer).__name__ for layer in layers] == ["Image", "Labels"]
    assert layers[0].data.shape == (3, 16, 18)
    assert (layers[0].data[1] > 0).sum() == layers[1].data[1].sum() == 16


def test_a_folder_of_slices_without_masks_opens_as_an_image_alone(tmp_path: Path) -> None:
    from skimage.io import imsave

    for number in (1, 2):
        picture = np.zeros((8, 8, 3), np.uint8)
        imsave(tmp_path / f"TCGA_XX_1_{number}.tif", picture, check_contrast=False)
    assert [kind for _, _, kind in read_layers(str(tmp_path))] == ["image"]
