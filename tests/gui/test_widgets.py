# SPDX-License-Identifier: BSD-3-Clause
"""Small widgets and what is chosen; no viewer."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPoint, Qt
from qtpy.QtGui import QPainter, QPixmap
from qtpy.QtWidgets import QCheckBox, QComboBox, QLabel, QLineEdit, QVBoxLayout, QWidget

from napari_mtmri.errors import InputError, RequestError
from napari_mtmri.gui.form import OptionsForm
from napari_mtmri.gui.reconstruct.slice_job import SliceRequest, pattern_of, tick
from napari_mtmri.gui.reconstruct.state import Choices
from napari_mtmri.gui.widgets.acceleration import Acceleration
from napari_mtmri.gui.widgets.layout import Steady
from napari_mtmri.gui.widgets.mask_preview import STRIP, MaskPreview
from napari_mtmri.gui.widgets.plot import Line, Plot
from napari_mtmri.gui.widgets.problem import Problem
from napari_mtmri.parameters import Option
from napari_mtmri.patterns.base import PATTERNS


def picture(preview: MaskPreview) -> np.ndarray:
    image = preview.picture.pixmap().toImage()
    rows, columns = range(image.height()), range(image.width())
    return np.array([[image.pixelColor(x, y).red() for x in columns] for y in rows])


def test_a_mask_of_lines_is_drawn_one_pixel_a_line(qtbot: Any) -> None:
    preview = MaskPreview()
    qtbot.addWidget(preview)
    mask = mask_of("random", (224, 192))
    preview.show_mask(mask)
    seen = picture(preview)
    assert seen.shape == (STRIP, 192)
    np.testing.assert_array_equal(seen > 0, np.repeat(mask[:1], STRIP, axis=0))


def test_a_mask_of_samples_is_drawn_whole(qtbot: Any) -> None:
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


def mask_of(name: str, plane: tuple[int, int]) -> np.ndarray:
    return pattern_of(Choices(pattern=name)).mask(plane)


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
    assert widget.slider.value() == 28  # as near as it can
    assert widget.value == 2.75
    marks = widget.layout().itemAtPosition(1, 0).widget()
    at = QPoint(marks.place(8), 5)
    qtbot.mouseClick(marks, Qt.MouseButton.LeftButton, pos=at)
    assert heard[-1] == 8.0
    widget.set_most(2.0)
    assert widget.value == 2.0


def test_a_form_shows_what_is_declared_and_hands_back_what_was_set(qtbot: Any) -> None:
    form = OptionsForm()
    qtbot.addWidget(form)
    form.show_options(
        [
            Option("sigma", "float", 0.1, "width", 0.01, 10.0),
            Option("offset", "float", None, "shift", 0.0, 1.0),
            Option("side", "choice", "first", "which", choices=("first", "last")),
            Option("fftshift", "bool", True, "where"),
            Option("path", "path", None, "chosen elsewhere"),
        ]
    )
    assert list(form.fields) == ["sigma", "offset", "side", "fftshift"]
    assert form.values() == {}
    heard: list[Any] = []
    form.changed.connect(heard.append)
    sigma, side, box = (form.fields[name] for name in ("sigma", "side", "fftshift"))
    assert isinstance(sigma, QLineEdit)
    assert isinstance(side, QComboBox)
    assert isinstance(box, QCheckBox)
    assert sigma.placeholderText() == "0.1"
    assert "0.01 to 10" in sigma.toolTip()
    qtbot.keyClicks(sigma, "0.5")
    sigma.editingFinished.emit()
    side.setCurrentText("last")
    box.setChecked(False)
    assert heard[-1] == {"sigma": "0.5", "side": "last", "fftshift": False}


def test_a_problem_is_one_sentence_with_details_a_click_away(qtbot: Any) -> None:
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


def test_a_steady_label_has_its_panel_laid_out_for_another_height_alone(qtbot: Any) -> None:
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
def test_numbers_beside_a_logarithmic_axis_do_not_lie_on_each_other(
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


def test_choices_say_what_changed_and_nothing_when_nothing_did() -> None:
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


def test_a_pattern_drawn_once_is_the_pattern_itself() -> None:
    choices = Choices(pattern="gaussian", options={"sigma": 0.2}, seed=5)
    made, kept = choices.make_pattern(), pattern_of(choices)
    assert kept.record() == made.record()
    np.testing.assert_array_equal(kept.mask((40, 44)), made.mask((40, 44)))
    other = pattern_of(Choices(pattern="gaussian", options={"sigma": 0.4}, seed=5))
    assert (other.mask((40, 44)) != kept.mask((40, 44))).any()


def test_what_does_not_fit_is_a_request_error() -> None:
    done = tick(SliceRequest(Choices(acceleration=16.0, center_fraction=0.5)))
    assert isinstance(done.problem, RequestError)
    assert done.mask is None
