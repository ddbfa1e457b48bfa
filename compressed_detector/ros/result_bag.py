# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A rosbag2 of what a detector says, as RViz and Foxglove open it beside the original."""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from rosbags.interfaces import Connection, Qos
from rosbags.rosbag2 import StoragePlugin, Writer, WriterError

from compressed_detector.errors import BagError
from compressed_detector.message_types import typestore
from compressed_detector.ros import mcap_marks

# The index of a file on a full disk takes the place of at most so many of its last chunks.
MARKS = 4096
# Kept free for metadata.yaml, which is written last and must find room on a full disk.
METADATA_BYTES = 64 * 1024
# What a kill or a full disk may cost beside the last seconds.
CHUNK_BYTES = 64 * 1024
REMEDY = 'make room, or record to another place'


class ResultBag:
    """
    An MCAP bag that grows message by message and is readable however it ends.

    ``flush`` puts on disk what was written so far: what is there when the process is killed can
    be recovered with `ros2 bag reindex`. When the disk is full, the bag is ended in the space
    that it has, at the cost of its last seconds, and BagError says so.
    """

    def __init__(self, folder: Path) -> None:
        """Create the folder of the bag; raises BagError if it exists or cannot be created."""
        self.folder = folder
        self.counts: dict[str, int] = {}
        self._connections: dict[tuple[str, str], Connection] = {}
        self._pending_bytes = 0
        self._marks: deque[mcap_marks.Mark] = deque(maxlen=MARKS)
        try:
            self._writer = Writer(folder, version=8, storage_plugin=StoragePlugin.MCAP)
            self._writer.open()
            folder.joinpath('metadata.yaml.tmp').write_bytes(bytes(METADATA_BYTES))
        except (OSError, WriterError) as error:
            raise BagError(f'cannot create the bag {folder}: {_reason(error)}') from error
        self._open = True

    def __enter__(self) -> ResultBag:
        """Return the bag itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the bag."""
        self.close()

    def write(
        self, topic: str, msgtype: str, log_ns: int, data: bytes, offered: Sequence[Qos] = ()
    ) -> None:
        """Add a serialized (CDR) message; ``offered`` is the QoS of the topic's publishers."""
        key = (topic, msgtype)
        if key not in self._connections:
            self._connections[key] = self._writer.add_connection(
                topic, msgtype, typestore=typestore(), offered_qos_profiles=list(offered)
            )
        self._guard(lambda: self._writer.write(self._connections[key], log_ns, data))
        self.counts[topic] = self.counts.get(topic, 0) + 1
        self._pending_bytes += len(data)
        if self._pending_bytes >= CHUNK_BYTES:
            self.flush()

    def flush(self) -> None:
        """Put on disk what was written so far; raises BagError when it is full."""
        self._guard(self._flush)

    def close(self) -> None:
        """End the bag; one without any message is removed."""
        if not self._open:
            return
        if not self.counts:
            self._open = False
            self._writer.abort()
            shutil.rmtree(self.folder, ignore_errors=True)
            return
        self._guard(self._finish)
        self._open = False

    def _finish(self) -> None:
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        self._pending_bytes = 0
        if mark := mcap_marks.flush(self._writer):
            self._marks.append(mark)

    def _guard(self, action: Callable[[], None]) -> None:
        try:
            action()
        except OSError as error:
            self._open = False
            kept = self._end_early()
            raise BagError(f'cannot write the bag {self.folder}: {_reason(error)}; {kept}'
                           ) from error

    def _end_early(self) -> str:
        """End the bag as late as the space that it has allows; say what became of it."""
        for mark in reversed(self._marks):
            if self._writer.storage is None:  # the file is complete, metadata.yaml is not
                break
            with suppress(OSError):
                mcap_marks.end_at(self._writer, mark)
                kept = sum(mark.counts.values())
                return f'its first {kept} messages are kept and readable; {REMEDY}'
        with suppress(OSError):
            self._writer.abort()
        return f'recover what it holds with: ros2 bag reindex {self.folder}; {REMEDY}'


def _reason(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)
