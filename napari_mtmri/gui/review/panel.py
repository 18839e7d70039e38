# SPDX-License-Identifier: BSD-3-Clause
"""The Review panel: connects its parts to the open review and the viewer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from napari.utils.notifications import show_info
from napari.viewer import Viewer
from qtpy.QtWidgets import QFileDialog, QTabWidget, QVBoxLayout

from napari_mtmri.errors import RequestError
from napari_mtmri.gui.app.closing import ClosingGuard, guard_window_of, window_of
from napari_mtmri.gui.app.panels import register_panel, unbind_keys, unwrapped
from napari_mtmri.gui.jobs import sentence
from napari_mtmri.gui.review.canvas import CanvasControls
from napari_mtmri.gui.review.closing import TITLE, question_of
from napari_mtmri.gui.review.desk import Desk
from napari_mtmri.gui.review.editing import Editing
from napari_mtmri.gui.review.guide import GUIDE
from napari_mtmri.gui.review.keys import KEYS, LAYER_KEYS
from napari_mtmri.gui.review.parts.case import CasePart
from napari_mtmri.gui.review.parts.cases import CasesPart
from napari_mtmri.gui.review.parts.lesions import LesionsPart
from napari_mtmri.gui.review.parts.project import ProjectPart
from napari_mtmri.gui.review.parts.quality import QualityPart
from napari_mtmri.gui.review.parts.recovery import RecoveryPart
from napari_mtmri.gui.review.parts.suggest import SuggestPart
from napari_mtmri.gui.review.parts.tools import ToolsPart
from napari_mtmri.gui.review.parts.verdict import VerdictPart
from napari_mtmri.gui.review.planes import Planes
from napari_mtmri.gui.review.project_jobs import ProjectJobs
from napari_mtmri.gui.review.quality_reading import QualityReading
from napari_mtmri.gui.review.state import View, known_reader, remember_reader
from napari_mtmri.gui.review.suggesting import Suggesting
from napari_mtmri.gui.review.tool_list import TOOLS
from napari_mtmri.gui.widgets.header import Header
from napari_mtmri.gui.widgets.layout import Column, Panel, Section
from napari_mtmri.review.lesions import LesionTable
from napari_mtmri.review.opened import OpenCase

DEVICE = "none: reviewing needs neither a model nor a GPU"
OBLIQUE = "Oblique: shown on its own grid."
ASK_NAME = "Give your name or initials: your masks and verdicts are kept under it."


class Review(Panel):
    """See, correct and sign off the masks of a folder of cases."""

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__()
        self.viewer = unwrapped(napari_viewer)
        self.view = View()
        self.header = Header("Review", GUIDE)
        self.header.show_device(DEVICE)
        self.cases, self.case, self.tools = CasesPart(self.view), CasePart(), ToolsPart()
        self.lesions, self.suggest = LesionsPart(), SuggestPart()
        self.project, self.recovery, self.verdict = ProjectPart(), RecoveryPart(), VerdictPart()
        self.desk = Desk(self.viewer, self)
        self.editing = Editing(self.desk)
        self.canvas = CanvasControls(self.viewer, self.desk.image_on_screen, self.desk.touch)
        self.desk.is_drawing = self.canvas.is_drawing
        self.planes = Planes(self.viewer, self.desk.layers, self.canvas.is_drawing, self)
        self.suggesting = Suggesting(
            self.editing, self.desk, self.suggest, self.tools.protect.isChecked
        )
        self.quality = QualityPart()
        self.reading = QualityReading(self.viewer, self.desk, self.quality)
        self.jobs = ProjectJobs(self.desk, self.project)
        self.guard: ClosingGuard | None = None
        self._wanted: Path | None = None
        self._review_folder: Path | None = None
        self._asked_reader = ""  # for whom a folder is being opened
        self._has_let_go = False
        self._is_hidden = False
        self._lay_out()
        self._connect()
        self.cases.reader.setText(known_reader())
        register_panel(self, self.desk.keeper.close, KEYS)

    def _lay_out(self) -> None:
        self.tabs = QTabWidget()
        correct = Column(self.case, Section("Lesions", self.lesions), Section("Tools", self.tools))
        for column, title in (
            (Column(self.cases, fills=True), "Cases"),
            (correct, "Correct"),
            (Column(self.suggest), "Suggest"),
            (Column(self.quality), "Quality"),
            (Column(self.project), "Project"),
        ):
            self.tabs.addTab(column, title)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 2, 2, 6)
        layout.addWidget(self.header)
        layout.addWidget(self.tabs, stretch=1)
        layout.addWidget(self.recovery)
        layout.addWidget(self.verdict)

    def _connect(self) -> None:
        desk, editing = self.desk, self.editing
        self.view.events.connect(self._view_changed)
        self.cases.folder_asked.connect(self.ask_for_folder)
        self.cases.reader_named.connect(self._reader_named)
        self.cases.chosen.connect(desk.open_case)
        desk.opened.connect(self._project_opened)
        desk.case_opened.connect(self._case_opened)
        desk.case_closed.connect(self._case_closed)
        desk.listed.connect(self._list)
        editing.edited.connect(self._show_editable)
        editing.working.connect(self._show_editable)
        editing.measured.connect(self._show_lesions)
        desk.beat.connect(self._show_saving)
        editing.noted.connect(self.tools.show_note)
        desk.failed.connect(self._failed)
        editing.failed.connect(self._failed)
        self.viewer.dims.events.current_step.connect(desk.touch)
        self._connect_parts()

    def _connect_parts(self) -> None:
        desk, editing = self.desk, self.editing
        self.case.mask_chosen.connect(self._mask_chosen)
        self.case.sequence_chosen.connect(desk.show_sequence)
        self.case.window_chosen.connect(self._window_chosen)
        self.case.outline_toggled.connect(desk.layers.show_outline)
        self.case.sources_toggled.connect(editing.show_sources)
        self.case.planes_toggled.connect(self.planes.show)
        self.planes.changed.connect(self.case.planes.setChecked)
        self.tools.asked.connect(self._tool_clicked)
        self.tools.undo_asked.connect(editing.undo)
        self.tools.redo_asked.connect(editing.redo)
        self.tools.protect_toggled.connect(self._protect)
        self.lesions.chosen.connect(editing.go_to_lesion)
        self.lesions.delete_asked.connect(self._delete_lesion)
        self.lesions.relabel_asked.connect(self._relabel_lesion)
        self.lesions.chosen.connect(self.suggest.table.clearSelection)  # one is chosen, not two
        self.lesions.suggested_chosen.connect(self.suggest.choose)
        self.lesions.accept_asked.connect(self.suggest.accept_one)
        self.lesions.reject_asked.connect(self.suggest.reject_one)
        self.suggest.listed.connect(self.lesions.show_suggested)
        self.suggest.chosen.connect(self.lesions.follow)
        self.project.rule_asked.connect(self._find_again)
        self.project.blind_asked.connect(desk.set_blind)
        self.recovery.decided.connect(desk.restore)
        self.recovery.toggled.connect(desk.look_at_recovery)
        self.verdict.given.connect(self._give)
        self.verdict.reopen_asked.connect(desk.reopen)
        self.verdict.again_asked.connect(desk.read_again)
        self.verdict.save_asked.connect(self.save)
        self.verdict.stepped.connect(self.step)
        self.verdict.left.connect(self._focus_canvas)

    # Folder and reader

    def ask_for_folder(self) -> None:
        """Choose a folder of cases."""
        path = QFileDialog.getExistingDirectory(self, "Folder of images and masks")
        if path:
            self.open_folder(Path(path))

    def open_folder(
        self, folder: Path, reader: str | None = None, review_folder: Path | None = None
    ) -> None:
        """Open a folder of cases, once the reader has given a name."""
        self.tabs.setCurrentIndex(0)
        if reader:
            self.cases.reader.setText(reader)
        self._wanted, self._review_folder = Path(folder), review_folder
        name = self.cases.reader.text().strip()
        if name:
            remember_reader(name)
            self._asked_reader = name
            self.cases.show_opening(str(folder))
            self.desk.open_folder(self._wanted, name, None, review_folder)
        else:
            self.cases.problem.show_error(RequestError(ASK_NAME))
            self.cases.reader.setFocus()

    def _reader_named(self, name: str) -> None:
        session = self.desk.session
        known = self._asked_reader if session is None else session.project.reader
        if self._wanted is not None and name not in ("", known):
            self.open_folder(self._wanted, None, self._review_folder)

    def _find_again(self, rule: Any) -> None:
        session = self.desk.session
        if session is not None:
            project = session.project
            self.desk.open_folder(project.data, project.reader, rule, project.folder)

    def _project_opened(self) -> None:
        session = self.desk.session
        assert session is not None  # it was just opened
        blinding, project = session.blinding, session.project
        others = () if blinding.hides("reader") else project.readers()
        self.cases.show_folder(blinding.text(str(project.data)), others)
        # Files without a case are unknown to the blinding, which could not hide their names.
        hidden = project.found.notes if blinding.hides("file") else ()
        notes = [blinding.text(note) for note in session.notes if note not in hidden]
        self.cases.show_notes(notes)
        seed = blinding.seed
        how = project.found.text if seed is None else f"{len(project.cases)} cases"
        self.project.show_project(project.found, how, seed)
        self.suggesting.list_models(is_blind=blinding.hides("method"))
        self.reading.end()
        self.canvas.turn_on()
        self._list()

    # Cases

    def _view_changed(self, what: Any) -> None:
        self._list()

    def _list(self) -> None:
        session = self.desk.session
        if session is None:
            return
        found = session.select(self.view.filter(), self.view.sort)
        current = "" if self.desk.current is None else self.desk.current.name
        self.cases.show_cases(found, current, session.progress.text)
        self._show_editable()

    def step(self, by: int) -> None:
        """Open the next or previous case of the list; in a reading of quality, the next page."""
        if self.reading.page is not None:
            self.quality.keep()
            return
        current = "" if self.desk.current is None else self.desk.current.name
        name = self.cases.neighbour(current, by)
        if name:
            self.desk.open_case(name)

    def _case_opened(self, case: OpenCase) -> None:
        session = self.desk.session
        assert session is not None  # a case of it was opened
        blinding = session.blinding
        masks = {one: blinding.mask_title(case.name, one) for one in case.case.masks}
        sequences = [] if blinding.hides("file") else list(case.case.sequences)
        notes = [OBLIQUE] * case.image.is_oblique + [blinding.text(note) for note in case.notes]
        self.case.show_case(masks, case.status.base, sequences, notes)
        self.tools.show_units(case.image.spacing_known)
        self.tools.show_window(*self.desk.layers.image.contrast_limits)
        self.tools.show_note("")
        self.lesions.clear()
        self.recovery.show_recovery(case.recovery)
        self._protect(self.tools.protect.isChecked())
        self._bind_layer_keys()
        self.verdict.show_error("")
        self._show_saving()

    def _case_closed(self) -> None:
        self.lesions.clear()
        self.recovery.show_recovery(None)
        self._list()

    def _bind_layer_keys(self) -> None:
        for key in LAYER_KEYS:
            self.desk.layers.mask.bind_key(key, self._undo_or_redo(key), overwrite=True)

    def _undo_or_redo(self, key: str) -> Any:
        act = self.editing.undo if key == LAYER_KEYS[0] else self.editing.redo

        def pressed(layer: Any) -> None:
            act()

        return pressed

    def _mask_chosen(self, title: str) -> None:
        if self.desk.current is not None:
            self.desk.open_case(self.desk.current.name, mask=title)

    def _window_chosen(self, preset: str) -> None:
        self.desk.preset = preset
        self.canvas.show_preset(preset)

    def _give(self, verdict: str) -> None:
        self.desk.verdict(verdict, *self.verdict.words())
        self._focus_canvas()

    def save(self) -> None:
        """Save a version of the mask now."""
        self.desk.save()

    # Editing

    def use_tool(self, name: str) -> None:
        """Use a tool; the seed is the voxel under the mouse, the lesion the chosen one."""
        seed = self.desk.layers.cursor_voxel() if TOOLS[name].needs_seed else None
        self.editing.use_tool(name, self.tools.settings(), seed, self.lesions.number)

    def _tool_clicked(self, name: str) -> None:
        if TOOLS[name].needs_seed:
            self.tools.show_note("Click the seed in the image")
            self.canvas.wait_for_click(self._seed_clicked)
        else:
            self.use_tool(name)

    def _seed_clicked(self) -> None:
        self.use_tool("seed")

    def _delete_lesion(self, number: int) -> None:
        self.use_tool("delete")

    def _relabel_lesion(self, number: int) -> None:
        self.use_tool("relabel")

    def _protect(self, wanted: bool) -> None:
        if self.desk.layers.mask is not None:
            self.desk.layers.mask.preserve_labels = wanted

    def _show_lesions(self, lesions: LesionTable) -> None:
        self.lesions.show_lesions(lesions, self.desk.label_names)

    # What is shown all the time

    def _show_editable(self, *_: object) -> None:
        can_edit, current = self.desk.can_edit, self.desk.current
        can_undo = current is not None and current.history.can_undo
        can_redo = current is not None and current.history.can_redo
        self.tools.show_state(can_edit=can_edit, can_undo=can_undo, can_redo=can_redo)
        self.lesions.show_editable(can_edit)
        session = self.desk.session
        status = None if session is None or current is None else session.status
        is_writable = session is not None and not session.is_read_only
        self.verdict.show_case(status, can_edit=is_writable and not self.recovery.is_asking)

    def _show_saving(self) -> None:
        session = self.desk.session
        if session is None:
            return
        blinding = session.blinding
        self.verdict.show_time(self.desk.active_s)
        if session.saved is not None:
            self.verdict.show_saved(blinding.text(session.saved.text))
        problem = session.problem or (session.read_only_reason if session.is_read_only else "")
        self.verdict.show_problem(blinding.text(problem))

    def _failed(self, why: BaseException) -> None:
        session = self.desk.session
        text = sentence(why) if session is None else session.blinding.text(sentence(why))
        if session is None:
            self._asked_reader = ""
            self.cases.show_folder("", ())
            self.cases.problem.show_error(why)
        else:
            self.tools.show_note(text)
            self.verdict.show_error(text)
        self._show_editable()
        if self._is_hidden:
            show_info(text)

    def _focus_canvas(self) -> None:
        window = window_of(self)
        if window is not None:
            window.setFocus()

    # Closing

    def close_down(self) -> None:
        """Close the project, and disconnect from the viewer."""
        self.let_go()

    def let_go(self) -> None:
        """Disconnect from the viewer, also when the widget itself is deleted."""
        if self._has_let_go:
            return
        self._has_let_go = True
        self.suggesting.job.stopper.stop()
        self.planes.hide()
        self.canvas.turn_off()
        self.reading.end()
        self.desk.let_go()
        self.editing.let_go()
        self.viewer.dims.events.current_step.disconnect(self.desk.touch)
        unbind_keys(self.viewer, KEYS)
        if self.guard is not None:
            self.guard.questions.pop(TITLE, None)

    def hideEvent(self, event: Any) -> None:
        """The review continues while the panel is hidden: strokes are saved."""
        self._is_hidden = True
        super().hideEvent(event)

    def showEvent(self, event: Any) -> None:
        """Ask before napari closes while work is not on the disk."""
        super().showEvent(event)
        if self._is_hidden or self.guard is None:
            self._is_hidden = False
            self.guard = guard_window_of(self)
            if self.guard is not None:
                self.guard.add(question_of(self.desk.keeper))
