# SPDX-License-Identifier: BSD-3-Clause
"""A page: parts with text, tables and pictures; as one HTML file, and as PDF."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any, ClassVar

from napari_mtmri import __version__
from napari_mtmri.errors import ResourceError
from napari_mtmri.files import write_text, write_whole
from napari_mtmri.plotting import RESEARCH

TEMPLATE = "report.html.j2"
DOTS_PER_INCH = 150


@dataclass(frozen=True)
class Table:
    """A table with its notes.

    Parameters
    ----------
    title : str
    heading : tuple of str
        Empty for a list of facts: name and value.
    rows : tuple of tuple of str
        The first cell names the row.
    notes : tuple of str
        What the numbers depend on, and what was left out.
    is_text : bool
        Whether the cells are words, which may be broken anywhere, not numbers.
    """

    title: str
    heading: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    is_text: bool = False
    kind: ClassVar[str] = "table"


@dataclass(frozen=True)
class Picture:
    """A PNG picture.

    Parameters
    ----------
    png : bytes
    caption : str
    alt : str
        What it shows, for readers who cannot see it.
    tallest : int
        Largest height on the page in mm.
    """

    png: bytes
    caption: str
    alt: str
    tallest: int = 235
    kind: ClassVar[str] = "picture"

    @property
    def source(self) -> str:
        """The picture as a data URI."""
        return f"data:image/png;base64,{base64.b64encode(self.png).decode()}"


@dataclass(frozen=True)
class Items:
    """A list of sentences."""

    lines: tuple[str, ...]
    kind: ClassVar[str] = "items"


@dataclass(frozen=True)
class Listing:
    """Commands to copy, each of one or several lines."""

    lines: tuple[str, ...]
    kind: ClassVar[str] = "listing"


Block = str | Table | Picture | Items | Listing


@dataclass(frozen=True)
class Part:
    """A part of the page: its title, and paragraphs, tables, pictures and lists in order."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Page:
    """A report.

    Parameters
    ----------
    title, subtitle : str
    parts : tuple of Part
    """

    title: str
    subtitle: str
    parts: tuple[Part, ...]


def picture_of(figure: Any, caption: str, alt: str, *, tallest: int = 235) -> Picture:
    """Return a matplotlib figure as a picture."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=DOTS_PER_INCH, facecolor="white")
    return Picture(file.getvalue(), caption, alt, tallest)


def html_text(page: Page) -> str:
    """Return the page as one HTML document without references to other files.

    Raises
    ------
    ResourceError
        If jinja2 is not installed.
    """
    _require("jinja2")
    from jinja2 import Environment, StrictUndefined

    source = files("napari_mtmri.report").joinpath(TEMPLATE).read_text(encoding="utf-8")
    surroundings = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = surroundings.from_string(source)
    return template.render(page=page, research=RESEARCH, version=__version__)


def write_page(page: Page, paths: Sequence[Path]) -> None:
    """Write the page to files: .html, or .pdf.

    Raises
    ------
    ResourceError
        If a package is not installed, or a file cannot be written.
    """
    for path in paths:  # before anything is written
        if path.suffix.lower() == ".pdf":
            _require("weasyprint")
    text = html_text(page)
    for path in paths:
        if path.suffix.lower() == ".pdf":
            _write_pdf(text, path)
        else:
            write_text(path, text)


def _write_pdf(text: str, path: Path) -> None:
    from weasyprint import HTML

    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, lambda file: HTML(string=text).write_pdf(file))


def _require(package: str) -> None:
    """Check that a package of the extra `report` works; WeasyPrint needs the library Pango."""
    what = "a PDF" if package == "weasyprint" else "a report"
    try:
        import_module(package)
    except ImportError as why:
        raise ResourceError(
            f"{what} needs the package {package}, which is not installed; run: pip install "
            "'napari-mtmri[report]'."
        ) from why
    except OSError as why:
        raise ResourceError(
            f"{what} needs the library Pango, which cannot be loaded ({why}); install it, or write "
            "the report as .html and print it from a browser."
        ) from why
