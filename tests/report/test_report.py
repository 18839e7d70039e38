# SPDX-License-Identifier: BSD-3-Clause
"""The report: complete, self-contained, without names, legible on paper."""

from __future__ import annotations

import base64
import getpass
import html
import io
import re
import shlex
import sys
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import napari_mtmri as mt
from napari_mtmri.compare import (
    Cell,
    Comparison,
    compare_paths,
    read_sweep,
    run_sweep,
    save_comparison,
)
from napari_mtmri.errors import InputError, RequestError, ResourceError
from napari_mtmri.report import write_report
from napari_mtmri.report.commands import commands_of
from napari_mtmri.report.identity import hide
from napari_mtmri.report.sources import find_sources
from napari_mtmri.result import Result
from napari_mtmri.review.journal import Journal
from tests.compare.cases import drawn, head, result_of
from tests.report.pdf_reading import pictures_of, text_of

PATIENT = "Doe_Jane_19700101"


def named(result: Result, name: str, folder: Path) -> Result:
    """A result whose name, file and warning name a patient and a folder."""
    made_from = {**result.provenance["input"], "file": f"{name}.nii.gz"}
    return replace(
        result,
        name=name,
        provenance={**result.provenance, "input": made_from},
        warnings=(
            f"{folder / name}.nii.gz: {name} has no unit.",
            "Simulated from a magnitude image.",
        ),
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    for seed in (0, 1):
        name = PATIENT if seed == 0 else "Roe_Richard"
        for method in ("zero-filled", "d5c5", "mtmri"):
            found = np.roll(drawn().data, 1, axis=0) if method == "mtmri" else None
            result = named(result_of(head(seed), method, labels=found), name, folder)
            mt.save(result, folder / "runs" / name / method)
    mt.save(drawn(), folder / f"{PATIENT}_lesion.nii.gz")
    return folder


@pytest.fixture(scope="module")
def text(home: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Report of one case."""
    out = tmp_path_factory.mktemp("report") / "report.html"
    labels = home / f"{PATIENT}_lesion.nii.gz"
    write_report([home / "runs" / PATIENT], out, labels=labels)
    return out.read_text(encoding="utf-8")


class Reader(HTMLParser):
    """Words and pictures of a page; every tag that is opened must be closed."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.pictures: list[bytes] = []
        self.links: list[str] = []
        self.opened: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.links += [str(given[name]) for name in ("src", "href", "action") if name in given]
        if tag == "img":
            assert given["alt"]
            self.pictures.append(base64.b64decode(str(given["src"]).partition("base64,")[2]))
        if tag not in ("meta", "img", "br"):
            self.opened.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.opened.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    assert reader.opened == []
    return reader


def test_the_page_has_all_its_parts(text: str) -> None:
    titles = re.findall(r"<h2[^>]*>(.*?)</h2>", text)
    assert titles == [
        "What was asked", "case 1", "Limits", "Where it comes from", "Commands that repeat it",
        "Methods",
    ]  # fmt: skip
    words = html.unescape(" ".join(read(text).words))
    for said in (
        "Research use only", "Not a medical device", "R 4.00", "seed 0", "Scores of the volume",
        "peak = maximum of the reference volume", "Lesions", "SHA-256", "--acceleration 4",
        "Qi, Gong, Liu", "Simulated from a magnitude image", "fully sampled image",
    ):  # fmt: skip
        assert said in words, said


def test_the_page_needs_no_other_file_and_no_network(text: str) -> None:
    reader = read(text)
    assert all(link.startswith(("data:image/png;base64,", "#")) for link in reader.links)
    assert not re.search(r"<(script|iframe|link|object)\b|@import|url\(", text)
    assert "http://" not in text
    assert "https://" not in text


def test_the_pictures_are_whole_and_show_something(text: str) -> None:
    from PIL import Image

    pictures = read(text).pictures
    assert len(pictures) == 2  # one figure and the error spectrum
    for png in pictures:
        image = np.asarray(Image.open(io.BytesIO(png)).convert("L"))
        assert min(image.shape) > 300
        assert image.std() > 10


def secrets(home: Path) -> Iterator[str]:
    yield from ("Doe", "Jane", "19700101", "Roe", "Richard", str(home), home.name)
    yield str(Path.home())
    if (user := getpass.getuser()) != "root":  # a common word
        yield user


def test_neither_patient_nor_machine_is_named_unless_asked(
    home: Path, text: str, tmp_path: Path
) -> None:
    without_pictures = re.sub(r"base64,[A-Za-z0-9+/=]+", "", text)
    for secret in secrets(home):
        assert secret not in without_pictures, secret
    write_report([home / "runs" / PATIENT], tmp_path / "named.html", identify=True)
    assert PATIENT in (tmp_path / "named.html").read_text(encoding="utf-8")


def test_names_of_images_and_readers_are_hidden_too(home: Path, tmp_path: Path) -> None:
    mt.save(replace(head(), name=PATIENT), home / f"{PATIENT}_other.nii.gz")
    seen = compare_paths([home / "runs" / PATIENT / "mtmri", home / f"{PATIENT}_other.nii.gz"])
    mask = Cell("Dr Roe", "mask", labels=mt.open(home / f"{PATIENT}_lesion.nii.gz", "labels"))  # type: ignore[arg-type]
    save_comparison(seen.with_cell(mask), home / "compare.json")
    write_report([home / "compare.json"], tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "image 1" in page
    assert "mask 1" in page
    for secret in secrets(home):
        assert secret not in re.sub(r"base64,[A-Za-z0-9+/=]+", "", page), secret


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("/data/mr/Doe.nii.gz: no unit", "…: no unit"),
        (r"C:\Users\jane\Doe.nii.gz: no unit", "…: no unit"),
        ("/data/Doe Jane/a b.nii.gz: no unit", "… b.nii.gz: no unit"),
        ("error / reference is 1/4", "error / reference is 1/4"),
        ("Doe: 3 voxels; Doer is not Doe_2", "case 1: 3 voxels; Doer is not Doe_2"),
        ("at R 4/8 or and/or", "at R 4/8 or and/or"),
    ],
)
def test_names_and_paths_in_warnings_are_hidden(text: str, hidden: str) -> None:
    assert hide(text, {"Doe"}, "case 1") == hidden


def test_the_commands_are_those_that_the_shell_takes(home: Path) -> None:
    from typer.testing import CliRunner

    from napari_mtmri.cli.app import app

    found = find_sources([home / "runs" / PATIENT])
    commands = commands_of(found.comparisons)
    assert len(commands) == 2  # one run of three methods, one comparison
    assert "zero-filled,d5c5,mtmri" in commands[0]
    for command in commands:
        assert all(len(line) <= 90 for line in command.splitlines())
        words = shlex.split(command.replace("\\\n", " "))
        assert words[0] == "napari-mtmri"
        answer = CliRunner().invoke(app, [*words[1:], "--help"])
        assert answer.exit_code == 0, answer.output


def test_markup_in_names_is_text(home: Path, tmp_path: Path) -> None:
    evil = named(result_of(head()), "<b>&case</b>", home)
    mt.save(evil, tmp_path / "run")
    write_report([tmp_path / "run"], tmp_path / "r.html", identify=True)
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "<b>" not in page
    assert "&lt;b&gt;&amp;case&lt;/b&gt;" in page


def test_results_are_grouped_by_case_and_summed_up_over_cases(home: Path, tmp_path: Path) -> None:
    found = find_sources([home / "runs"])
    assert [len(one.cells) for one in found.comparisons] == [4, 4]
    assert all(one.cells[1].name == "zero-filled R4" for one in found.comparisons)
    write_report([home / "runs"], tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "Summary over 2 cases" in page
    assert "Paired differences" in page
    with pytest.raises(RequestError, match="results of 2"):
        find_sources([home / "runs"], labels=home / f"{PATIENT}_lesion.nii.gz")


def test_methods_of_other_accelerations_are_not_paired(home: Path, tmp_path: Path) -> None:
    for seed in (0, 1):
        for method, factor in (("d5c5", 4), ("mtmri", 8)):
            result = result_of(head(seed), method, acceleration=factor)
            mt.save(replace(result, name=f"case{seed}"), tmp_path / "runs" / f"{seed}" / method)
    write_report([tmp_path / "runs"], tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "Methods are not compared in pairs" in page
    assert "Paired differences" not in page


def test_scores_and_verdicts_of_folders_are_shown(home: Path, tmp_path: Path) -> None:
    scores, review = tmp_path / "scores", tmp_path / "review"
    mt.save(head(), home / "image.nii.gz")
    (home / "cases.csv").write_text(
        "case,image\na,image.nii.gz\nb,image.nii.gz\n", encoding="utf-8"
    )
    mt.evaluate_many(home / "cases.csv", scores, methods=["zero-filled"])
    review.mkdir()
    (review / "export.json").write_text("{}", encoding="utf-8")
    (review / "verdicts.csv").write_text(
        "reader,case,reading,verdict,difficulty,comment,active_s,mask,mask_sha256\n"
        f"Dr Doe,{PATIENT},1,approved,hard,ask Jane,75,m.nii.gz,{'ab' * 32}\n"
        "Dr Roe,other,1,flagged,,,,,\n",
        encoding="utf-8",
    )
    write_report([home / "runs" / PATIENT, scores, review], tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "Summary over cases" in page
    words = " ".join(" ".join(read(page).words).split())
    assert "reader 1 case 1 1 approved hard 1 min 15 s abababababab…" in words
    assert "reader 2 reviewed case 2 1 flagged" in words
    assert "ask Jane" not in page
    write_report([review], tmp_path / "named.html", identify=True)
    assert "ask Jane" in (tmp_path / "named.html").read_text(encoding="utf-8")


def test_verdicts_are_read_from_the_journals_of_a_review(tmp_path: Path) -> None:
    review = tmp_path / "data" / "review"
    for reader, is_blind in (("Dr Doe", False), ("Dr Roe", True)):
        journal = Journal(review / reader / "journal.jsonl", reader)
        if is_blind:
            journal.append("blinded", seed=1, order=["a"])
        journal.append("approved", case=PATIENT, reading=1, comment="ask Jane")
    write_report([tmp_path / "data"], tmp_path / "r.html")
    words = " ".join(" ".join(read((tmp_path / "r.html").read_text("utf-8")).words).split())
    assert "reader 1 reviewed case 1 1 approved" in words
    assert "Readers who still read blind are left out: 1." in words
    assert "ask Jane" not in words
    write_report([review], tmp_path / "named.html", identify=True)
    page = (tmp_path / "named.html").read_text("utf-8")
    assert all(word in page for word in ("Dr Doe", PATIENT, "ask Jane"))
    assert "Dr Roe" not in page


def test_a_sweep_is_shown_with_its_plots(tmp_path: Path) -> None:
    mt.save(replace(head(), name=PATIENT), tmp_path / f"{PATIENT}.nii.gz")
    wide = mt.Pattern("random", center_fraction=0.3)
    image = tmp_path / f"{PATIENT}.nii.gz"
    run_sweep([image], tmp_path / "sweep", ["zero-filled"], (2, 3, 8), [wide], seeds=2)
    write_report([tmp_path / "sweep"], tmp_path / "r.html")
    page = read((tmp_path / "r.html").read_text(encoding="utf-8"))
    words = " ".join(" ".join(page.words).split())
    assert "Sweep: 1" in words
    assert "PSNR (dB), field of view Method Pattern R 2 R 3" in words
    assert "swept case 1" in words
    assert "R8 seed 0 failed" in words  # the centre alone has more lines than that
    assert PATIENT not in words
    assert len(page.pictures) >= 2
    for heading in ("Limits", "Commands that repeat it", "Methods"):
        assert heading in words
    assert "range over its masks, which is no interval" in words
    assert "pattern 'random' at R 2, 3, 8, with the seeds 0, 1" in words
    assert "IEEE Trans. Image Process." in words  # SSIM was measured
    command = next(one for one in commands_of([], [read_sweep(tmp_path / "sweep")]))
    assert shlex.split(command.replace("\\\n", " "))[1:] == [
        "sweep", "INPUT.nii.gz", "--out", "sweep", "--method", "zero-filled", "--accelerations",
        "2,3,8", "--pattern", "random", "--seeds", "2", "--center-fraction", "0.3",
    ]  # fmt: skip
    write_report([tmp_path / "sweep"], tmp_path / "named.html", identify=True)
    assert PATIENT in (tmp_path / "named.html").read_text(encoding="utf-8")


def test_two_dates_are_shown_and_nothing_is_scored(home: Path, tmp_path: Path) -> None:
    for name, seed in (("first", 0), ("second", 1)):
        mt.save(head(seed), tmp_path / f"{name}.nii.gz")
    dates = (
        Cell(name, "date", mt.open(tmp_path / f"{name}.nii.gz"))  # type: ignore[arg-type]
        for name in ("first", "second")
    )
    save_comparison(Comparison(tuple(dates)), tmp_path / "compare.json")
    write_report([tmp_path / "compare.json"], tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "Nothing was compared with a fully sampled scan." in page
    assert "Scores of the volume" not in page
    assert "date 2" in page


def test_the_page_is_drawn_with_its_words_and_pictures(
    text: str, request: pytest.FixtureRequest
) -> None:
    """Qt draws the page at the width of A4: no word is lost, and each picture has its place."""
    pytest.importorskip("pytestqt", reason="Qt is not installed")
    request.getfixturevalue("qapp")
    from qtpy.QtCore import QSizeF
    from qtpy.QtGui import QImage, QPainter, QTextDocument

    page = QTextDocument()
    page.setHtml(text)
    page.setPageSize(QSizeF(794, 20_000))  # 210 mm at 96 dots per inch, all in one piece
    drawn_text = page.toPlainText()
    for said in ("Research use only", "Scores of the volume", "Lesions", "Methods"):
        assert said in drawn_text
    assert drawn_text.count("\ufffc") == len(read(text).pictures)  # a picture in the text
    picture = QImage(794, int(page.documentLayout().documentSize().height()), QImage.Format_RGB32)
    picture.fill(0xFFFFFFFF)
    with QPainter(picture) as painter:
        page.drawContents(painter)
    bits = np.frombuffer(picture.constBits(), np.uint8).reshape(picture.height(), -1)
    assert (bits < 128).any(axis=1).sum() > 600  # lines of text, and figures taller than a text


def test_the_pdf_has_the_text_and_the_pictures_of_the_page_on_a4(
    home: Path, tmp_path: Path
) -> None:
    from PIL import Image

    try:
        import weasyprint  # noqa: F401
    except (ImportError, OSError) as why:
        pytest.skip(f"WeasyPrint does not work here: {why}")
    write_report([home / "runs" / PATIENT], tmp_path / "r.html", pdf=True)
    assert (tmp_path / "r.html").is_file()
    data = (tmp_path / "r.pdf").read_bytes()
    assert data.startswith(b"%PDF")
    sizes = {
        tuple(map(float, box.split())) for box in re.findall(rb"/MediaBox ?\[([^\]]+)\]", data)
    }
    assert all(abs(width - 595.3) < 1 and abs(height - 841.9) < 1 for _, _, width, height in sizes)
    page = read((tmp_path / "r.html").read_text("utf-8"))
    words = text_of(data)
    for said in (
        "Research use only. Not a medical device", "Scores of the volume", "PSNR (dB)",
        "SHA-256", "A–P", "Limits", "Commands that repeat it",
    ):  # fmt: skip
        assert said in words, said
    assert PATIENT not in words
    shown = [np.asarray(Image.open(io.BytesIO(png)).convert("RGB")) for png in page.pictures]
    found = pictures_of(data)
    assert len(found) == len(shown) >= 2
    for one, other in zip(found, shown, strict=True):
        np.testing.assert_array_equal(one, other)
    with pytest.raises(RequestError, match=r"written as \.html or \.pdf"):
        write_report([home / "runs" / PATIENT], tmp_path / "r.doc")


@pytest.mark.parametrize(("package", "pdf"), [("jinja2", False), ("weasyprint", True)])
def test_an_absent_package_is_named_before_anything_is_written(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str, pdf: bool
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ResourceError, match=rf"{package}.*pip install 'napari-mtmri\[report\]'"):
        write_report([home / "runs" / PATIENT / "mtmri"], tmp_path / "r.html", pdf=pdf)
    assert not list(tmp_path.glob("r.*"))


def test_what_cannot_be_read_is_named(tmp_path: Path, home: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        write_report([tmp_path / "none"], tmp_path / "r.html")
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "run.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="is not a valid record"):
        write_report([broken], tmp_path / "r.html")
    assert not (tmp_path / "r.html").exists()


def test_sessions_of_a_patient_are_averaged_in_the_summary_and_not_named(tmp_path: Path) -> None:
    """The patient is known by the BIDS name, which the page hides."""
    for number in (1, 2, 3):
        name = f"sub-{1 + number // 3}_ses-{number}"
        result = named(result_of(head(number), "d5c5"), name, tmp_path)
        mt.save(mt.evaluate(result, reference=head(number)), tmp_path / "runs" / name / "d5c5")
    write_report([tmp_path / "runs"], tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "the 3 cases are of 2 patients" in page
    assert "Over 2 patients, whose 3 sessions were averaged first" in page
    assert "sub-1" not in page


def test_a_folder_of_scores_says_that_n_counts_patients(tmp_path: Path) -> None:
    lines = ["case,image,patient"]
    for number, patient in enumerate("aab"):
        mt.save(head(number), tmp_path / f"{number}.nii.gz")
        lines.append(f"p{number},{number}.nii.gz,{patient}")
    (tmp_path / "cases.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    mt.evaluate_many(tmp_path / "cases.csv", tmp_path / "scores", methods=["zero-filled"])
    write_report([tmp_path / "scores"], tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "the 3 cases are of 2 patients" in page


def test_a_sweep_over_sessions_says_so_and_hides_the_patient(tmp_path: Path) -> None:
    lines = ["case,image,patient"]
    for number, patient in enumerate(("Jane", "Jane", "Rick")):
        mt.save(head(number), tmp_path / f"{number}.nii.gz")
        lines.append(f"{patient}{number},{number}.nii.gz,{patient}")
    (tmp_path / "cases.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    sweep = run_sweep(tmp_path / "cases.csv", tmp_path / "sweep", ["zero-filled"], (2,))
    assert {row.patient for row in sweep.rows} == {"Jane", "Rick"}
    write_report([tmp_path / "sweep"], tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "95 % interval of the mean over 2 patients with 3 cases" in page
    assert "Jane" not in page
