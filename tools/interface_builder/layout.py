# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Where the files of a ROS package lie below an installation prefix."""

import sysconfig
from dataclasses import dataclass
from pathlib import Path

STAMP_NAME = 'build_interfaces.json'


@dataclass(frozen=True)
class Layout:
    """The folders below one prefix, which is an environment or the staging area of a build."""

    prefix: Path

    @property
    def include(self) -> Path:
        """Return the folder of the C headers, one folder a package."""
        return self.prefix / 'include'

    @property
    def lib(self) -> Path:
        """Return the folder of the shared libraries."""
        return self.prefix / 'lib'

    @property
    def share(self) -> Path:
        """Return the folder of manifests, interface definitions and generator templates."""
        return self.prefix / 'share'

    @property
    def python(self) -> Path:
        """Return the folder of Python modules (site-packages)."""
        base = str(self.prefix)
        return Path(sysconfig.get_path('platlib', vars={'base': base, 'platbase': base}))

    def index(self, resource_type: str) -> Path:
        """Return the folder of one resource type of the ament index."""
        return self.share / 'ament_index' / 'resource_index' / resource_type

    def stamp(self, package_name: str) -> Path:
        """
        Return the file that says from what a built package was made.

        It lies inside the Python package, so that one rename brings both in.
        """
        return self.python / package_name / STAMP_NAME
