# SPDX-License-Identifier: BSD-3-Clause
"""Multi-task MR imaging: accelerated reconstruction and segmentation together.

Nouns (`Volume`, `Pattern`, `Acquisition`, `Scan`, `Method`, `Result`), verbs for one
volume (`open`, `simulate`, `run`, `evaluate`, `save`) and for many cases (`run_many`,
`evaluate_many`, with `MethodChoice` and `Where`). Names are fetched when first used, so
that importing the package imports neither torch nor napari.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_mtmri.acquisition import Acquisition
    from napari_mtmri.batch.many import evaluate_many, run_many
    from napari_mtmri.batch.method_choice import MethodChoice
    from napari_mtmri.batch.run_jobs import Where
    from napari_mtmri.methods.base import Method
    from napari_mtmri.patterns.base import Pattern
    from napari_mtmri.result import Result
    from napari_mtmri.scan import Scan
    from napari_mtmri.verbs import evaluate, open, run, save, simulate
    from napari_mtmri.volume import Volume

__version__ = "0.1.0"

_HOME = {
    "Volume": "volume",
    "Pattern": "patterns.base",
    "Acquisition": "acquisition",
    "Scan": "scan",
    "Method": "methods.base",
    "Result": "result",
    "open": "verbs",
    "simulate": "verbs",
    "run": "verbs",
    "evaluate": "verbs",
    "save": "verbs",
    "run_many": "batch.many",
    "evaluate_many": "batch.many",
    "MethodChoice": "batch.method_choice",
    "Where": "batch.run_jobs",
}

__all__ = [
    "Acquisition",
    "Method",
    "MethodChoice",
    "Pattern",
    "Result",
    "Scan",
    "Volume",
    "Where",
    "__version__",
    "evaluate",
    "evaluate_many",
    "open",
    "run",
    "run_many",
    "save",
    "simulate",
]


def _wait_passively() -> None:
    """Let the threads of torch sleep soon when they wait for each other.

    By default they spin for long, which takes ten times as long as soon as another program
    computes on the same cores. OpenMP reads the variables when torch is loaded; what the user has
    set is kept. GNU's OpenMP spins briefly: not to spin at all costs 20 % on an idle computer
    (``benchmarks/beside.py``).
    """
    if not {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME"} & os.environ.keys():
        os.environ.update(OMP_WAIT_POLICY="PASSIVE", GOMP_SPINCOUNT="10000")


_wait_passively()


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
