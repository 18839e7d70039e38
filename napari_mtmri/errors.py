# SPDX-License-Identifier: BSD-3-Clause
"""Exceptions of the package, grouped by what the user can do about them.

::

    MtmriError
    ├── InputError      a file or array: repair it or choose another
    ├── RequestError    parameters: change them (exit status 2)
    ├── WeightsError    network weights: choose others
    ├── ResourceError   memory, disk or device: request less, or free some space
    └── Stopped         stopped by the user (exit status 130)

Every message is one sentence: which thing, what is wrong with the value shown, and what to
do. A parameter is named as in Python, in backticks (`snr`); shell and window put their own
spelling in its place.
"""

from __future__ import annotations


class MtmriError(Exception):
    """Base class of all errors that the package raises; the message is written for the user."""


class InputError(MtmriError):
    """A file or array cannot be used as it is."""


class RequestError(MtmriError):
    """Parameters are out of range or do not fit together, or a name does not exist."""


class WeightsError(MtmriError):
    """Weights are missing, damaged or were made for another method."""


class ResourceError(MtmriError):
    """Memory, disk space or the device are not sufficient for the request."""


class Stopped(MtmriError):
    """The user stopped the work; no partial result is left behind."""
