# SPDX-License-Identifier: BSD-3-Clause
"""Parameters and arithmetic of networks."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from napari_mtmri.networks.cost import cost_of, count_parameters
from napari_mtmri.networks.linet import LINet
from tests.networks.scans import parameters


@pytest.mark.parametrize(
    ("architecture", "gflop"),
    [
        ({"reconstruction": {"features": 64}, "segmentation": None}, 48.6),
        ({"reconstruction": None, "segmentation": {"features": 16}}, 4.0),
        ({"kind": "segnetmri", "features": 16}, 16.9),
        ({"kind": "synnet", "segmentation": {"features": 16}}, 4.0),
        ({"kind": "linet", "features": 16, "code_channels": 128}, 3.0),
        ({"kind": "seranet", "features": 8, "segmentation": {"features": 8}}, 5.7),
        (
            {
                "kind": "frnet",
                "reconstruction": {"features": 32},
                "segmentation": {"features": 16},
            },
            12.4,
        ),
    ],
)
def test_the_arithmetic_is_as_counted_by_hand(architecture: dict[str, Any], gflop: float) -> None:
    assert cost_of([architecture]).gflop_per_slice == pytest.approx(gflop, rel=0.02)


def test_the_cost_of_several_networks_is_their_sum() -> None:
    parts = [
        {"reconstruction": {"features": 8}, "segmentation": None},
        {"reconstruction": None, "segmentation": {"features": 8}},
    ]
    whole = {"reconstruction": {"features": 8}, "segmentation": {"features": 8}}
    assert cost_of(parts) == cost_of([whole])
    random_state = torch.random.get_rng_state()
    cost_of([whole])
    assert torch.equal(random_state, torch.random.get_rng_state())


def test_a_part_for_training_alone_is_not_counted() -> None:
    sizes = {"features": 4, "depth": 2, "code_channels": 8}
    network = LINet(**sizes)
    count = parameters(network) - parameters(network.label_encoder)
    assert count_parameters(network) == count
    assert cost_of([{"kind": "linet", **sizes}]).n_parameters == count
