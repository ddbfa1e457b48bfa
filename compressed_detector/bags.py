# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A recorded bag as topics and a lazy stream of serialized messages; no rclpy, no decoding."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from rosbags.interfaces import Connection, ConnectionExtRosbag2, Qos
from rosbags.rosbag2 import Reader

from compressed_detector.errors import BagError

T = TypeVar('T')
REINDEX = 'repair it with: ros2 bag reindex {path}'


# Equal only to itself, so that it can be a key.
@dataclass(frozen=True, eq=False)
class RecordedTopic:
    """One topic of a bag, with one message type."""

    name: str
    msgtype: str
    type_hash: str
    qos: tuple[Qos, ...]
    message_count: int
    connections: tuple[Connection, ...]


@dataclass(frozen=True)
class RecordedMessage:
    """A message as recorded: its topic, log time in ns since the epoch, and CDR bytes."""

    topic: RecordedTopic
    log_ns: int
    data: bytes


class BagSource:
    """
    Reads a rosbag2: a folder with metadata.yaml, or a single .mcap or .db3 file.

    Storage may be sqlite3 or MCAP, split, compressed as files, messages or chunks. Messages are
    read as they are asked for: memory does not grow with the bag.
    """

    def __init__(self, path: Path) -> None:
        """Open the bag; raises BagError when there is none or it is damaged."""
        self.path = path
        self._reader = self._guard(self._open)
        self.topics = _group(self._reader.connections)
        if not self._reader.message_count:
            self.close()
            raise BagError(f'bag {path} holds no messages')
        self.first_ns = self._reader.start_time
        self.last_ns = self._reader.end_time - 1

    def __enter__(self) -> BagSource:
        """Return the source itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the bag."""
        self.close()

    @property
    def interval_ns(self) -> int:
        """The mean time between two messages of the busiest topic, 0 if there is none."""
        count = max(topic.message_count for topic in self.topics)
        return (self.last_ns - self.first_ns) // (count - 1) if count > 1 else 0

    def select(self, names: Iterable[str]) -> tuple[RecordedTopic, ...]:
        """Return the topics with these names, all if none is given; BagError if one lacks."""
        wanted = set(names)
        if unknown := sorted(wanted - {topic.name for topic in self.topics}):
            raise BagError(
                f'bag {self.path} has no topic {", ".join(unknown)}; it holds {self.describe()}'
            )
        return tuple(topic for topic in self.topics if not wanted or topic.name in wanted)

    def describe(self) -> str:
        """Name every topic with its type, for messages to the user."""
        return ', '.join(f'{topic.name} ({topic.msgtype})' for topic in self.topics)

    def messages(
        self, topics: Iterable[RecordedTopic], start_ns: int, stop_ns: int
    ) -> Iterator[RecordedMessage]:
        """Yield the messages of these topics logged in [start_ns, stop_ns), oldest first."""
        owner = {connection.id: topic for topic in topics for connection in topic.connections}
        connections = [c for topic in topics for c in topic.connections]
        stream = self._reader.messages(connections, start_ns, stop_ns)
        while (item := self._guard(lambda: next(stream, None))) is not None:
            connection, log_ns, data = item
            yield RecordedMessage(owner[connection.id], log_ns, data)

    def close(self) -> None:
        """Close the files and remove what was unpacked."""
        self._reader.close()

    def _open(self) -> Reader:
        if not self.path.exists():
            raise BagError(f'bag {self.path} does not exist')
        if self.path.is_dir() and not (self.path / 'metadata.yaml').exists():
            raise BagError(
                f'{self.path} is not a bag: it has no metadata.yaml; if it holds a recording that '
                f'was cut off, {REINDEX.format(path=self.path)}'
            )
        reader = Reader(self.path)
        reader.open()
        return reader

    def _guard(self, read: Callable[[], T]) -> T:
        """Call `read` and turn what it raises into BagError."""
        try:
            return read()
        except BagError:
            raise
        # A damaged file shows as ReaderError, struct.error, TypeError, AssertionError, or an
        # error of SQLite, zstd or lz4: whatever the bytes happen to break first.
        except Exception as error:
            reason = str(error) or type(error).__name__
            raise BagError(
                f'bag {self.path} cannot be read: {reason}; if it was cut off, '
                f'{REINDEX.format(path=self.path)}'
            ) from error


def _group(connections: Iterable[Connection]) -> tuple[RecordedTopic, ...]:
    """Merge the connections that differ only in their publishers, sorted by topic name."""
    groups: dict[tuple[str, str], list[Connection]] = {}
    for connection in connections:
        groups.setdefault((connection.topic, connection.msgtype), []).append(connection)
    return tuple(_topic(tuple(group)) for _, group in sorted(groups.items()))


def _topic(connections: tuple[Connection, ...]) -> RecordedTopic:
    first = connections[0]
    return RecordedTopic(
        name=first.topic,
        msgtype=first.msgtype,
        type_hash=next((c.digest for c in connections if c.digest), ''),
        qos=tuple(qos for c in connections for qos in _offered(c)),
        message_count=sum(c.msgcount for c in connections),
        connections=connections,
    )


def _offered(connection: Connection) -> list[Qos]:
    ext = connection.ext
    return ext.offered_qos_profiles if isinstance(ext, ConnectionExtRosbag2) else []
