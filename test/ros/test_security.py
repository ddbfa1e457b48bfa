# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""SECURITY.md and the SROS 2 policy, held against the real node process."""

import ast
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from harness import ROOT, TINY_MODEL, Process, detector_process, image_message, picture

POLICY = ROOT / 'config' / 'sros2_permissions.xml'
# What leads to sockets: modules of the standard library, and the usual clients.
NETWORK_MODULES = {
    'aiohttp', 'asyncio', 'ftplib', 'http', 'httpx', 'imaplib', 'poplib', 'requests', 'smtplib',
    'socket', 'socketserver', 'ssl', 'telnetlib', 'urllib', 'urllib3', 'websockets', 'xmlrpc',
}
NODE = [sys.executable, '-m', 'compressed_detector.cli.detector_node', '--ros-args',
        '-p', f'model:={TINY_MODEL}']


def allowed(rule):
    """Return the full names that the policy allows the node for a rule such as publish."""
    profile = ElementTree.parse(POLICY).find('.//profile')
    own = f'{profile.get("ns")}{profile.get("node")}'
    names = [item.text for group in profile if group.get(rule) == 'ALLOW' for item in group]
    assert len(names) == len(set(names))
    return {
        name if name.startswith('/') else own + name[1:] if name.startswith('~') else f'/{name}'
        for name in names
    }


def absent_here():
    """Return what this installation cannot use: TF without tf2_ros, and what Humble lacks."""
    absent = set()
    if not importlib.util.find_spec('tf2_ros'):
        absent |= {'/tf', '/tf_static'}
    if not importlib.util.find_spec('type_description_interfaces'):
        absent.add('/detector/get_type_description')
    return absent


@pytest.mark.parametrize('arguments', [
    ['-p', 'image_transport:=raw'],
    ['-p', 'image_transport:=compressed', '-p', 'depth_topic:=depth', '-p', 'use_sim_time:=true'],
])
def test_policy_allows_what_the_node_uses_and_nothing_else(graph, domain_id, arguments):
    ask = {
        'publish': graph.node.get_publisher_names_and_types_by_node,
        'subscribe': graph.node.get_subscriber_names_and_types_by_node,
        'reply': graph.node.get_service_names_and_types_by_node,
        'request': graph.node.get_client_names_and_types_by_node,
    }
    others = {'raw': {'/image/compressed', '/depth', '/clock'}, 'compressed': {'/image'}}
    transport = arguments[1].partition(':=')[2]
    expected = {rule: allowed(rule) - absent_here() - others[transport] for rule in ask}

    def used():
        return {rule: {name for name, _ in question('detector', '/')}
                for rule, question in ask.items()}

    with detector_process(domain_id, *arguments):
        # By then the node is active; what it uses has only to be discovered.
        graph.wait_for_status(lambda status, _: status.name == 'detector: camera')
        graph.wait_until(lambda: all(used()[rule] >= expected[rule] for rule in ask))
        assert used() == expected


def test_policy_has_the_form_that_sros2_reads():
    root = ElementTree.parse(POLICY).getroot()
    assert (root.tag, root.get('version')) == ('policy', '0.2.0')
    assert [enclave.get('path') for enclave in root.findall('enclaves/enclave')] == ['/detector']
    rules = {'topics': {'publish', 'subscribe'}, 'services': {'reply', 'request'}}
    for group in root.find('.//profile'):
        assert set(group.attrib) <= rules[group.tag]
        assert set(group.attrib.values()) == {'ALLOW'}
        assert {item.tag for item in group} == {group.tag[:-1]}


def imported(path: Path) -> Iterable[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition('.')[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module.partition('.')[0]


def test_no_module_of_the_package_imports_a_network_client():
    modules = list((ROOT / 'compressed_detector').rglob('*.py'))
    assert len(modules) > 50
    for path in modules:
        assert not set(imported(path)) & NETWORK_MODULES, path


def system_calls_of_a_node_at_work(graph, domain_id, trace):
    """Return the lines in which strace tells what the node asked of the network."""
    process = Process(
        ['strace', '-f', '-qq', '-e', 'trace=network', '-o', str(trace), *NODE],
        {'ROS_DOMAIN_ID': str(domain_id)},
    )
    try:
        camera = graph.camera()
        for second in (1, 2, 3):
            camera.publish(image_message(picture(), second))
            graph.wait_for_answers(second)
        child = Path(f'/proc/{process.pid}/task/{process.pid}/children').read_text()
        os.kill(int(child), 2)
        assert process.wait() == 0
    finally:
        process.stop()
    return trace.read_text().splitlines()


def can_trace():
    if not shutil.which('strace'):
        return False
    return subprocess.run(['strace', '-qq', '-o', '/dev/null', 'true'], check=False,
                          capture_output=True).returncode == 0


@pytest.mark.skipif(not can_trace(), reason='needs strace and the right to trace')
def test_node_sends_nothing_but_dds_and_opens_no_connection(graph, domain_id, tmp_path):
    calls = system_calls_of_a_node_at_work(graph, domain_id, tmp_path / 'trace')
    inet = [call for call in calls if 'AF_INET' in call]
    assert not [call for call in inet if 'SOCK_STREAM' in call or 'connect(' in call]
    assert not [call for call in calls if 'listen(' in call or 'accept' in call]
    sent = [call for call in inet if re.search(r'\bsend(to|msg|mmsg)\(', call)]
    assert len(sent) > 10
    assert not [call for call in sent if '"RTPS' not in call]
    # The ports that the DDS standard gives to the domain: 250 from 7400 + 250 * domain.
    first = 7400 + 250 * domain_id
    ports = {int(re.search(r'htons\((\d+)\)', call)[1]) for call in sent}
    assert ports <= set(range(first, first + 250)), ports
