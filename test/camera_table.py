# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""One camera for every row of a table of bad input, so that all rows are tried at once."""

from contextlib import contextmanager

from harness import detector_process, values_of
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from vision_msgs.msg import Detection2DArray, Detection3DArray


class Cameras:
    """One node that serves a camera for every row of a table, all at once."""

    def __init__(self, graph, names, kind=Image):
        self._graph, self._names = graph, names
        suffix = '/compressed' if kind is CompressedImage else ''
        self._images = {name: self._publisher(kind, f'/{name}/image{suffix}') for name in names}
        self._infos = {name: self._publisher(CameraInfo, f'/{name}/camera_info') for name in names}
        self._depths = {name: self._publisher(Image, f'/{name}/depth') for name in names}
        self.answers = {name: [] for name in names}
        self.obstacles = {name: [] for name in names}
        for name in names:
            for output, heard in (('detections', self.answers), ('obstacles', self.obstacles)):
                message = Detection2DArray if output == 'detections' else Detection3DArray
                graph.node.create_subscription(
                    message, f'/detector/{name}/{output}', heard[name].append, 10
                )

    def wait_until_heard(self):
        self.wait_for(lambda status: values_of(status)['image publishers'] == '1')
        for publisher in self._images.values():
            self._graph.wait_until(publisher.get_subscription_count)

    def send(self, name, message, info=None, depth_image=None):
        if info is not None:
            self._infos[name].publish(info)
        if depth_image is not None:
            self._depths[name].publish(depth_image)
        self._images[name].publish(message)

    def wait_for(self, condition, again=lambda: None):
        """Return the status of every camera once all meet the condition, sending again before."""
        met, start = {}, len(self._graph.statuses)

        def look():
            nonlocal start
            news = self._graph.statuses[start:]
            start += len(news)
            met.update({
                name: status for status in news
                if (name := status.name.rpartition(' ')[2]) in self._names and condition(status)
            })
            if news:
                again()
            return len(met) == len(self._names)

        again()
        try:
            self._graph.wait_until(look)
        except AssertionError:
            missing = sorted(set(self._names) - set(met))
            said = {s.name: s.message for s in self._graph.statuses}
            raise AssertionError(f'{missing}: {said}') from None
        return met

    def _publisher(self, kind, topic):
        return self._graph.node.create_publisher(kind, topic, QoSProfile(depth=10))


@contextmanager
def cameras_for(graph, domain_id, table, *parameters, kind=Image):
    arguments = [f'cameras:=[{",".join(table)}]', *parameters]
    options = [word for argument in arguments for word in ('-p', argument)]
    with detector_process(domain_id, *options) as process:
        cameras = Cameras(graph, tuple(table), kind)
        cameras.wait_until_heard()
        yield cameras
        assert process.running()
        assert process.stop() == 0
        assert 'Traceback' not in process.output
