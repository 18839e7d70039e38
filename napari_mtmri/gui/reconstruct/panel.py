# SPDX-License-Identifier: BSD-3-Clause
"""The Reconstruct panel: wires its parts to the verbs and the viewer."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from napari.viewer import Viewer
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QGroupBox, QScrollArea, QVBoxLayout, QWidget

from napari_mtmri.errors import MtmriError
from napari_mtmri.gui.layers import placement_of_layer, result_layers
from napari_mtmri.gui.orientation import set_view
from napari_mtmri.gui.reconstruct import requests
from napari_mtmri.gui.reconstruct.dialogs import Dialogs
from napari_mtmri.gui.reconstruct.input_part import InputPart
from napari_mtmri.gui.reconstruct.method_part import MethodPart
from napari_mtmri.gui.reconstruct.preview_layers import PreviewLayers
from napari_mtmri.gui.reconstruct.results import ResultLayers, slice_on_screen
from napari_mtmri.gui.reconstruct.run_part import RunPart, ShowPart
from napari_mtmri.gui.reconstruct.sampling_part import RealismPart, SamplingPart
from napari_mtmri.gui.reconstruct.scores_part import ScoresPart
from napari_mtmri.gui.reconstruct.state import Choices
from napari_mtmri.gui.widgets.header import Header
from napari_mtmri.gui.work import Job, Latest
from napari_mtmri.methods.passes import Progress
from napari_mtmri.result import Result

DOCS = str(Path(__file__).parents[3] / "docs" / "clinician.md")
WIDTH = 380
PAPER_PLANE = (224, 192)


class Reconstruct(QWidget):
    """Under-sample a volume, reconstruct and segment it, and see how well.

    Signals
    -------
    finished : the Result of a whole run, once its layers stand
    """

    finished = Signal(object)

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__()
        self.viewer = napari_viewer
        self.choices = Choices()
        self.result: Result | None = None
        self.header = Header(DOCS)
        self.input = InputPart(napari_viewer)
        self.sampling, self.realism = SamplingPart(self.choices), RealismPart(self.choices)
        self.method, self.show_part = MethodPart(self.choices), ShowPart(self.choices)
        self.run_part, self.scores = RunPart(), ScoresPart()
        self.job, self.loader = Job(self), Latest(self)
        self.zero_lane, self.method_lane = Latest(self), Latest(self)
        self.dialogs = Dialogs(napari_viewer, self)
        self._preview = PreviewLayers(napari_viewer)
        self._results = ResultLayers(napari_viewer, self)
        self._lay_out()
        self._connect()
        set_view(napari_viewer, "radiological")
        self.loader.ask(partial(requests.load_device, self.choices.method))
        self._refresh()

    def _lay_out(self) -> None:
        body = QWidget()
        column = QVBoxLayout(body)
        column.addWidget(self.header)
        for title, parts in (
            ("Input", [self.input]),
            ("Sampling", [self.sampling, self.realism]),
            ("Method", [self.method]),
            ("Run", [self.run_part]),
            ("Show", [self.show_part]),
            ("Scores", [self.scores]),
        ):
            group = QGroupBox(title)
            inside = QVBoxLayout(group)
            for part in parts:
                inside.addWidget(part)
            column.addWidget(group)
        column.addStretch()
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(body)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(scroll)
        self.setMinimumWidth(WIDTH)

    def _connect(self) -> None:
        self.input.changed.connect(self._refresh)
        self.input.swap_asked.connect(self.swap_axes)
        self.input.open_asked.connect(self.dialogs.open_files)
        self.sampling.load_asked.connect(self.dialogs.load_mask)
        self.sampling.save_asked.connect(self._save_mask)
        self.sampling.spread.toggled.connect(self._refresh)
        self.run_part.run_asked.connect(self.run_volume)
        self.run_part.stop_asked.connect(self.job.stop)
        self.run_part.live_changed.connect(self._live_changed)
        self.scores.save_asked.connect(self._save_run)
        self.scores.figure_asked.connect(self._save_figure)
        self.choices.events.connect(self._refresh)
        self.viewer.dims.events.point.connect(self._slice_changed)
        self.loader.done.connect(self._device_known)
        self.loader.failed.connect(self.run_part.show_error)
        for lane in (self.zero_lane, self.method_lane):
            lane.done.connect(self._slice_done)
            lane.failed.connect(self._live_failed)
        self.job.progressed.connect(self._progressed)
        self.job.done.connect(self._done)
        self.job.failed.connect(self.run_part.show_error)
        self.job.stopped.connect(self._stopped)
        self.job.ended.connect(self._ended)
        self._results.placed.connect(self.finished)
        self.dialogs.mask_chosen.connect(self.sampling.use_file)
        self.dialogs.said.connect(self.run_part.show_note)
        self.dialogs.failed.connect(self.run_part.show_error)

    # What is chosen

    def _refresh(self, *_: object) -> None:
        """Show the mask, the facts and, with Live, the slice of what is chosen now."""
        volume = self.input.volume()
        axes = None if volume is None else self.choices.axes(volume)
        self.input.show_facts(volume, axes)
        self.run_part.run.setEnabled(volume is not None and not self.job.is_running)
        plane = self._plane()
        try:
            pattern = self.choices.make_pattern()
            sampling = pattern.describe(plane)
            self.sampling.show_mask(pattern.mask(plane), sampling)
        except MtmriError as why:
            self.sampling.show_problem(str(why))
            return
        self.method.show_far(pattern.name, sampling.acceleration)
        self._ask_live()

    def _plane(self) -> tuple[int, int]:
        """Readout and phase size of the chosen volume, or those of the paper."""
        volume = self.input.volume()
        if volume is None:
            return PAPER_PLANE
        axes = self.choices.axes(volume)
        return volume.shape[axes.readout], volume.shape[axes.phase]

    def swap_axes(self) -> None:
        """Exchange the phase-encoding and readout directions."""
        self.choices.swapped = not self.choices.swapped

    def _device_known(self, device: Any) -> None:
        self.header.show_device(device.why)

    # One slice, live

    def _live_changed(self, on: bool) -> None:
        if on:
            self._ask_live()
        elif not self.job.is_running:
            self._preview.remove()

    def _ask_live(self) -> None:
        if not self.run_part.live.isChecked() or self.job.is_running:
            return
        volume = self.input.volume()
        if volume is None:
            return
        self._prepare(volume)
        number = self._slice()
        choices = requests.frozen(self.choices)
        self.zero_lane.ask(partial(requests.zero_filled_slice, choices, volume, number))
        if choices.method != "zero-filled":
            self.method_lane.ask(partial(requests.method_slice, choices, volume, number))

    def _slice_done(self, shown: requests.SliceShown) -> None:
        if not self.run_part.live.isChecked() or self.job.is_running:
            return
        if shown.image is not None:
            self._preview.show_image(shown.what, shown.number, shown.image)
        if shown.probability is not None:
            self._preview.show_segmentation(shown.number, shown.probability)

    def _live_failed(self, why: BaseException) -> None:
        self.run_part.show_error(why)

    def _slice_changed(self, event: Any = None) -> None:
        if self.input.layer is not None:
            self.scores.show_slice(self._slice())
            self._ask_live()

    def _slice(self) -> int:
        volume = self.input.volume()
        if volume is None:
            return 0
        return slice_on_screen(self.viewer, self.input.layer, self.choices.axes(volume))

    def _prepare(self, volume: Any) -> None:
        placement = placement_of_layer(self.input.layer)
        self._preview.prepare(volume, self.choices.axes(volume), placement)

    # The whole volume

    def run_volume(self) -> None:
        """Reconstruct the chosen volume, the slice on screen first."""
        volume = self.input.volume()
        if volume is None or self.job.is_running:
            return
        self._prepare(volume)
        work = partial(
            requests.whole_volume,
            requests.frozen(self.choices), volume, self.input.labels(), self._slice(),
        )  # fmt: skip
        self.run_part.show_note("")
        self.job.start(work)
        self.run_part.show_running(True)

    def stop(self) -> None:
        """Stop a run; the layers stay as they were."""
        self.job.stop()

    def _progressed(self, progress: Progress) -> None:
        self.run_part.show_progress(progress)
        number = self._slice()
        if number in progress.slices:
            at = progress.slices.index(number)
            if progress.image is not None:
                self._preview.show_image(self.choices.method, number, progress.image[at])
            if progress.probability is not None:
                self._preview.show_segmentation(number, progress.probability[at])

    def _done(self, result: Result) -> None:
        self.result = result
        self._preview.remove()
        labels = self.input.labels()
        layers = result_layers(
            result, placement_of_layer(self.input.layer), self.choices.shown, labels
        )
        self._results.place(layers, result)
        self.scores.add(result)
        seconds = result.timings["run_s"]
        self.run_part.show_note("\n".join([f"done in {seconds:.1f} s", *result.warnings]))

    def _stopped(self) -> None:
        self.run_part.show_note("stopped; the layers are as they were")

    def _ended(self) -> None:
        if not self.run_part.live.isChecked():
            self._preview.remove()
        self.run_part.show_running(False)
        self._ask_live()

    # Files

    def _save_mask(self) -> None:
        self.dialogs.save_mask(requests.frozen(self.choices), self._plane())

    def _save_run(self) -> None:
        if self.result is not None:
            self.dialogs.save_run(self.result, self.input.labels())

    def _save_figure(self) -> None:
        if self.result is not None:
            self.dialogs.save_figure(self.result, self.input.labels())

    # Coming and going

    def hideEvent(self, event: Any) -> None:
        """Pause Live while nobody sees it."""
        self.zero_lane.drop()
        self.method_lane.drop()
        super().hideEvent(event)

    def close_down(self) -> None:
        """Stop what runs and let go of the viewer."""
        self.job.stop()
        self.input.disconnect_viewer()
        self.viewer.dims.events.point.disconnect(self._slice_changed)
