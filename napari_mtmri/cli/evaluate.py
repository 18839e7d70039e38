# SPDX-License-Identifier: BSD-3-Clause
"""``napari-mtmri evaluate``: scores of methods over a table of cases, with intervals."""

from __future__ import annotations

import json as json_text
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_mtmri.cli import words
from napari_mtmri.cli.run import Choice, check_method
from napari_mtmri.errors import InputError, MtmriError, ResourceError, Stopped

if TYPE_CHECKING:
    from napari_mtmri.metrics.scores import Scores

Entry = tuple[str, str, "Scores"]
SUMMARY = ("PSNR", "SSIM", "NMSE", "Dice", "precision", "recall", "HD95", "lesion F1")


@dataclass(frozen=True)
class Case:
    """One line of the table."""

    name: str
    image: Path
    labels: Path | None


def evaluate(
    table: Annotated[Path, typer.Argument(help="CSV with columns case, image, mask and split.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the scores.")],
    method: Annotated[
        list[str] | None, typer.Option("--method", "-m", help="Several may be given.")
    ] = None,
    split: Annotated[str | None, typer.Option(help="Only the cases of this split.")] = None,
    pattern: words.PatternName = "random",
    acceleration: words.Acceleration = 4.0,
    center_fraction: words.CenterFraction = None,
    seed: Annotated[int, typer.Option(help="With the case it gives the seed of its mask.")] = 0,
    pattern_option: words.PatternOption = None,
    device: words.Device = "auto",
    precision: words.Precision = "auto",
    weights: words.Weights = None,
    json: words.Json = False,
) -> None:
    """Run methods on every case of a table; write scores.csv, summary.csv and summary.md.

    One mask a case, from the seed and the case's name. What was done before is not done
    again: a stopped evaluation goes on where it was. The unit of every mean and interval is
    the case.

    Example: napari-mtmri evaluate cases.csv --split val --method mtmri --out scores
    """
    from napari_mtmri.cli.progress import stopping

    cases = read_cases(table, split)
    entries: list[Entry] = []
    failed: list[str] = []
    with stopping() as stop:
        for name in method or ["mtmri"]:
            choice = Choice(
                name,
                words.make_pattern(pattern, acceleration, center_fraction, seed, pattern_option),
                device, precision, weights, {}, {}, None, None,
            )  # fmt: skip
            check_method(choice)
            for case in cases:
                try:
                    entries += _scores(case, choice, seed, out / "cases", stop)
                except Stopped:
                    raise
                except (InputError, ResourceError) as why:
                    typer.echo(f"napari-mtmri: {case.name}: {why}", err=True)
                    failed.append(case.name)
    _write(entries, out, json)
    if failed:
        raise ResourceError(f"{len(failed)} of {len(cases)} cases failed: {', '.join(failed)}.")


def read_cases(table: Path, split: str | None) -> list[Case]:
    """Return the cases of a table.

    Raises
    ------
    InputError
        If the table is missing, has no such columns, or no such case.
    """
    import csv

    try:
        with table.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as why:
        raise InputError(f"{table}: not a table ({why}); name a CSV file.") from why
    missing = {"case", "image"} - set(rows[0] if rows else ())
    if missing:
        raise InputError(f"{table}: no column {', '.join(sorted(missing))}; add it.")
    chosen = [row for row in rows if split is None or row.get("split") == split]
    if not chosen:
        raise InputError(f"{table}: no case has split {split!r}; choose another.")
    folder = table.parent
    return [
        Case(row["case"], folder / row["image"], folder / row["mask"] if row.get("mask") else None)
        for row in chosen
    ]


def _scores(
    case: Case, choice: Choice, seed: int, folder: Path, stop: threading.Event
) -> list[Entry]:
    """Scores of a method and of zero-filled on a case, from disk where they were measured."""
    from dataclasses import replace

    import napari_mtmri as mt
    from napari_mtmri.cli.progress import Reporter
    from napari_mtmri.files import write_whole
    from napari_mtmri.jobs import case_seed, job_key
    from napari_mtmri.metrics.scores import Scores
    from napari_mtmri.volume import Volume

    volume = mt.open(case.image)
    labels = None if case.labels is None else mt.open(case.labels, kind="labels")
    if not isinstance(volume, Volume) or not isinstance(labels, Volume | None):
        raise InputError(f"{case.image}: a run folder is no case; name a volume.")
    pattern = replace(choice.pattern, seed=case_seed(seed, case.name))
    key = job_key(_request(volume, labels, choice, pattern))
    place = folder / f"{case.name}-{choice.method}.json"
    found = _known(place, key)
    if found is None:
        with Reporter(f"{case.name} {choice.method}") as report:
            result = mt.run(
                mt.simulate(volume, pattern), choice.method, device=choice.device,
                precision=choice.precision, weights=choice.weights, on_progress=report, stop=stop,
            )  # fmt: skip
        scores = mt.evaluate(result, labels=labels).scores
        found = {name: one.records() for name, one in scores.items()}
        text = json_text.dumps({"key": key, "scores": found})
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(place, lambda file: file.write_text(text, encoding="utf-8"))
    return [(case.name, name, Scores.from_records(rows)) for name, rows in found.items()]


def _request(volume: Any, labels: Any, choice: Choice, pattern: Any) -> dict[str, Any]:
    from napari_mtmri.methods.base import METHODS
    from napari_mtmri.weights import find_weights, read_card

    used = METHODS.get(choice.method).weights
    return {
        "input": volume.sha256,
        "labels": None if labels is None else labels.sha256,
        "method": choice.method,
        "pattern": pattern.record(),
        "precision": choice.precision,
        "weights": [read_card(find_weights(name, choice.weights)).sha256 for name in used],
    }


def _known(place: Path, key: str) -> dict[str, Any] | None:
    try:
        record = json_text.loads(place.read_text(encoding="utf-8"))
        return dict(record["scores"]) if record["key"] == key else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(entries: Sequence[Entry], out: Path, as_json: bool) -> None:
    from napari_mtmri.files import write_whole
    from napari_mtmri.metrics.table import summary_table

    distinct = list({(case, name): (case, name, one) for case, name, one in entries}.values())
    if not distinct:
        raise MtmriError(f"{out}: nothing was measured; see the lines above.")
    table = summary_table(distinct, metrics=SUMMARY)
    pairs = _compare(distinct)
    out.mkdir(parents=True, exist_ok=True)
    texts = {
        "scores.csv": _rows(distinct),
        "summary.csv": table.to_csv(),
        "summary.md": table.to_markdown() + pairs,
    }
    for name, text in texts.items():
        write_whole(out / name, partial(Path.write_text, data=text, encoding="utf-8"))
    if as_json:
        words.print_json([line.record() for line in table.lines])
    else:
        typer.echo(texts["summary.md"])
    typer.echo(f"written to {out}", err=True)


def _rows(entries: Sequence[Entry]) -> str:
    import csv
    import io

    rows = [
        {"case": case, "method": name, **row}
        for case, name, scores in entries
        for row in scores.records()
        if row["scope"] != "slice"
    ]
    file = io.StringIO()
    table = csv.DictWriter(file, list(rows[0]))
    table.writeheader()
    table.writerows(rows)
    return file.getvalue()


def _compare(entries: Sequence[Entry]) -> str:
    """Paired differences between the methods, on the cases they share."""
    from itertools import combinations

    from napari_mtmri.metrics.intervals import compare

    by_method: dict[str, dict[str, Scores]] = {}
    for case, name, scores in entries:
        by_method.setdefault(name, {})[case] = scores
    lines = []
    for first, second in combinations(by_method, 2):
        shared = [case for case in by_method[first] if case in by_method[second]]
        for metric in ("PSNR", "Dice"):
            ours, theirs = ([by_method[m][c].get(metric) for c in shared] for m in (first, second))
            if any(a == a and b == b for a, b in zip(ours, theirs, strict=True)):
                one = compare(ours, theirs)
                lines.append(
                    f"- {metric}: {first} minus {second}: {one.mean:.3f}, 95 % interval "
                    f"{one.low:.3f} to {one.high:.3f}, n = {one.n}"
                )
    return "\nPaired differences over cases:\n\n" + "\n".join(lines) + "\n" if lines else ""
