# SPDX-License-Identifier: BSD-3-Clause
"""Contract tests of every registered pattern."""

from __future__ import annotations

import copy
import importlib
import json
import pickle
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given

import napari_mtmri.patterns
from napari_mtmri import Pattern
from napari_mtmri.errors import RequestError
from napari_mtmri.patterns import base
from napari_mtmri.patterns.base import PATTERNS, PatternKind
from napari_mtmri.patterns.request import automatic_center_fraction
from tests.patterns.members import (
    KINDS,
    accelerations,
    ask,
    center_of,
    count,
    fits,
    fractions,
    seeds,
    shapes,
    total,
    using,
)

SHAPES = [(24, 32), (33, 21), (4, 4), (5, 7)]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("masks")


def test_every_kind_in_the_folder_is_registered() -> None:
    found = set()
    for module in pkgutil.iter_modules(napari_mtmri.patterns.__path__):
        members = vars(importlib.import_module(f"napari_mtmri.patterns.{module.name}")).values()
        found |= {member.name for member in members if isinstance(member, PatternKind)}
    ours = {point.name for point in PATTERNS._points.values() if "napari_mtmri." in point.value}
    assert found == ours


def test_every_pattern_can_be_loaded() -> None:
    assert PATTERNS.broken() == {}


@pytest.mark.parametrize("name", KINDS)
def test_a_pattern_has_title_and_summary(name: str) -> None:
    kind = KINDS[name]
    assert kind.name == name
    assert kind.title
    assert kind.summary
    assert "\n" not in kind.summary
    for option in kind.options:
        assert option.help
        if option.default is not None:
            assert option.check(option.default, name) == option.default


@pytest.mark.parametrize("name", using("acceleration"))
@given(shape=shapes, acceleration=accelerations, fraction=fractions, seed=seeds)
def test_the_number_of_samples_is_exact_or_the_request_is_refused(
    folder: Path,
    name: str,
    shape: tuple[int, int],
    acceleration: float,
    fraction: float | None,
    seed: int,
) -> None:
    kind = KINDS[name]
    pattern = ask(name, acceleration, fraction, seed, folder=folder)
    in_force = 0.0
    if "center_fraction" in kind.uses:
        in_force = automatic_center_fraction(acceleration) if fraction is None else fraction
    try:
        mask = pattern.mask(shape)
    except RequestError as why:
        other_reason = any(option.name in str(why) for option in kind.options)
        assert other_reason or not fits(kind, shape, pattern.acceleration, in_force)
        return
    assert mask.shape == shape
    assert mask.dtype == bool
    assert count(kind, mask) == round(total(kind, shape) / pattern.acceleration)
    assert mask[center_of(kind, shape, in_force)].all()
    if kind.dimensions == 1:
        assert (mask == mask[:1]).all()


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("shape", SHAPES)
def test_at_acceleration_1_all_samples_are_measured(
    folder: Path, name: str, shape: tuple[int, int]
) -> None:
    pattern = ask(name, 1.0, folder=folder, shape=shape)
    assert pattern.mask(shape).all()
    assert pattern.describe(shape).acceleration == 1


@pytest.mark.parametrize("name", KINDS)
@given(seed=seeds, acceleration=accelerations)
def test_the_same_request_gives_the_same_mask(
    folder: Path, name: str, seed: int, acceleration: float
) -> None:
    shape = (16, 20)
    first = ask(name, acceleration, 0.0, seed, folder=folder, shape=shape).mask(shape)
    kept = first.copy()
    first[:] = False  # a mask that is changed must not change the next
    again = ask(name, acceleration, 0.0, seed, folder=folder, shape=shape)
    np.testing.assert_array_equal(again.mask(shape), kept)
    base._drawn.cache_clear()  # drawn again, not remembered
    np.testing.assert_array_equal(again.mask(shape), kept)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(again)).mask(shape), kept)


@pytest.mark.parametrize("name", KINDS)
def test_the_global_random_state_is_neither_read_nor_changed(folder: Path, name: str) -> None:
    pattern = ask(name, folder=folder)
    np.random.seed(1)  # noqa: NPY002 - this is the state that others must not touch
    first, state = pattern.mask((24, 32)), np.random.get_state()[1].copy()  # noqa: NPY002
    np.random.seed(1)  # noqa: NPY002
    assert (np.random.get_state()[1] == state).all()  # noqa: NPY002
    np.random.seed(2)  # noqa: NPY002
    base._drawn.cache_clear()
    np.testing.assert_array_equal(pattern.mask((24, 32)), first)


@pytest.mark.parametrize("name", using("seed"))
@given(seed=seeds)
def test_another_seed_gives_another_mask(folder: Path, name: str, seed: int) -> None:
    shape = (96, 128)
    if KINDS[name].dimensions == 2:
        shape = (24, 32)  # as many samples to choose from, drawn faster
    masks = {
        ask(name, 4, None, other, folder=folder).mask(shape).tobytes()
        for other in (seed, (seed + 1) % 2**32, seed ^ 0xFFFF, seed // 2 + 5)
    }
    assert len(masks) > 1


@pytest.mark.parametrize("name", sorted(set(KINDS) - set(using("seed"))))
def test_a_pattern_without_random_choices_ignores_the_seed(folder: Path, name: str) -> None:
    pattern = ask(name, folder=folder)
    other = Pattern(name, pattern.acceleration, None, 77, pattern.options)
    np.testing.assert_array_equal(pattern.mask((24, 32)), other.mask((24, 32)))


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("acceleration", [1.0, 2.5, 4.0, 8.0])
@pytest.mark.parametrize("shape", [(24, 32), (33, 21)])
def test_the_description_agrees_with_the_mask(
    folder: Path, name: str, acceleration: float, shape: tuple[int, int]
) -> None:
    pattern = ask(name, acceleration, folder=folder, shape=shape)
    mask, said = pattern.mask(shape), pattern.describe(shape)
    assert said == pattern.describe(shape, mask)
    assert (said.n_samples, said.n_total) == (mask.sum(), mask.size)
    assert said.acceleration == mask.size / mask.sum()
    assert f"R {said.acceleration:.2f}" in said.text
    assert bool(said.warnings) == (not mask[shape[0] // 2, shape[1] // 2])
    if KINDS[name].dimensions == 1:
        assert said.text.startswith(f"{mask[0].sum()} of {shape[1]} lines, ")
        assert said.n_lines == mask[0].sum()
    else:
        assert said.text.startswith(f"{mask.sum()} of {mask.size} samples, ")
        assert said.n_lines is None
    assert ("centre" in said.text) == (said.n_center is not None)


@pytest.mark.parametrize("name", KINDS)
def test_a_pattern_is_restored_from_its_record(folder: Path, name: str) -> None:
    pattern = ask(name, 2.5, 0.1, 3, folder=folder)
    record = json.loads(json.dumps(pattern.record()))
    again = Pattern.from_record(record)
    assert again.record() == record
    np.testing.assert_array_equal(again.mask((24, 32)), pattern.mask((24, 32)))
    if "acceleration" in KINDS[name].uses:
        assert again == pattern
        assert hash(again) == hash(pattern)
    assert copy.deepcopy(pattern) == pattern


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize(
    "change",
    [
        {"acceleration": 0.5},
        {"acceleration": 17},
        {"acceleration": float("nan")},
        {"acceleration": float("inf")},
        {"acceleration": "four"},
        {"acceleration": None},
        {"center_fraction": -0.1},
        {"center_fraction": 1.5},
        {"center_fraction": float("nan")},
        {"seed": -1},
        {"seed": 0.5},
        {"seed": 2**32},
        {"options": {"no_such_option": 1}},
    ],
    ids=str,
)
def test_a_value_out_of_range_is_refused_and_named(name: str, change: dict[str, object]) -> None:
    (field, value) = next(iter(change.items()))
    shown = "no_such_option" if field == "options" else repr(value)
    with pytest.raises(RequestError, match=re.escape(shown)):
        Pattern(name, **change)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("shape", [(3, 32), (24, 3), (0, 0), (-5, 24)])
def test_a_plane_too_small_is_refused(folder: Path, name: str, shape: tuple[int, int]) -> None:
    with pytest.raises(RequestError, match=f"{shape[0]} x {shape[1]}"):
        ask(name, folder=folder).mask(shape)


@pytest.mark.parametrize("name", sorted(set(KINDS) - set(using("center_fraction"))))
def test_a_centre_fraction_is_refused_by_patterns_without_a_centre(name: str) -> None:
    with pytest.raises(RequestError, match=r"0\.08"):
        Pattern(name, KINDS[name].max_acceleration, 0.08)


@pytest.mark.parametrize("name", using("acceleration", "center_fraction"))
def test_an_impossible_request_is_refused_before_memory_is_allocated(name: str) -> None:
    """A mask of this plane would need a terabyte."""
    with pytest.raises(RequestError, match="centre"):
        Pattern(name, 16, 0.4).mask((10**6, 10**6))


@pytest.mark.parametrize("name", using("acceleration", "center_fraction"))
@given(shape=shapes, acceleration=accelerations, fraction=fractions)
@example(shape=(8, 8), acceleration=16.0, fraction=None)
def test_the_values_suggested_by_a_refusal_are_the_largest_that_fit(
    name: str, shape: tuple[int, int], acceleration: float, fraction: float | None
) -> None:
    kind = KINDS[name]
    pattern = Pattern(name, acceleration, fraction)
    try:
        pattern._request(shape)
    except RequestError as why:
        said = {
            key: float(number) for key, number in re.findall(r"(\w+) <= (\d+(?:\.\d+)?)", str(why))
        }
    else:
        return
    Pattern(name, said["R"], fraction)._request(shape)
    if said["R"] < acceleration - 0.01:
        with pytest.raises(RequestError):
            Pattern(name, round(said["R"] + 0.01, 2), fraction)._request(shape)  # 3.59 + 0.01 < 3.6
    if "center_fraction" in said:
        largest = said["center_fraction"]
        Pattern(name, acceleration, largest)._request(shape)
        assert not fits(kind, shape, acceleration, largest + 0.001)


def test_an_unknown_pattern_is_refused_and_the_known_ones_are_listed() -> None:
    with pytest.raises(RequestError, match="equispaced"):
        Pattern("zigzag")
    with pytest.raises(RequestError, match="random"):
        Pattern(7)  # type: ignore[arg-type]


@pytest.mark.parametrize("record", [{}, {"name": 3}, {"name": "random", "options": 7}])
def test_an_invalid_record_is_refused(record: dict[str, object]) -> None:
    with pytest.raises(RequestError):
        Pattern.from_record(record)


def test_patterns_import_nothing_heavy() -> None:
    code = (
        "import sys; from napari_mtmri.patterns.base import PATTERNS, Pattern; "
        "[PATTERNS.get(n) for n in PATTERNS.names()]; Pattern('poisson').mask((8, 8)); "
        "print([m for m in ('torch', 'napari', 'scipy', 'skimage', 'PIL', 'nibabel') "
        "if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
