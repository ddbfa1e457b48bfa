# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Driving a running detector from outside: services, steady cameras, and what Linux knows."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from harness import Graph, image_message, picture, values_of, wait_until
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rcl_interfaces.srv import GetParameters, SetParametersAtomically
from rclpy.parameter import Parameter, parameter_value_to_python
from rclpy.qos import QoSProfile, QoSReliabilityPolicy
from rclpy.time import Time
from sensor_msgs.msg import Image
from std_srvs.srv import Trigger

from compressed_detector.process_figures import rss_bytes

TRANSITIONS = {
    'configure': Transition.TRANSITION_CONFIGURE,
    'activate': Transition.TRANSITION_ACTIVATE,
    'deactivate': Transition.TRANSITION_DEACTIVATE,
    'cleanup': Transition.TRANSITION_CLEANUP,
}


def ask(graph: Graph, kind: type, name: str, request: Any) -> Any:
    """Return a service's answer."""
    future = ask_later(graph, kind, name, request)
    graph.wait_until(future.done)
    return future.result()


def ask_later(graph: Graph, kind: type, name: str, request: Any) -> Any:
    """Call a service and return the future of its answer."""
    clients = graph.__dict__.setdefault('clients', {})
    if name not in clients:
        clients[name] = graph.node.create_client(kind, name)
        graph.wait_until(clients[name].service_is_ready)
        _wait_until_clients_are_known(graph)
    return clients[name].call_async(request)


def _wait_until_clients_are_known(graph: Graph) -> None:
    """Wait until the node has discovered every client that exists: it answers no other.

    A service that is ready for its client need not know the client yet, and drops its answer after
    a tenth of a second. Clients are announced in order: who answers a newer one knows the older.
    """
    newest = graph.node.create_client(GetState, '/detector/get_state')
    graph.wait_until(newest.service_is_ready)
    futures: list[Any] = []

    def answered() -> bool:
        return any(future.done() for future in futures)

    def ask_again() -> None:
        futures.append(newest.call_async(GetState.Request()))
        end = time.monotonic() + 1
        wait_until(lambda: answered() or time.monotonic() >= end, graph.spin)

    wait_until(answered, ask_again)
    graph.node.destroy_client(newest)


def set_parameters(graph: Graph, values: Mapping[str, Any]) -> Any:
    """Set all at once and return the node's verdict: successful, reason."""
    request = SetParametersAtomically.Request(parameters=[
        Parameter(name, value=value).to_parameter_msg() for name, value in values.items()
    ])
    return ask(
        graph, SetParametersAtomically, '/detector/set_parameters_atomically', request
    ).result


def get_parameter(graph: Graph, name: str) -> Any:
    """Return the value that the node says a parameter has."""
    request = GetParameters.Request(names=[name])
    answer = ask(graph, GetParameters, '/detector/get_parameters', request)
    return parameter_value_to_python(answer.values[0])


def change_state(graph: Graph, name: str) -> str:
    """Take a transition that must succeed and return the state it led to."""
    request = ChangeState.Request(transition=Transition(id=TRANSITIONS[name]))
    succeeded = ask(graph, ChangeState, '/detector/change_state', request).success
    state = state_of(graph)
    assert succeeded, f'{name} was refused or failed, and the node is now {state}'
    return state


def state_of(graph: Graph) -> str:
    """Return the lifecycle state."""
    answer = ask(graph, GetState, '/detector/get_state', GetState.Request())
    label: str = answer.current_state.label
    return label


def reload_model(graph: Graph) -> Any:
    """Ask for the model to be read again and return the answer."""
    return ask(graph, Trigger, '/detector/reload_model', Trigger.Request())


def parameter_file(folder: Path, parameters: Mapping[str, Any]) -> tuple[str, str]:
    """Write parameters as users do and return the arguments that load them."""
    path = folder / 'parameters.yaml'
    path.write_text(yaml.safe_dump({'/**': {'ros__parameters': dict(parameters)}}))
    return '--params-file', str(path)


class Ears:
    """What was published on a topic, and when it arrived (seconds since the epoch)."""

    def __init__(self, graph: Graph, kind: type, topic: str) -> None:
        self.messages: list[Any] = []
        self.arrivals_s: list[float] = []
        self._graph = graph
        self._subscription = graph.node.create_subscription(kind, topic, self._hear, 1000)

    def wait_for(self, count: int) -> list[Any]:
        """Return the messages as soon as there are so many."""
        self._graph.wait_until(lambda: len(self.messages) >= count)
        return self.messages

    def ages_s(self) -> list[float]:
        """Return how old each message's stamp was when it arrived."""
        return [
            arrival - message.header.stamp.sec - message.header.stamp.nanosec * 1e-9
            for arrival, message in zip(self.arrivals_s, self.messages)
        ]

    def forget(self) -> None:
        """Start over."""
        self.messages.clear()
        self.arrivals_s.clear()

    def close(self) -> None:
        """Stop listening."""
        self._graph.node.destroy_subscription(self._subscription)

    def _hear(self, message: Any) -> None:
        self.arrivals_s.append(time.time())
        self.messages.append(message)


class Feed:
    """A camera that stamps its images with the time, as drivers do."""

    def __init__(self, graph: Graph, topic: str = '/image', status: str = 'detector: camera',
                 ) -> None:
        self.message = image_message(picture())
        self.sent = 0
        self._node = graph.node
        qos = QoSProfile(depth=50, reliability=QoSReliabilityPolicy.BEST_EFFORT)
        self._publisher = graph.node.create_publisher(Image, topic, qos)
        self._timer: Any = None
        graph.wait_until(self._publisher.get_subscription_count)
        # Discovery has two ends: the subscriber hears nothing before it knows the publisher too.
        graph.wait_for_status(
            lambda found, values: found.name == status and values.get('image publishers') == '1'
        )

    def publish(self, stamp_s: float | None = None) -> None:
        """Publish one image of now, or of another time (seconds since the epoch)."""
        stamp = (self._node.get_clock().now() if stamp_s is None
                 else Time(nanoseconds=round(stamp_s * 1e9)))
        self.message.header.stamp = stamp.to_msg()
        self._publisher.publish(self.message)
        self.sent += 1

    def start(self, rate_hz: float) -> None:
        """Publish at a steady rate whenever the graph spins."""
        self._timer = self._node.create_timer(1 / rate_hz, self.publish)

    def stop(self) -> None:
        """Publish no more."""
        self._node.destroy_timer(self._timer)

    def close(self) -> None:
        """Leave the graph."""
        self._node.destroy_publisher(self._publisher)


def run_for(graph: Graph, seconds: float) -> None:
    """Let time pass, listening."""
    end = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() >= end, graph.spin)


@contextmanager
def feeding(graph: Graph, *feeds_at: tuple[Feed, float]) -> Iterator[None]:
    """Keep cameras running at their rates (Hz)."""
    for feed, rate_hz in feeds_at:
        feed.start(rate_hz)
    try:
        yield
    finally:
        for feed, _ in feeds_at:
            feed.stop()


def processing_s(graph: Graph, feed: Feed, ears: Ears) -> float:
    """Return how long one frame takes, from image to answer, when nothing else is there."""
    for _ in range(12):
        count = len(ears.messages)
        feed.publish()
        ears.wait_for(count + 1)
    return statistics.median(ears.ages_s()[2:])


def counts_of(
    graph: Graph, name: str, condition: Callable[[dict[str, int]], Any] = lambda _: True
) -> dict[str, int]:
    """Return the counts of frames in the first new status of that name that meets a condition."""
    status = graph.wait_for_status(
        lambda status, _: status.name == name and condition(_counts(status))
    )
    return _counts(status)


def settled(counts: Mapping[str, int]) -> bool:
    """Whether every received frame has ended in one of the counts."""
    ends = ('processed', 'replaced by newer', 'skipped by max_rate', 'older than max_age',
            'undecodable')
    return counts['received'] > 0 and counts['received'] == sum(counts[end] for end in ends)


def _counts(status: Any) -> dict[str, int]:
    return {key.removeprefix('frames '): int(value) for key, value in values_of(status).items()
            if key.startswith('frames ') and value.isdigit()}


def resident_bytes(pid: int) -> int:
    """Return how much of a process lies in memory."""
    resident = rss_bytes(pid)
    assert resident, 'no VmRSS'
    return resident


def niceness(pid: int) -> dict[int, int]:
    """Return the nice value of each of a process's threads by its id."""
    return {
        # Field 19 of proc(5); the name before may hold spaces.
        int(task.name): int((task / 'stat').read_text().rpartition(')')[2].split()[16])
        for task in Path(f'/proc/{pid}/task').iterdir()
    }


def open_files(pid: int) -> int:
    """Return how many file descriptors a process has."""
    return len(os.listdir(f'/proc/{pid}/fd'))
