# SPDX-License-Identifier: BSD-3-Clause
"""Widgets and choices, without a viewer."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPoint, Qt
from qtpy.QtGui import QPainter, QPixmap
from qtpy.QtWidgets import QLabel, QPushButton, QTableWidget, QVBoxLayout, QWidget

from napari_mtmri.errors import InputError, RequestError
from napari_mtmri.gui.form import OptionsForm
from napari_mtmri.gui.reconstruct.parts.run import RunPart
from napari_mtmri.gui.reconstruct.parts.scores import ScoresPart
from napari_mtmri.gui.reconstruct.slice_job import SliceRequest, tick
from napari_mtmri.gui.reconstruct.state import Choices
from napari_mtmri.gui.widgets.acceleration import Acceleration
from napari_mtmri.gui.widgets.layout import Flow, Panel, Steady
from napari_mtmri.gui.widgets.mask_preview import STRIP, MaskPreview
from napari_mtmri.gui.widgets.plot import Line, Plot
from napari_mtmri.gui.widgets.problem import Problem
from napari_mtmri.metrics.scores import Score, Scores
from napari_mtmri.parameters import Option
from napari_mtmri.patterns.base import PATTERNS
from napari_mtmri.result import Result
from napari_mtmri.volume import Volume


def picture(preview: MaskPreview) -> np.ndarray:
    image = preview.picture.pixmap().toImage()
    rows, columns = range(image.height()), range(image.width())
    return np.array([[image.pixelColor(x, y).red() for x in columns] for y in rows])


def test_a_1d_mask_is_drawn_with_one_pixel_per_line(qtbot: Any) -> None:
    preview = MaskPreview()
    qtbot.addWidget(preview)
    mask = mask_of("random", (224, 192))
    preview.show_mask(mask)
    seen = picture(preview)
    assert seen.shape == (STRIP, 192)
    np.testing.assert_array_equal(seen > 0, np.repeat(mask[:1], STRIP, axis=0))


def test_a_2d_mask_is_drawn_completely(qtbot: Any) -> None:
    preview = MaskPreview()
    qtbot.addWidget(preview)
    mask = mask_of("radial", (60, 70))
    preview.show_mask(mask)
    np.testing.assert_array_equal(picture(preview) > 0, mask)


def test_a_point_spread_has_its_peak_in_the_middle(qtbot: Any) -> None:
    preview = MaskPreview()
    qtbot.addWidget(preview)
    done = tick(SliceRequest(Choices(), with_spread=True))
    assert done.spread is not None
    preview.show_spread(done.spread)
    seen = picture(preview)
    assert seen.shape == (STRIP, 192)
    assert seen[0].argmax() == 96
    assert seen[0, 96] == 255


def test_a_mask_has_a_frame_also_where_its_last_line_is_white(qtbot: Any) -> None:
    preview = MaskPreview()
    qtbot.addWidget(preview)
    preview.resize(300, 120)
    preview.show()
    qtbot.waitExposed(preview)
    preview.show_mask(np.ones((40, 60), bool))
    seen = preview.picture.grab().toImage()
    left = (preview.picture.width() - 60) // 2 - 1
    frame = seen.pixelColor(left, preview.picture.height() // 2)
    assert frame.lightness() < 128  # the text colour of this light theme
    assert seen.pixelColor(left + 2, preview.picture.height() // 2).lightness() == 255


def test_with_a_large_font_no_button_is_cut_off_and_the_table_grows(qtbot: Any) -> None:
    panel = Panel()
    qtbot.addWidget(panel)
    part, scores = RunPart(Choices()), ScoresPart()
    layout = QVBoxLayout(panel)
    label = QLabel("text")
    for widget in (label, part, scores):
        layout.addWidget(widget)
    layout.addStretch()
    scores.add(scored(), "case")
    scores.show_case("case", can_save=True)
    panel.resize(380, 900)
    panel.show()
    qtbot.waitExposed(panel)
    before = scores.table.height()
    font = label.font()
    font.setPointSizeF(2 * font.pointSizeF())
    for widget in (label, *part.findChildren(QWidget)):
        widget.setFont(font)  # as napari's theme does
    panel._styled()
    qtbot.waitUntil(lambda: scores.table.height() > before)
    buttons = (part.run, part.stop, part.live)
    row = sum(button.sizeHint().width() for button in buttons)
    assert part.minimumSizeHint().width() < row  # which wraps
    for button in buttons:
        assert button.geometry().right() <= part.width()
    table = scores.table
    assert table.verticalHeader().length() <= table.viewport().height()  # all scores are in view
    for shown in (table, table.horizontalHeader(), table.verticalHeader()):
        assert shown.font().pointSizeF() == font.pointSizeF()


def scored() -> Result:
    volume = Volume(np.ones((4, 5, 6), np.float32), np.eye(4), name="head")
    scores = Scores((Score("PSNR", 30.0, "dB"), Score("Dice", 0.5, region="class 1")))
    return Result(
        "mtmri", "head", np.ones((4, 5), bool), volume.axes, volume, scores={"mtmri": scores}
    )


def mask_of(name: str, plane: tuple[int, int]) -> np.ndarray:
    return Choices(pattern=name).acquisition().pattern.mask(plane)


def test_r_can_be_slid_typed_and_clicked(qtbot: Any) -> None:
    widget = Acceleration(4.0)
    qtbot.addWidget(widget)
    widget.resize(300, 50)
    widget.show()
    heard: list[float] = []
    widget.changed.connect(heard.append)
    widget.slider.setValue(53)
    widget.number.setValue(2.75)
    assert heard == [5.3, 2.75]
    assert widget.slider.value() == 28  # the nearest step
    assert widget.value == 2.75
    marks = widget.layout().itemAtPosition(1, 0).widget()
    at = QPoint(marks.place(8), 5)
    qtbot.mouseClick(marks, Qt.MouseButton.LeftButton, pos=at)
    assert heard[-1] == 8.0
    widget.set_most(2.0)
    assert widget.value == 2.0


OPTIONS = (
    Option("sigma", "float", 0.1, "width", 0.01, 10.0, label="Width"),
    Option("offset", "float", None, "shift", 0.2, 1.0),
    Option("arms", "int", 8, "how many", 1, 64),
    Option("side", "choice", "first", "which", choices=("first", "last")),
    Option("sort", "choice", None, "which", choices=("a", "b")),
    Option("fftshift", "bool", True, "where"),
    Option("rate", "float", 0.001, "no range, so it is typed"),
    Option("size", "text", None, "image size; empty: unchanged"),
)


def test_a_form_is_made_from_declared_options(qtbot: Any) -> None:
    form = OptionsForm(OPTIONS)
    qtbot.addWidget(form)
    assert list(form.fields) == [option.name for option in OPTIONS]
    assert form.values() == {}
    labels = [label.text() for label in form.findChildren(QLabel) if label.text()]
    assert labels[:3] == ["Width", "Offset", "Arms"]
    fields = {name: field.native for name, field in form.fields.items()}
    assert fields["sigma"].value() == 0.1
    assert "0.01 to 10" in fields["sigma"].toolTip()
    assert fields["offset"].text() == "automatic"
    assert fields["rate"].placeholderText() == "0.001"
    assert fields["size"].placeholderText() == "unchanged"


def test_a_form_marks_refused_values_until_they_are_corrected(qtbot: Any) -> None:
    form = OptionsForm(OPTIONS)
    qtbot.addWidget(form)
    field, label = form.fields["rate"].native, form.problems["rate"]
    form.show_problems({"rate": "rate is too small"})
    assert label.text() == "rate is too small"
    assert not label.isHidden()
    assert field.styleSheet()
    assert form.problems["sigma"].isHidden()
    form.show_problems({})
    assert label.isHidden()
    assert not field.styleSheet()


def test_a_form_returns_only_what_was_set(qtbot: Any) -> None:
    form = OptionsForm(OPTIONS)
    qtbot.addWidget(form)
    heard: list[Any] = []
    edited: list[Any] = []
    form.changed.connect(heard.append)
    form.edited.connect(lambda name, value: edited.append((name, value)))
    fields = {name: field.native for name, field in form.fields.items()}
    fields["sigma"].setValue(0.5)
    fields["offset"].setValue(0.3)
    fields["arms"].setValue(9)
    fields["side"].setCurrentText("last")
    fields["sort"].setCurrentText("b")
    fields["fftshift"].setChecked(False)
    qtbot.keyClicks(fields["rate"], "1e-4")
    assert edited[-1] == ("fftshift", False)  # not on every keystroke
    fields["rate"].editingFinished.emit()
    assert heard[-1] == {
        "sigma": 0.5, "offset": 0.3, "arms": 9, "side": "last", "sort": "b", "fftshift": False,
        "rate": "1e-4",
    }  # fmt: skip
    assert edited[0] == ("sigma", 0.5)
    fields["offset"].setValue(fields["offset"].minimum())
    assert edited[-1] == ("offset", None)
    assert "offset" not in heard[-1]
    form.show_values({option.name: option.default for option in OPTIONS})
    assert form.values() == {}
    assert edited[-1] == ("offset", None)  # showing values is not editing
    form.show_options(OPTIONS[:1])
    assert list(form.fields) == ["sigma"]


def test_an_error_is_one_sentence_with_expandable_details(qtbot: Any) -> None:
    problem = Problem()
    qtbot.addWidget(problem)
    assert problem.isHidden()
    try:
        raise InputError("x.nii: no volume; choose another.") from ValueError("deep")
    except InputError as why:
        problem.show_error(why)
    assert problem.text == "x.nii: no volume; choose another."
    assert problem.details.isHidden()
    problem._more.click()
    assert not problem.details.isHidden()
    assert "ValueError: deep" in problem.details.toPlainText()
    problem.clear()
    assert problem.isHidden()


def test_a_steady_label_causes_a_layout_only_if_its_height_changes(qtbot: Any) -> None:
    panel, label = QWidget(), QLabel("one line")
    qtbot.addWidget(panel)
    label.setWordWrap(True)
    steady = Steady(label)
    layout = QVBoxLayout(panel)
    layout.addWidget(steady)
    layout.addStretch()
    panel.resize(200, 400)
    panel.show()
    qtbot.waitExposed(panel)
    qtbot.wait(50)
    asked: list[bool] = []
    panel.event = lambda event: (  # type: ignore[method-assign]
        event.type() == QEvent.Type.LayoutRequest and asked.append(True),
        QWidget.event(panel, event),
    )[1]
    high = label.height()
    label.setText("one word")
    qtbot.wait(50)
    assert not asked
    label.setText("many words " * 20)
    qtbot.waitUntil(lambda: label.height() > high)
    assert asked
    assert label.height() == label.heightForWidth(label.width()) == steady.height()


@pytest.mark.parametrize(("low", "high"), [(0.05, 1.2), (0.6, 0.95), (0.001, 30.0)])
def test_numbers_along_a_logarithmic_axis_do_not_overlap(
    low: float, high: float, qtbot: Any
) -> None:
    plot = Plot("Losses", (Line("one", "image"),), is_log=True)
    qtbot.addWidget(plot)
    plot.resize(300, 150)
    plot.show()
    plot.show_line("one", np.arange(3.0), np.array([low, low, high]))
    axis = plot.canvas.getAxis("left")
    qtbot.waitExposed(plot)
    picture = QPixmap(300, 150)
    painter = QPainter(picture)
    _, _, texts = axis.generateDrawSpecs(painter)
    painter.end()
    spans = sorted((box.top(), box.bottom()) for box, _, text in texts if text)
    assert len(spans) >= 2
    assert all(one[1] <= other[0] + 3 for one, other in itertools.pairwise(spans))


def test_choices_emit_a_signal_only_on_a_change() -> None:
    choices = Choices()
    heard: list[str] = []
    choices.events.connect(lambda info: heard.append(info.signal.name))
    choices.acceleration = 4.0
    choices.seed = 3
    choices.options = {}
    assert heard == ["seed"]
    kept = choices.frozen()
    choices.seed = 4
    assert kept.seed == 3
    kept.seed = 5
    assert choices.seed == 4


@pytest.mark.parametrize("name", [name for name in PATTERNS.names() if name != "file"])
def test_every_pattern_can_be_chosen_at_its_defaults(name: str) -> None:
    most = PATTERNS.get(name).max_acceleration
    done = tick(SliceRequest(Choices(pattern=name, acceleration=min(4.0, most))))
    assert done.problem is None
    assert done.mask is not None
    again = tick(SliceRequest(Choices(pattern=name, acceleration=min(4.0, most))))
    np.testing.assert_array_equal(done.mask, again.mask)


def test_settings_that_do_not_fit_are_a_request_error() -> None:
    done = tick(SliceRequest(Choices(acceleration=16.0, center_fraction=0.5)))
    assert isinstance(done.problem, RequestError)
    assert done.mask is None


def test_hidden_widgets_take_no_place_in_a_row(qtbot: Any) -> None:
    body, buttons = QWidget(), [QPushButton(text) for text in "abc"]
    body.setLayout(Flow(*buttons))
    qtbot.addWidget(body)
    buttons[0].hide()
    body.resize(400, 80)
    body.show()
    qtbot.waitUntil(buttons[1].isVisible)
    assert buttons[1].x() == 0
    assert buttons[2].x() > buttons[1].geometry().right()
    assert buttons[2].y() == buttons[1].y()
    both = body.layout().heightForWidth(400)
    assert body.layout().heightForWidth(buttons[1].width()) > both, "a narrow row wraps"


def test_a_plot_has_the_background_of_the_theme_also_of_a_later_one(qtbot: Any) -> None:
    panel = Panel()
    qtbot.addWidget(panel)
    plot = Plot("Losses", [Line("train", "image")])
    QVBoxLayout(panel).addWidget(plot)
    panel.resize(300, 300)
    panel.show()
    plot.show_line("train", np.arange(3.0), np.ones(3))
    for theme in ("#262930", "#efebe9"):
        panel.setStyleSheet(f"QWidget {{ background-color: {theme}; }}")
        qtbot.wait(50)
        assert plot.canvas.grab().toImage().pixelColor(2, 2).name() == theme


def test_a_long_note_leaves_the_panel_its_place_and_scrolls(qtbot: Any) -> None:
    part = RunPart(Choices())
    qtbot.addWidget(part)
    part.resize(380, 700)
    part.show()
    line = part.fontMetrics().lineSpacing()
    for details, is_long in (([], False), (["a remark of many words " * 8] * 4, True)):
        part.show_note("Done in 75 s", details)
        qtbot.wait(50)
        assert (part.note.verticalScrollBar().maximum() > 0) == is_long
        assert line <= part.note.height() <= 7 * line
        assert part.note.text().endswith((details or ["75 s"])[-1])
    part.show_note("")
    assert part.note.isHidden()


def test_tables_have_the_font_of_the_labels_and_rows_after_it(qtbot: Any) -> None:
    panel = Panel()
    layout, label, table = QVBoxLayout(panel), QLabel("text"), QTableWidget(2, 1)
    layout.addWidget(label)
    layout.addWidget(table)
    qtbot.addWidget(panel)
    font = label.font()
    font.setPointSizeF(3 * font.pointSizeF())
    label.setFont(font)
    panel.show()
    qtbot.waitUntil(lambda: table.font().pointSizeF() == font.pointSizeF())
    assert table.horizontalHeader().font().pointSizeF() == font.pointSizeF()
    assert table.rowHeight(0) >= label.fontMetrics().height()
