# SPDX-License-Identifier: BSD-3-Clause
"""Reports of results, as one HTML file or PDF."""

from napari_mtmri.report.write import make_page, report_comparison, write_report

__all__ = ["make_page", "report_comparison", "write_report"]
