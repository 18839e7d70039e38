# SPDX-License-Identifier: BSD-3-Clause
"""The README of the package's metadata: links that lead somewhere outside a checkout too."""

import re
import tomllib
from pathlib import Path

from setuptools import setup

HERE = Path(__file__).parent
PROJECT = tomllib.loads((HERE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LINK = re.compile(r"(!?)(\[[^]]*\]\()(?!https?:|#)([^)]+)\)")


def absolute(link: re.Match[str]) -> str:
    """Return a link into the repository; pictures are shown from its raw files."""
    where = "raw" if link[1] else "blob"
    return f"{link[1]}{link[2]}{PROJECT['urls']['Repository']}/{where}/main/{link[3]})"


setup(
    long_description=LINK.sub(absolute, (HERE / "README.md").read_text(encoding="utf-8")),
    long_description_content_type="text/markdown",
)
