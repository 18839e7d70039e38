# SPDX-License-Identifier: BSD-3-Clause
"""The review as a whole: how cases were found, blind mode, agreement, consensus, export."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from napari_mtmri.gui.widgets.layout import Flow, Section
from napari_mtmri.gui.widgets.problem import Problem
from napari_mtmri.review.case_rule import CaseRule
from napari_mtmri.review.cases import FoundCases

RULE_TIP = "Pattern of file names relative to the folder; several are separated by |"
WAYS = {"majority": "majority of the readers", "staple": "STAPLE"}


class ProjectPart(QWidget):
    """Rule of the cases, blind mode, and what is made of all readings.

    Signals
    -------
    rule_asked : CaseRule
    blind_asked : seed as int, or None to show everything
    agreement_asked, verify_asked
    consensus_asked : "majority" or "staple"
    export_asked : whether with BIDS names
    training_asked, report_asked
    """

    rule_asked = Signal(object)
    blind_asked = Signal(object)
    agreement_asked = Signal()
    verify_asked = Signal()
    consensus_asked = Signal(str)
    export_asked = Signal(bool)
    training_asked = Signal()
    report_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.found, self.note, self.problem = QLabel(), QLabel(), Problem()
        self.fields = {name: QLineEdit() for name in ("images", "masks", "case_regex")}
        self.use_rule = QPushButton("Find cases again")
        self.blind, self.seed = QCheckBox("Blind mode"), QSpinBox()
        self.agreement, self.verify = QPushButton("Agreement…"), QPushButton("Verify journal")
        self.way, self.consensus = QComboBox(), QPushButton("Make consensus")
        self.bids, self.training = QCheckBox("BIDS names"), QPushButton("Training folder…")
        self.export, self.report = QPushButton("Export…"), QPushButton("Report…")
        self._set_texts()
        self._lay_out()
        self.use_rule.clicked.connect(self._use_rule)
        self.blind.clicked.connect(self._blind)
        self.agreement.clicked.connect(self.agreement_asked)
        self.verify.clicked.connect(self.verify_asked)
        self.consensus.clicked.connect(self._consensus)
        self.export.clicked.connect(self._export)
        self.training.clicked.connect(self.training_asked)
        self.report.clicked.connect(self.report_asked)
        self.setEnabled(False)

    def _set_texts(self) -> None:
        for label in (self.found, self.note):
            label.setWordWrap(True)
        self.fields["images"].setToolTip(RULE_TIP)
        self.fields["masks"].setToolTip(RULE_TIP)
        self.fields["case_regex"].setToolTip(
            "Regular expression whose first group is the name of the case; empty: the text that "
            "the * of the patterns stand for"
        )
        self.blind.setToolTip(
            "Hide names of cases, files, methods and other readers, and shuffle the order (Alt+Shift+H)"
        )
        self.seed.setRange(0, 2**31 - 1)
        self.seed.setPrefix("seed ")
        self.seed.setToolTip("The same seed gives the same order")
        self.agreement.setToolTip(
            "Compare the readers: Dice, HD95, volumes, verdicts; written as tables and a plot"
        )
        self.verify.setToolTip("Check that no line of the journal was altered, removed or moved")
        for key, text in WAYS.items():
            self.way.addItem(text, key)
        self.consensus.setToolTip("Make one mask of all readers' masks, kept as its own reader")
        self.bids.setToolTip("Name the files as BIDS derivatives")
        self.training.setToolTip("Approved cases as a folder from which a method can be trained")
        self.report.setToolTip(
            "Write one HTML page with the verdicts of all readers, without names"
        )
        self.export.setToolTip("Write masks on the grid of their images, and a table of verdicts")

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        for text, field in zip(("Images", "Masks", "Case"), self.fields.values(), strict=True):
            form.addRow(text, field)
        rule = QWidget()
        rule.setLayout(form)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for section in (
            Section("How the cases were found", self.found, rule, _row(self.use_rule)),
            Section("Blind reading", _row(self.blind, self.seed)),
            Section(
                "All readers", _row(self.agreement, self.verify), _row(self.way, self.consensus)
            ),
            Section("Export", _row(self.export, self.bids), _row(self.training, self.report)),
        ):
            layout.addWidget(section)
        layout.addWidget(self.note)
        layout.addWidget(self.problem)

    def show_project(self, found: FoundCases, text: str, seed: int | None) -> None:
        """Show how the cases were found, and whether the reading is blind."""
        self.setEnabled(True)
        self.found.setText(text)
        for name, field in self.fields.items():
            field.setText("" if seed is not None else str(getattr(found.rule, name)))
            field.setEnabled(seed is None)
        self.use_rule.setEnabled(seed is None)
        self.blind.setChecked(seed is not None)
        self.seed.setEnabled(seed is None)
        for button in (self.agreement, self.consensus, self.training, self.report):
            button.setEnabled(seed is None)
        self.note.clear()
        self.problem.clear()

    def show_note(self, text: str) -> None:
        """Show what was done."""
        self.problem.clear()
        self.note.setText(text)

    def show_error(self, why: BaseException) -> None:
        """Show why something could not be done."""
        self.note.clear()
        self.problem.show_error(why)

    def _use_rule(self) -> None:
        self.rule_asked.emit(CaseRule(**{name: one.text() for name, one in self.fields.items()}))

    def _blind(self, is_on: bool) -> None:
        self.blind_asked.emit(self.seed.value() if is_on else None)

    def _consensus(self) -> None:
        self.consensus_asked.emit(self.way.currentData())

    def _export(self) -> None:
        self.export_asked.emit(self.bids.isChecked())


def _row(*widgets: QWidget) -> QWidget:
    row = QWidget()
    row.setLayout(Flow(*widgets))
    return row
