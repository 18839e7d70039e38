# SPDX-License-Identifier: BSD-3-Clause
"""Weights that ship with the package, each with its card."""
