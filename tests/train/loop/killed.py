# SPDX-License-Identifier: BSD-3-Clause
"""Start a training repeatedly, kill it at random times, and let the last one finish.

Run as a program, so that the forking process has not used torch before.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

from napari_mtmri.train.folder.layout import CONFIG
from napari_mtmri.train.loop.training import Training, open_run
from tests.train.heads import changed

N_KILLS, LONGEST_S = 20, 0.6


def train(folder: Path, run: Path) -> None:
    if (run / CONFIG).exists():
        training = open_run(run)
    else:
        training = Training(changed(epochs=12), folder, run)
    training.checkpoint_every_s = 0.0
    training.run()


def main(folder: Path, run: Path) -> None:
    moments, killed = random.Random(7), 0
    while killed < N_KILLS:
        child = os.fork()
        if child == 0:
            train(folder, run)
            os._exit(0)
        time.sleep(moments.uniform(0, LONGEST_S))  # the random time
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            break
        killed += 1
    sys.stdout.write(f"{killed}\n")
    train(folder, run)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
