# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What can be read in the launch files where ROS 2's launch is not installed."""

import ast

import pytest
from harness import ROOT

from compressed_detector.config import CameraSettings, NodeConfig, options

LAUNCH_FILE = ROOT / 'launch' / 'detector.launch.py'
REPLAY = ROOT / 'launch' / 'replay.launch.py'


def constant(name, file=LAUNCH_FILE):
    """Return what a launch file assigns to a name, as syntax."""
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return node.value
    raise AssertionError(f'{file} assigns no {name}')


def declared(file=LAUNCH_FILE):
    """Return the default expression and the description of each argument."""
    rows = [row.elts for row in constant('ARGUMENTS', file).elts]
    return {ast.literal_eval(name): (ast.unparse(default), ast.literal_eval(description))
            for name, default, _, description in rows}


def overriding():
    """Return the name of the type of each parameter that an argument can override."""
    mapping = constant('PARAMETERS')
    return {ast.literal_eval(key): ast.unparse(value)
            for key, value in zip(mapping.keys, mapping.values)}


@pytest.mark.parametrize('file', [LAUNCH_FILE, REPLAY])
def test_launch_file_compiles_and_generates_a_description(file):
    module = compile(file.read_text(), file, 'exec')
    assert 'generate_launch_description' in module.co_names


@pytest.mark.parametrize(('file', 'names'), [
    (LAUNCH_FILE, ['params_file', 'namespace', 'use_sim_time', 'model', 'cameras', 'image_topic',
                   'image_transport', 'autostart', 'use_respawn', 'log_level']),
    (REPLAY, ['bag', 'rate', 'loop', 'output', 'params_file', 'namespace', 'model', 'cameras',
              'image_topic', 'image_transport', 'log_level']),
])
def test_arguments_are_those_of_the_design_and_each_is_described(file, names):
    assert list(declared(file)) == names
    for name, (_, description) in declared(file).items():
        assert description.endswith('.'), name
        assert len(description) > 10, name


def test_replay_hands_on_arguments_of_the_detector_with_the_same_meaning():
    handed_on = ast.literal_eval(constant('FOR_DETECTOR', REPLAY))
    assert {name: declared(REPLAY)[name] for name in handed_on} == {
        name: declared()[name] for name in handed_on
    }
    # The replay decides on the time, and there is nothing to respawn or to start later for.
    assert set(declared()) - set(handed_on) == {'use_sim_time', 'autostart', 'use_respawn'}


def test_arguments_that_override_a_parameter_are_empty_by_default_and_say_so():
    for name in overriding():
        default, description = declared()[name]
        assert default == "''", name
        assert description.endswith('Empty: as in params_file.'), name


def test_overridden_parameters_exist_and_have_the_type_of_the_configuration():
    known = {
        option.name: str if option.is_list else option.type
        for config in (NodeConfig, CameraSettings) for option in options(config)
    }
    known = {name: kind.__name__ for name, kind in known.items()}
    assert overriding().items() <= {**known, 'use_sim_time': 'bool'}.items()


def test_description_of_image_transport_names_every_choice():
    choices = next(o.choices for o in options(CameraSettings) if o.name == 'image_transport')
    assert declared()['image_transport'][1].startswith(' or '.join(choices))
