# SPDX-License-Identifier: BSD-3-Clause
"""Draw the storeys of the package and the imports between its rooms: images/architecture.png.

The storeys are read from the contract in pyproject.toml, the imports from the code. To keep the
picture clear, an import that follows from others is left out, and so are those of the two
lowest storeys, which every room may use.

Run it in a checkout, with the extra [dev] installed: python docs/make_architecture.py
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import grimp
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

ROOT = Path(__file__).parents[1]
PACKAGE = "napari_mtmri"
PICTURE = ROOT / "docs" / "images" / "architecture.png"
WIDTH, ROW, BOX = 10.0, 0.74, 0.44
INK, LINE, FILL = "#1b1b1b", "#0072B2", "#eef3f8"
DOORS = {"cli": "shell", "gui": "window"}
LEFT_OUT = {"weight_files"}  # a folder of data

Rooms = list[list[str]]


def storeys() -> Rooms:
    """Return the rooms of each storey, the highest first."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    [contract] = [one for one in contracts if one.get("containers") == [PACKAGE]]
    found = [[room.strip() for room in layer.split("|")] for layer in contract["layers"]]
    return [
        [room for room in row if room not in LEFT_OUT] for row in found if row != ["weight_files"]
    ]


def size_of(room: str) -> tuple[int, int]:
    """Return the number of files and of lines of a room, a folder or a single module."""
    place = ROOT / PACKAGE / room
    files = sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
    return len(files), sum(len(file.read_text(encoding="utf-8").splitlines()) for file in files)


def imports_between(rooms: set[str]) -> set[tuple[str, str]]:
    """Return pairs of rooms of which the first imports the second."""
    graph = grimp.build_graph(PACKAGE, exclude_type_checking_imports=True)
    found = set()
    for module in graph.modules:
        for other in graph.find_modules_directly_imported_by(module):
            first, second = (name.split(".")[1] if "." in name else "" for name in (module, other))
            if first != second and {first, second} <= rooms:
                found.add((first, second))
    return found


def without_detours(pairs: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return the pairs that do not follow from others (the transitive reduction)."""
    below: dict[str, set[str]] = {}
    for first, second in pairs:
        below.setdefault(first, set()).add(second)

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        ahead = list(below.get(start, ()))
        while ahead:
            room = ahead.pop()
            if room not in seen:
                seen.add(room)
                ahead += below.get(room, ())
        return seen

    return {
        (first, second)
        for first, second in pairs
        if not any(second in reached(other) for other in below[first] - {second})
    }


def draw(path: Path) -> None:
    """Write the picture."""
    rows = storeys()
    rooms = {room for row in rows for room in row}
    everyones = {room for row in rows[-2:] for room in row}
    arrows = {pair for pair in without_detours(imports_between(rooms)) if pair[1] not in everyones}
    figure = Figure(figsize=(WIDTH, ROW * len(rows) + 0.3), facecolor="white")
    axis = figure.add_axes((0, 0, 1, 1))
    axis.set_xlim(0, WIDTH)
    axis.set_ylim(-0.15, ROW * len(rows) + 0.15)
    axis.set_axis_off()
    middle: dict[str, tuple[float, float]] = {}
    for number, row in enumerate(reversed(rows)):
        wide = min((WIDTH - 0.3) / len(row), 2.6)
        start = (WIDTH - wide * len(row)) / 2
        for place, room in enumerate(row):
            left, bottom = start + place * wide + 0.06, number * ROW + (ROW - BOX) / 2
            middle[room] = (left + wide / 2 - 0.06, bottom)
            box = FancyBboxPatch(
                (left, bottom), wide - 0.12, BOX, boxstyle="round,pad=0,rounding_size=0.06",
                facecolor=FILL, edgecolor=INK, linewidth=0.8, zorder=2,
            )  # fmt: skip
            axis.add_patch(box)
            files, lines = size_of(room)
            name = f"{room} ({DOORS[room]})" if room in DOORS else room
            size = f"{files} files, {lines:,} lines" if files > 1 else f"{lines:,} lines"
            x, y = middle[room]
            axis.text(x, y + 0.29, name, ha="center", va="center", fontsize=9, color=INK, zorder=3)
            axis.text(
                x, y + 0.11, size, ha="center", va="center", fontsize=6.5, color=INK, zorder=3
            )
    for first, second in sorted(arrows):
        (x1, y1), (x2, y2) = middle[first], middle[second]
        axis.annotate(
            "", (x2, y2 + BOX), (x1, y1), zorder=1,
            arrowprops={"arrowstyle": "-|>", "color": LINE, "linewidth": 0.8, "alpha": 0.7},
        )  # fmt: skip
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    draw(PICTURE)
