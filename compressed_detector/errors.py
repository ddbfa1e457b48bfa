# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The errors of compressed_detector: one base, one subclass per layer.

Every message says what was expected, what was found and what to do about it.
"""


class CompressedDetectorError(Exception):
    """Base of every error that a user can cause and mend."""


class ConfigError(CompressedDetectorError):
    """A parameter is unknown, of the wrong type or out of its bounds."""


class ModelError(CompressedDetectorError):
    """A model on disk is missing, corrupt, or not what its manifest says."""


class ImageError(CompressedDetectorError):
    """An image cannot be turned into pixels; ``reason`` is short enough to count by."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class RangingError(CompressedDetectorError):
    """A camera's geometry or a depth image is not what distances can be derived from."""


class BagError(CompressedDetectorError):
    """A bag cannot be read, or lacks what was asked of it."""


class AnnotationError(CompressedDetectorError):
    """What was drawn on pictures cannot be read, or is not about what it should be about."""


class CompressionError(CompressedDetectorError):
    """A network cannot be imported, built or transformed as asked."""


class EvaluationError(CompressedDetectorError):
    """A data set cannot be scored as asked."""


class BenchmarkError(CompressedDetectorError):
    """Something cannot be measured as asked."""


class RosError(CompressedDetectorError):
    """The ROS 2 graph or installation is not as the command needs it."""
