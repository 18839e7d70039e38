# SPDX-License-Identifier: BSD-3-Clause
"""The report: from results to one page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from napari_mtmri import __version__
from napari_mtmri.batch.file_rules import patient_of
from napari_mtmri.compare import Comparison, lesion_zoom, mask_spread
from napari_mtmri.compare.figure_text import case_name
from napari_mtmri.errors import RequestError
from napari_mtmri.report.case_part import case_part
from napari_mtmri.report.cases_part import cases_part, scores_part
from napari_mtmri.report.commands import commands_of
from napari_mtmri.report.identity import anonymous
from napari_mtmri.report.methods_text import methods_part
from napari_mtmri.report.page import Listing, Page, Part, write_page
from napari_mtmri.report.provenance import asked_part, limits_part, provenance_part
from napari_mtmri.report.review_part import review_part
from napari_mtmri.report.sources import Sources, find_sources
from napari_mtmri.report.sweep_part import shown_sweep, sweep_part


def write_report(
    sources: Sequence[Path],
    out: Path,
    *,
    pdf: bool = False,
    identify: bool = False,
    reference: Path | None = None,
    labels: Path | None = None,
) -> tuple[Path, ...]:
    """Write the report of results, and return the paths of the files.

    Parameters
    ----------
    sources : sequence of Path
        Result folders, ``compare.json`` files, folders that `evaluate` or `sweep` wrote,
        exports or folders of a review, or folders of these.
    out : Path
        ``.html``: one file that needs no other and no network; ``.pdf``: only that.
    pdf : bool
        Whether to write a PDF next to the HTML file.
    identify : bool
        Whether names of cases and files are shown; by default cases are numbered.
    reference, labels : Path, optional
        Fully sampled image and reference segmentation, for the results of one case.

    Raises
    ------
    InputError
        If a source cannot be read, or contains nothing to report.
    RequestError
        If the extension of ``out`` is wrong, or results cannot be compared.
    ResourceError
        If jinja2, or WeasyPrint for a PDF, is not installed, or a file cannot be written.
    """
    if out.suffix.lower() not in (".html", ".pdf"):
        raise RequestError(
            f"{out}: a report is written as .html or .pdf; use one of them as `out`."
        )
    paths = (out, out.with_suffix(".pdf")) if pdf and out.suffix.lower() != ".pdf" else (out,)
    found = find_sources(sources, reference=reference, labels=labels)
    write_page(make_page(found, identify=identify), paths)
    return paths


def report_comparison(comparison: Comparison, out: Path) -> Path:
    """Write the report of a comparison in memory, without names, and return its path.

    Raises
    ------
    ResourceError
        If jinja2 is not installed, or the file cannot be written.
    """
    write_page(make_page(Sources((comparison,))), (out,))
    return out


def make_page(sources: Sources, *, identify: bool = False) -> Page:
    """Return the page of a report, see `write_report`."""
    shown = [
        one if identify else anonymous(one, f"case {number}")
        for number, one in enumerate(sources.comparisons, start=1)
    ]
    shown = [_with_errors(one) for one in shown]
    patients = [patient_of(case_name(one), None) for one in sources.comparisons]
    if not identify:
        numbers = {patient: n for n, patient in enumerate(dict.fromkeys(patients), start=1)}
        patients = [f"patient {numbers[patient]}" for patient in patients]
    over_cases = cases_part(shown, patients)
    parts: list[Part] = []
    if shown:
        parts.append(asked_part(shown))
    parts += [case_part(one) for one in shown]
    parts += [] if over_cases is None else [over_cases]
    for number, folder in enumerate(sources.scores, start=1):
        parts.append(scores_part(folder, f"Scores: {folder.name if identify else number}"))
    aliases = {
        case_name(one): case_name(new) for one, new in zip(sources.comparisons, shown, strict=True)
    }
    names = None if identify else aliases
    sweeps = [shown_sweep(folder, names) for folder in sources.sweeps]
    for number, (folder, sweep) in enumerate(zip(sources.sweeps, sweeps, strict=True), start=1):
        parts.append(sweep_part(sweep, f"Sweep: {folder.name if identify else number}"))
    for number, folder in enumerate(sources.reviews, start=1):
        title = f"Review: {folder.name if identify else number}"
        parts.append(review_part(folder, title, names))
    if shown or sweeps:
        blocks = (
            "Names in capitals stand for your own files.",
            Listing(commands_of(shown, sweeps)),
        )
        parts += [
            limits_part(shown, sweeps),
            provenance_part(shown),
            Part("Commands that repeat it", blocks),
            methods_part(shown, sweeps, patients),
        ]
    return Page(_title(shown, sources), _subtitle(), tuple(part for part in parts if part.blocks))


def _with_errors(comparison: Comparison) -> Comparison:
    """Return the comparison with error maps, and with a zoom on the lesion if it has none.

    Without a reference, the spread over masks is shown too, if there are several.
    """
    is_alone = comparison.reference is None
    spread = is_alone and any(mask_spread(comparison, cell) for cell in comparison.cells)
    seen = comparison.with_view(errors=True, spread=spread)
    if seen.view.zoom is not None:
        return seen
    try:
        return seen.with_view(zoom=lesion_zoom(seen))
    except RequestError:  # no lesion in this slice
        return seen


def _title(shown: Sequence[Comparison], sources: Sources) -> str:
    if len(shown) == 1:
        return f"MR reconstruction and segmentation: {case_name(shown[0])}"
    if shown:
        return f"MR reconstruction and segmentation: {len(shown)} cases"
    kind = "sweep" if sources.sweeps else "scores" if sources.scores else "review"
    return f"MR reconstruction and segmentation: {kind}"


def _subtitle() -> str:
    return f"napari-mtmri {__version__}, {datetime.now(UTC).date().isoformat()}"
