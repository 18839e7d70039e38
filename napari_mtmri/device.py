# SPDX-License-Identifier: BSD-3-Clause
"""Which device and precision are used, and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from napari_mtmri.errors import RequestError, ResourceError

if TYPE_CHECKING:
    import torch

DEVICES = ("auto", "cuda", "mps", "cpu")
PRECISIONS = ("auto", "float32", "bfloat16")
Part = TypeVar("Part")


@dataclass(frozen=True)
class Device:
    """Where the networks run.

    Parameters
    ----------
    name : str
        As torch spells it: "cuda", "cuda:1", "mps", "cpu".
    precision : {"float32", "bfloat16"}
        Of the convolutions; transforms and consistency are always float32.
    why : str
        Why this device and precision, in one line.
    """

    name: str
    precision: str
    why: str

    @property
    def batch_size(self) -> int:
        """Slices at once: few on a CPU, so that a stop is felt within a second."""
        return 16 if self.name.startswith("cuda") else 2

    @property
    def torch_device(self) -> torch.device:
        """The device as torch's own object."""
        import torch

        return torch.device(self.name)


def choose_device(device: str = "auto", precision: str = "auto") -> Device:
    """Return the device to use; "auto" takes CUDA, then MPS, then the CPU.

    Raises
    ------
    RequestError
        If the device or precision does not exist here.
    """
    import torch

    if precision not in PRECISIONS:
        raise RequestError(f"precision {precision!r}: choose one of {', '.join(PRECISIONS)}.")
    available = ["cpu"]
    if torch.backends.mps.is_available():
        available.insert(0, "mps")
    if torch.cuda.is_available():
        available.insert(0, "cuda")
    kind = device.partition(":")[0]
    if kind != "auto" and kind not in available:
        raise RequestError(f"device {device!r} is not there; there are: {', '.join(available)}.")
    name = available[0] if kind == "auto" else device
    reason = "asked for" if kind != "auto" else f"the fastest of {', '.join(available)}"
    if precision == "auto":
        precision, why = _fast_precision(name)
        reason += f"; {precision}, {why}"
    return Device(name, precision, f"{name}: {reason}")


def _fast_precision(name: str) -> tuple[str, str]:
    import torch

    if name.startswith("cuda"):
        if torch.cuda.is_bf16_supported():
            return "bfloat16", "which this GPU computes natively"
        return "float32", "since this GPU has no bfloat16"
    if name == "mps":
        return "float32", "since bfloat16 is untried there"
    # Without the processor's own bfloat16 instructions it is slower than float32.
    native = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)()
    if native:
        return "bfloat16", "which this processor computes natively"
    return "float32", "since this processor has no bfloat16 instructions"


def run_halving(
    run: Callable[[Sequence[int]], Part], positions: Sequence[int], device: Device
) -> list[tuple[Sequence[int], Part]]:
    """Run on all positions at once; out of memory, on halves, and so on down to one.

    Raises
    ------
    ResourceError
        If not even one slice fits into the device's memory.
    """
    import torch

    try:
        return [(positions, run(positions))]
    except torch.OutOfMemoryError as why:
        if device.name.startswith("cuda"):
            torch.cuda.empty_cache()
        if len(positions) == 1:
            raise ResourceError(
                f"device {device.name}: one slice does not fit into its memory ({why}); "
                "choose the CPU (--device cpu)."
            ) from why
    middle = len(positions) // 2
    return run_halving(run, positions[:middle], device) + run_halving(
        run, positions[middle:], device
    )
