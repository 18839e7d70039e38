# SPDX-License-Identifier: BSD-3-Clause
"""Choice of the compute device and its precision."""

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
    """Device on which the networks run, and its precision.

    Parameters
    ----------
    name : str
        Name of the torch device: "cuda", "cuda:1", "mps", "cpu".
    precision : {"float32", "bfloat16"}
        Precision of the convolutions; Fourier transforms and data consistency are always
        float32.
    why : str
        Reason for this device and precision, in one line.
    """

    name: str
    precision: str
    why: str

    @property
    def batch_size(self) -> int:
        """Slices per batch: few on a CPU, so that it stops within a second when asked to."""
        return 16 if self.name.startswith("cuda") else 2

    @property
    def torch_device(self) -> torch.device:
        """The device as a ``torch.device``."""
        import torch

        return torch.device(self.name)


def choose_device(device: str = "auto", precision: str = "auto") -> Device:
    """Return the device and precision to use.

    Parameters
    ----------
    device : str
        "cuda", "cuda:1", "mps", "cpu", or "auto": the first available of CUDA, MPS and CPU.
    precision : {"auto", "float32", "bfloat16"}
        "auto": bfloat16 if the device computes it natively, else float32.

    Raises
    ------
    RequestError
        If the device is not available or the precision does not exist.
    """
    import torch

    if precision not in PRECISIONS:
        raise RequestError(
            f"`precision` {precision!r} does not exist; choose one of {', '.join(PRECISIONS)}."
        )
    available = ["cpu"]
    if torch.backends.mps.is_available():
        available.insert(0, "mps")
    if torch.cuda.is_available():
        available.insert(0, "cuda")
    kind = device.partition(":")[0]
    if kind != "auto" and kind not in available:
        raise RequestError(
            f"`device` {device!r} is not available here; choose one of {', '.join(available)}."
        )
    name = available[0] if kind == "auto" else device
    reason = "chosen by the user" if kind != "auto" else f"the fastest of {', '.join(available)}"
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
        return "float32", "since bfloat16 has not been tested there"
    # Without native bfloat16 instructions of the processor it is slower than float32.
    native = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)()
    if native:
        return "bfloat16", "which this processor computes natively"
    return "float32", "since this processor has no bfloat16 instructions"


def run_halving(
    run: Callable[[Sequence[int]], Part], positions: Sequence[int], device: Device
) -> list[tuple[Sequence[int], Part]]:
    """Run on a batch of slices; if memory runs out, on its halves, down to single slices.

    Parameters
    ----------
    run : callable
        From positions of slices to their result.
    positions : sequence of int
        Positions of the slices of the batch.
    device : Device

    Returns
    -------
    list of (sequence of int, result)
        Positions and result of each part, in order.

    Raises
    ------
    ResourceError
        If a single slice does not fit into the memory of the device.
    """
    import torch

    try:
        return [(positions, run(positions))]
    except torch.OutOfMemoryError as why:
        if device.name.startswith("cuda"):
            torch.cuda.empty_cache()
        if len(positions) == 1:
            raise ResourceError(
                f"device {device.name!r}: one slice does not fit into its memory ({why}); "
                "free some memory or choose another `device`."
            ) from why
    middle = len(positions) // 2
    return run_halving(run, positions[:middle], device) + run_halving(
        run, positions[middle:], device
    )
