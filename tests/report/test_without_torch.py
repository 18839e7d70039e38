# SPDX-License-Identifier: BSD-3-Clause
"""Saved results are compared and reported without torch, and the page of the docs runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import napari_mtmri as mt
from tests.compare.cases import drawn, head, result_of

ROOT = Path(__file__).parents[2]
CODE = """
import sys
from pathlib import Path
sys.modules["torch"] = sys.modules["napari"] = sys.modules["qtpy"] = None
from napari_mtmri.compare import compare_paths, lesion_table, save_comparison_figure, score_table
from napari_mtmri.report import write_report
here = Path(sys.argv[1])
seen = compare_paths([here / "d5c5", here / "mtmri"], labels=here / "lesion.nii.gz")
assert score_table(seen).rows and lesion_table(seen).rows
save_comparison_figure(seen, here / "figure.png")
write_report([here / "d5c5"], here / "report.html")
"""


def test_saved_results_are_compared_and_reported_without_torch(tmp_path: Path) -> None:
    for method in ("d5c5", "mtmri"):
        mt.save(result_of(head(), method, labels=drawn().data), tmp_path / method)
    mt.save(drawn(), tmp_path / "lesion.nii.gz")
    subprocess.run([sys.executable, "-c", CODE, str(tmp_path)], check=True)
    assert (tmp_path / "figure.png").is_file()
    assert (tmp_path / "report.html").is_file()


def test_the_python_of_the_docs_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (ROOT / "docs" / "compare.md").read_text(encoding="utf-8")
    code = text.split("```python\n")[1].split("```")[0]
    monkeypatch.chdir(tmp_path)
    exec(compile(code.replace('"mtmri"', '"zero-filled"'), "compare.md", "exec"), {})
    assert "PSNR" in capsys.readouterr().out
    assert (tmp_path / "figure.png").is_file()
