# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Install the package the way ament_python expects it."""

from pathlib import Path

from setuptools import find_packages, setup

PACKAGE = 'compressed_detector'
SHARE = Path('share') / PACKAGE


def shared_files(folder: str) -> list[tuple[str, list[str]]]:
    """Return the files below a folder as data_files, keeping its subfolders."""
    folders = [path for path in [Path(folder), *Path(folder).rglob('*')] if path.is_dir()]
    return [
        (str(SHARE / path), sorted(str(item) for item in path.iterdir() if item.is_file()))
        for path in folders
        if path.name != '__pycache__'
    ]


def inside_files(package: str) -> list[str]:
    """Return what lies among the modules and is none: templates, licences."""
    files = (path for path in Path(package).rglob('*') if path.is_file())
    return sorted(
        str(path.relative_to(package)) for path in files if path.suffix not in ('.py', '.pyc')
    )


setup(
    name=PACKAGE,
    version='0.1.0',
    packages=find_packages(include=[PACKAGE, f'{PACKAGE}.*']),
    # Listed one by one: the setuptools of Humble knows no ** here.
    package_data={PACKAGE: inside_files(PACKAGE)},
    data_files=[
        ('share/ament_index/resource_index/packages', [f'resource/{PACKAGE}']),
        (str(SHARE), ['package.xml']),
        *shared_files('launch'),
        *shared_files('config'),
        *shared_files('models'),
        *shared_files('interfaces/vision_msgs/msg'),
    ],
    install_requires=['setuptools'],
    # Without it `colcon test` looks for unittest classes, finds none and calls that a success.
    extras_require={
        'test': ['pytest'],
        # What benchmark_model compares with; requirements/peers.txt has the versions.
        'peers': ['onnx', 'onnxruntime', 'openvino', 'nncf', 'ncnn'],
        # For evaluate_bag --ray; requirements/ray.txt has the version.
        'ray': ['ray'],
    },
    zip_safe=False,
    maintainer='The compressed_detector authors',
    maintainer_email='compressed_detector@users.noreply.github.com',
    description='Obstacle detection for ROS 2 robots with small computers.',
    license='Apache-2.0',
    entry_points={
        'console_scripts': [
            f'detector_node = {PACKAGE}.cli.detector_node:main',
            f'replay_bag = {PACKAGE}.cli.replay_bag:main',
            f'record_results = {PACKAGE}.cli.record_results:main',
            f'compress_model = {PACKAGE}.cli.compress_model:main',
            f'evaluate_bag = {PACKAGE}.cli.evaluate_bag:main',
            f'benchmark_model = {PACKAGE}.cli.benchmark_model:main',
        ],
    },
)
