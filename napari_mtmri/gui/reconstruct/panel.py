# SPDX-License-Identifier: BSD-3-Clause
"""The Reconstruct panel: connects its parts to the jobs and the viewer."""

from __future__ import annotations

from functools import partial
from typing import Any

from napari.utils.notifications import show_info
from napari.viewer import Viewer
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout

from napari_mtmri.errors import InputError, WeightsError
from napari_mtmri.gui.app import commands
from napari_mtmri.gui.app.panels import register_panel, unbind_keys, unwrapped
from napari_mtmri.gui.jobs import Latest, sentence
from napari_mtmri.gui.reconstruct.files import Files
from napari_mtmri.gui.reconstruct.guide import GUIDE
from napari_mtmri.gui.reconstruct.in_view import InView
from napari_mtmri.gui.reconstruct.live import Live
from napari_mtmri.gui.reconstruct.parts.input import InputPart
from napari_mtmri.gui.reconstruct.parts.method import MethodPart
from napari_mtmri.gui.reconstruct.parts.run import RunPart
from napari_mtmri.gui.reconstruct.parts.sampling import RealismPart, SamplingPart
from napari_mtmri.gui.reconstruct.parts.scores import ScoresPart, summary
from napari_mtmri.gui.reconstruct.parts.show import ShowPart
from napari_mtmri.gui.reconstruct.run_controller import RunController
from napari_mtmri.gui.reconstruct.slice_job import SliceRequest, Tick, load_device
from napari_mtmri.gui.reconstruct.state import DISPLAY, METHOD, Choices
from napari_mtmri.gui.reconstruct.volume_job import VolumeDone, VolumeRequest
from napari_mtmri.gui.viewer import orientation
from napari_mtmri.gui.viewer.layer_list import slice_on_screen
from napari_mtmri.gui.viewer.layers import placement_of_layer
from napari_mtmri.gui.widgets.header import Header
from napari_mtmri.gui.widgets.layout import Column, Panel, Section
from napari_mtmri.methods.assemble import SIMULATED
from napari_mtmri.volume import Volume

KEYS = {
    "Alt-R": commands.run_volume,
    "Alt-S": commands.stop,
    "Alt-I": commands.toggle_live,
    "Alt-X": commands.swap_phase,
    "Alt-N": commands.toggle_view,
}


class Reconstruct(Panel):
    """Under-sample a volume, reconstruct and segment it, and score the result.

    Signals
    -------
    finished : Result of a run, once its layers are added
    """

    finished = Signal(object)

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__()
        self.viewer = unwrapped(napari_viewer)
        self.choices = Choices()
        self.header = Header("Reconstruct", GUIDE)
        self.input = InputPart(self.viewer)
        self.sampling, self.realism = SamplingPart(self.choices), RealismPart(self.choices)
        self.method, self.show_part = MethodPart(self.choices), ShowPart(self.choices)
        self.run_part, self.scores = RunPart(self.choices), ScoresPart()
        self.loader, self.running = Latest(self), RunController(self.viewer, self)
        self.live = Live(self.viewer, self.running.layers, self)
        self.files = Files(self.viewer, self, self._request, self._newest)
        self.in_view = InView(self.viewer, self.input, self.run_part, self)
        self._has_let_go = False
        self._is_hidden = False
        self._lay_out()
        self._connect()
        orientation.watch(self.viewer)
        register_panel(self, self.running.job.stopper.stop, KEYS)
        self._load()
        self._input_changed()

    def _lay_out(self) -> None:
        column = Column(
            Section("Input", self.input),
            Section("Sampling", self.sampling, self.realism),
            Section("Method", self.method),
            Section("Show", self.show_part),
            Section("Scores", self.scores),
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 2, 2, 6)
        layout.addWidget(self.header)
        layout.addWidget(column, stretch=1)
        layout.addWidget(self.run_part)

    def _connect(self) -> None:
        self.input.changed.connect(self._input_changed)
        self.input.repainted.connect(self._repainted)
        self.input.swap_asked.connect(self.swap_axes)
        self.sampling.spread_asked.connect(self._ask)
        self.choices.events.connect(self._chosen)
        self.viewer.dims.events.point.connect(self._slice_changed)
        self.run_part.run_asked.connect(self.run_volume)
        self.run_part.stop_asked.connect(self.stop)
        self.run_part.live_changed.connect(self._live_changed)
        self.show_part.toggled.connect(self._show_more)
        self.loader.done.connect(self.header.show_device)
        self.loader.failed.connect(self.header.show_no_device)
        self.live.ticked.connect(self._ticked)
        self.live.shown.connect(self.run_part.problem.clear)
        self.live.noted.connect(self.run_part.show_note)
        self.running.progressed.connect(self.run_part.show_progress)
        self.running.done.connect(self._done)
        self.running.stopped.connect(self.in_view.end_without_result)
        self.running.failed.connect(self.in_view.end_without_result)
        self.running.stopped.connect(self.run_part.show_stopped)
        self.running.ended.connect(self._ended)
        for source in (self.loader, self.live, self.running, self.files):
            source.failed.connect(self._failed)
        self._connect_files()

    def _connect_files(self) -> None:
        self.input.open_asked.connect(self.files.open_volumes)
        self.input.open_mask_asked.connect(self.files.open_labels)
        self.input.sample_asked.connect(self.files.open_sample)
        self.sampling.load_asked.connect(self.files.load_mask)
        self.sampling.save_asked.connect(self.files.save_mask)
        self.scores.save_asked.connect(self.files.save_run)
        self.scores.figure_asked.connect(self.files.save_figure)
        self.scores.report_asked.connect(self.files.save_report)
        self.scores.csv_asked.connect(self.files.save_csv)
        self.files.opened.connect(self.input.image.choose)
        self.files.mask_chosen.connect(self.sampling.use_file)
        self.files.noted.connect(self.run_part.show_note)
        self.files.writing.connect(self.run_part.show_writing)
        self.files.progressed.connect(self.run_part.show_written)

    def _input_changed(self) -> None:
        volume = self.input.volume()
        self.input.show_facts(volume, None if volume is None else self.choices.axes(volume))
        self._show_scores()
        self.run_part.problem.clear()  # an error of the image or mask before
        if self.in_view.image_changed() and not self.running.is_running:
            self.run_part.show_note("")  # about the image before
        self._show_running()
        self._ask()

    def _show_scores(self) -> None:
        """Show what belongs to the chosen case and mask."""
        case = self.input.case()
        self.scores.show_mask(self.input.mask_version())
        self.scores.show_case(case, can_save=self._newest() is not None)

    def _newest(self) -> VolumeDone | None:
        return self.running.newest(self.input.case())

    def _show_more(self, what: str, wanted: bool) -> None:
        self.running.show_more(self.input.case(), what, wanted)

    def _repainted(self) -> None:
        """Score the slice on screen with the changed mask, and grey scores with another one."""
        self._show_scores()
        if self.run_part.live.isChecked():
            self._ask()

    def _chosen(self, what: Any) -> None:
        name = what.signal.name
        if name in ("error_scale", "error_top"):
            self._scale_errors()
        if name in DISPLAY:
            return
        self.run_part.problem.clear()  # the error and the note are about the previous choices
        if not self.running.is_running and not self.run_part.live.isChecked():
            self.run_part.show_note("")
        if name in METHOD:
            self._load()
        if name == "swapped":
            self._input_changed()
        else:
            self._ask()

    def _load(self) -> None:
        """Load torch and weights in a thread, so that the first slice is fast."""
        if self.method.can_run:
            self.loader.ask(partial(load_device, self.choices.frozen()))

    def _request(self) -> SliceRequest:
        volume = self.input.volume()
        number = self._slice(volume)
        is_live = self.run_part.live.isChecked() and not self.running.is_running
        drawn = None
        if is_live and volume is not None:
            drawn = self.input.drawn_slice(self.choices.axes(volume), number)
        return SliceRequest(
            self.choices.frozen(), volume, number, drawn,
            is_live=is_live, with_spread=self.sampling.spread.isChecked(),
            of=None if self.input.image.layer is None else self.input.image.layer.unique_id,
        )  # fmt: skip

    def _ask(self, *_: object) -> None:
        """Update mask and counts, and with Live the slice on screen, for the current choices."""
        if self._is_hidden:
            return
        if self.run_part.live.isChecked():
            self.run_part.grey_note()  # until the slice is scored for these choices
        request, layer = self._request(), self.input.image.layer
        placement = None if request.volume is None else placement_of_layer(layer)
        self.live.ask(request, placement, self.method.can_run)

    def _slice(self, volume: Volume | None) -> int:
        if volume is None:
            return 0
        return slice_on_screen(self.viewer, self.input.image.layer, self.choices.axes(volume))

    def swap_axes(self) -> None:
        """Exchange the phase-encoding and readout directions."""
        self.choices.swapped = not self.choices.swapped

    def _scale_errors(self) -> None:
        volume = self.input.volume()
        if volume is not None:
            self.running.layers.scale_errors(self.choices.error_limit(volume))

    def _ticked(self, tick: Tick) -> None:
        self.sampling.show_tick(tick)
        self._show_running()
        if tick.problem is not None:  # shown in the sampling part
            self.run_part.problem.clear()
            self.method.far.hide()
            if tick.request.is_live:
                self.run_part.show_note("")
        elif tick.sampling is not None:
            self.method.show_far(tick.request.choices.pattern, tick.sampling.acceleration)

    def _live_changed(self, on: bool) -> None:
        if not on:
            self.live.end()
            self.run_part.show_note("")
        self.in_view.update()
        self._ask()

    def _slice_changed(self, event: Any = None) -> None:
        self.input.follow_slider()
        volume = self.input.volume()
        if volume is not None:
            self.scores.show_slice(self._slice(volume))
            if self.run_part.live.isChecked():
                self._ask()

    def run_volume(self) -> None:
        """Reconstruct the chosen volume, starting with the slice on screen."""
        volume = self.input.volume()
        if volume is None or self.running.is_running:
            return
        request = VolumeRequest(
            self.choices.frozen(),
            volume,
            placement_of_layer(self.input.image.layer),
            self.input.labels(),
            self._slice(volume),
            self.input.image.layer.unique_id,
            self.input.case(),
            self.input.mask_version(),
        )
        self.in_view.begin_run()
        if self.run_part.live.isChecked():
            self.live.step_back()
        self.run_part.show_start()
        self.running.start(request)
        self._show_running()

    def _show_running(self) -> None:
        can_run = self.input.volume() is not None and not self.sampling.problem.text
        self.run_part.show_running(self.running.is_running, can_run)

    def stop(self) -> None:
        """Stop a run and restore the layers from before it."""
        self.running.stop()

    def _done(self, done: VolumeDone) -> None:
        result = done.result
        self.scores.add(result, done.request.case, done.request.mask)
        self._show_scores()
        self.scores.show_slice(self._slice(self.input.volume()))
        # The input part already shows that the scan is simulated.
        lines = [line for line in result.warnings if not line.startswith(SIMULATED)]
        other = "" if self.input.case() == done.request.case else f"{result.name}: "
        self.run_part.show_note(other + summary(result), lines)
        self._notify(f"{result.title}: done.")
        self.finished.emit(result)

    def _ended(self) -> None:
        self._show_running()
        if self.run_part.live.isChecked():
            self._ask()

    def _failed(self, why: BaseException) -> None:
        """Show an error in the part that caused it."""
        if isinstance(why, InputError):
            self.input.problem.show_error(why)
        elif isinstance(why, WeightsError):
            self.method.problem.show_error(why)
        else:
            self.run_part.show_error(why)
        self._notify(sentence(why))

    def _notify(self, text: str) -> None:
        """Show a napari notification if the panel is hidden."""
        if self._is_hidden:
            show_info(text)

    def close_down(self) -> None:
        """Stop running jobs, remove the layers of Live and disconnect from the viewer."""
        self.running.stop()
        self.live.end()
        self.in_view.give_back()
        self.let_go()

    def let_go(self) -> None:
        """Disconnect from the viewer, even if the widget is already deleted."""
        if self._has_let_go:
            return
        self._has_let_go = True
        self.live.pause()
        self.input.disconnect_viewer()
        self.running.let_go()
        self.in_view.let_go()
        self.viewer.dims.events.point.disconnect(self._slice_changed)
        unbind_keys(self.viewer, KEYS)

    def hideEvent(self, event: Any) -> None:
        """Pause Live while the panel is hidden; a run continues."""
        self._is_hidden = True
        self.live.pause()
        super().hideEvent(event)

    def showEvent(self, event: Any) -> None:
        """Continue Live."""
        super().showEvent(event)
        if self._is_hidden:
            self._is_hidden = False
            self.method.refresh()
            self._ask()
