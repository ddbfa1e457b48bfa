# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Places in a growing MCAP file where it can be ended; the only user of rosbags' inner MCAP writer.

rosbags collects a chunk in memory, and an error in the middle of writing one leaves its writer
unusable. Its public interface has no way to put a chunk on disk before it is full, nor to end a
file on a full disk.
"""

from __future__ import annotations

import io
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from typing import cast

from rosbags.rosbag2 import Writer
from rosbags.rosbag2.storage_mcap import McapWriter


@dataclass(frozen=True)
class Mark:
    """The state of a writer just after a chunk: where the file is, and what is in it so far."""

    offset: int
    chunks: int
    channel_counts: dict[int, int]
    counts: dict[int, int]
    first_ns: int
    last_ns: int


def flush(writer: Writer) -> Mark | None:
    """Put what was collected on disk; return the mark behind it, None if there was nothing."""
    storage = _storage(writer)
    if not storage.chunk.bio.tell():
        return None
    storage.close_chunk()
    storage.bio.flush()
    return Mark(
        storage.bio.tell(), len(storage.chunks), dict(storage.channel_stats),
        dict(writer.counts), writer.min_timestamp, writer.max_timestamp,
    )


def end_at(writer: Writer, mark: Mark) -> None:
    """
    End the file at a mark, with its index in the place of what came behind.

    What is overwritten needs no new space, which is why a full disk does not prevent it. Raises
    OSError when the index is longer than that; an earlier mark leaves it more room.
    """
    storage = _storage(writer)
    with suppress(OSError):
        storage.bio.close()  # tries to write once more what the disk had no room for
    raw = _EndsWhereItIs(storage.path, 'r+')
    raw.seek(mark.offset)
    storage.bio = io.BufferedWriter(raw)
    storage.chunk = type(storage.chunk)(2**63 - 1, 0, io.BytesIO(), defaultdict(list))
    del storage.chunks[mark.chunks:]
    storage.channel_stats = {**dict.fromkeys(storage.channel_stats, 0), **mark.channel_counts}
    writer.counts = {**dict.fromkeys(writer.counts, 0), **mark.counts}
    writer.min_timestamp = storage.message_start_time = mark.first_ns
    writer.max_timestamp = storage.message_end_time = mark.last_ns
    writer.close()


class _EndsWhereItIs(io.FileIO):
    """A file that, when it is closed, loses what lies behind the last byte written."""

    def close(self) -> None:
        if not self.closed:
            self.truncate(self.tell())
        super().close()


def _storage(writer: Writer) -> McapWriter:
    return cast('McapWriter', writer.storage)
