# SPDX-License-Identifier: BSD-3-Clause
"""Methods, one file each; the name of the default one costs no import."""

DEFAULT_METHOD = "mtmri"
