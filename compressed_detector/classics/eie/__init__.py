# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""EIE in software: products straight from compressed weights (Han et al., ISCA 2016)."""
