# SPDX-License-Identifier: BSD-3-Clause
"""What can go wrong, sorted by what the user can do about it.

::

    MtmriError
    ├── InputError      this file or array: mend it or choose another
    ├── RequestError    these parameters: ask for something else (exit status 2)
    ├── WeightsError    these weights: wrong, truncated or made for another method
    ├── ResourceError   memory, disk or device: ask for less, or make room
    └── Stopped         the user stopped it (exit status 130)

Every message is one sentence: which thing, what is wrong with the value shown,
and what to do.
"""

from __future__ import annotations


class MtmriError(Exception):
    """Anything this package raises on purpose; its text is fit for a user."""


class InputError(MtmriError):
    """A file or array that cannot be used as it is."""


class RequestError(MtmriError):
    """Parameters that cannot be met, or a name that does not exist."""


class WeightsError(MtmriError):
    """Weights that are missing, damaged or made for another method."""


class ResourceError(MtmriError):
    """Too little memory, disk or device for what was asked."""


class Stopped(MtmriError):
    """The user asked to stop; nothing half-made is left behind."""
