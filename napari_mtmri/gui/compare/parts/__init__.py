# SPDX-License-Identifier: BSD-3-Clause
"""Parts of the Compare panel."""
