# SPDX-License-Identifier: BSD-3-Clause
"""The parts of the Train panel, one file each."""
