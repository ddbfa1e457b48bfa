# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Whether other nodes have the name of this one, which ROS 2 allows and says nothing about."""

from __future__ import annotations

from rclpy.node import Node

# How long Fast DDS keeps a participant on the graph that was killed.
LEASE_S = 20


def warn_of_namesakes(node: Node) -> str:
    """Return what is wrong with the node's name; an empty text when it is the only one."""
    own = (node.get_name(), node.get_namespace())
    count = node.get_node_names_and_namespaces().count(own)
    if count < 2:
        return ''
    return (
        f'{count} nodes are named {node.get_fully_qualified_name()}: both publish on the same '
        'topics, and only one of them answers services. Rename one with -r __node:=<name> or '
        f'-r __ns:=/<namespace>; if one was killed, this ends after {LEASE_S} s'
    )
