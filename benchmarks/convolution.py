# SPDX-License-Identifier: BSD-3-Clause
"""Throughput of the D5C5 network relative to a single convolution.

Both are measured alternately in this process: one 64 -> 64 3x3 layer on the same slices, in
the same precision and layout, and the whole network (5 cascades of 5 convolutions, with
transforms and data consistency). Throughput = multiply-accumulates of the convolutions per
second. Prints a ratio of medians; nothing is asserted.

    python benchmarks/convolution.py [--features 64] [--slices 4] [--rounds 5]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial

import torch

from napari_mtmri.networks.d5c5 import D5C5

PLANE = (224, 192)
LAYERS = 15  # number of 64 -> 64 layers in the network


def repeat(layer: torch.nn.Module, features: torch.Tensor) -> None:
    """Run one layer ``LAYERS`` times."""
    for _ in range(LAYERS):
        layer(features)


def seconds(call: Callable[[], object], device: torch.device) -> float:
    """Return the wall time of one call."""
    began = time.perf_counter()
    call()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - began


def main() -> None:
    """Print one row per precision."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--features", type=int, default=64)
    parser.add_argument("--slices", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    width, count = options.features, options.slices
    network = D5C5(features=width).to(device, memory_format=torch.channels_last).eval()
    layer = torch.nn.Conv2d(width, width, 3, padding=1).to(
        device, memory_format=torch.channels_last
    )
    kspace = torch.randn(count, 1, *PLANE, dtype=torch.complex64, device=device)
    mask = (torch.rand(1, 1, 1, PLANE[1], device=device) < 0.25).expand(1, 1, *PLANE)
    image = torch.randn(count, width, *PLANE, device=device).to(memory_format=torch.channels_last)
    pixels = count * PLANE[0] * PLANE[1]
    macs_network = pixels * 5 * (2 * 18 * width + 3 * 9 * width**2)
    macs_layer = pixels * 9 * width**2
    print(f"{device}, {torch.get_num_threads()} threads, D5C5 with {width} filters, {count} slices")
    print("precision  layer GMAC/s  network GMAC/s  ratio  slices/s")
    for dtype in (torch.float32, torch.bfloat16):
        network, layer, features = network.to(dtype), layer.to(dtype), image.to(dtype)

        run_network = partial(network, kspace, mask)
        run_layer = partial(repeat, layer, features)
        with torch.inference_mode():
            run_network(), run_layer()
            pairs = [
                (seconds(run_layer, device) / LAYERS, seconds(run_network, device))
                for _ in range(options.rounds)
            ]
        bare = macs_layer / statistics.median(pair[0] for pair in pairs) / 1e9
        whole = macs_network / statistics.median(pair[1] for pair in pairs) / 1e9
        name = str(dtype).removeprefix("torch.")
        print(
            f"{name:<9}  {bare:12.0f}  {whole:14.0f}  {whole / bare:5.2f}  {whole * 1e9 / macs_network * count:8.1f}"
        )


if __name__ == "__main__":
    main()
