# SPDX-License-Identifier: BSD-3-Clause
"""A process that forks exports, each of which kills itself at its n-th file-system event.

Reads lines "n" and answers "killed", or "done" with the number of events if there were fewer.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

from napari_mtmri.review.export import export_review
from napari_mtmri.review.project import open_project
from napari_mtmri.review.training_folder import export_training

EVENTS = {
    "open", "os.chmod", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "shutil.copyfile",
    "shutil.rmtree",
}  # fmt: skip
EXPORTS = {"export": export_review, "training": export_training}


def export(what: str, study: Path, out: Path, last: int) -> int:
    """Export, and die before the event with this number; return how many there were."""
    seen = 0

    def count(event: str, _: Any) -> None:
        nonlocal seen
        if event in EVENTS:
            seen += 1
            if seen == last:
                os.kill(os.getpid(), signal.SIGKILL)

    project = open_project(study, "ann")
    sys.addaudithook(count)
    EXPORTS[what](project, out)
    return seen


def say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def main() -> None:
    what, study, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    with tempfile.TemporaryDirectory() as scratch:  # so that no fork has to import anything
        export(what, study, Path(scratch) / "out", 0)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            say(f"done {export(what, study, out, int(line))}")
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            say("killed")


if __name__ == "__main__":
    main()
