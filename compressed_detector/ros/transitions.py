# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Lifecycle transitions that say what went wrong."""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable
from typing import Any

from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn

Transition = Callable[[Any, LifecycleState], TransitionCallbackReturn]


def said_aloud(transition: Transition) -> Transition:
    """Log what a transition raises: rclpy turns it into an error state without a word."""

    @functools.wraps(transition)
    def guarded(self: Any, state: LifecycleState) -> TransitionCallbackReturn:
        try:
            return transition(self, state)
        except Exception as error:
            if not self.context.ok():
                return TransitionCallbackReturn.ERROR  # a signal ended ROS while this ran
            self._problem = f'{transition.__name__}: {type(error).__name__}: {error}'
            self.get_logger().error(traceback.format_exc())
            return TransitionCallbackReturn.ERROR

    return guarded
