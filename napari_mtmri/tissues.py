# SPDX-License-Identifier: BSD-3-Clause
"""Images simulated from tissue label maps."""
