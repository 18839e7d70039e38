# SPDX-License-Identifier: BSD-3-Clause
"""Studies that take seconds: tiny networks, simulated heads, few updates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from napari_mtmri.study.budgets import Budget
from napari_mtmri.study.plan import Experiment, Plan, make_plan
from napari_mtmri.study.rows import Study
from napari_mtmri.train.recipe import SIMULATED

TINY = Budget(
    "tiny",
    "quick-check",
    {
        "recon_cascades": 1, "recon_convs": 2, "recon_features": 2, "seg_features": 2,
        "seg_depth": 1, "epochs": 3, "batch_size": 2, "slices_per_case": 2, "warmup_updates": 1,
        "validation_slices": 1, "n_simulated": (2, 2, 1), "simulated_size": (32, 32),
    },
    (0,),
    "No evidence.",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _lightning() -> None:
    pytest.importorskip("lightning_fabric", reason="training needs the extra [train]")


def plan_of(study: Study, out: Path, budget: Budget = TINY, **changes: Any) -> Plan:
    """A plan on simulated heads."""
    return make_plan(Experiment(study, budget, SIMULATED, out, **changes))
