# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Structured arrays as PointCloud2."""

from __future__ import annotations

from array import array
from typing import Any

import numpy as np
import numpy.typing as npt
from sensor_msgs.msg import PointCloud2, PointField

_DATATYPES = {'<f4': PointField.FLOAT32, '<u4': PointField.UINT32}


def to_point_cloud(points: npt.NDArray[np.void], header: Any, is_dense: bool) -> PointCloud2:
    """
    Return sensor_msgs/PointCloud2 of a structured array (P,) with float32 and uint32 fields.

    No points still declare their fields: Nav2 looks them up before it counts the points
    (navigation2#6166).
    """
    names = points.dtype.names or ()
    offsets = np.cumsum([0, *(points.dtype[name].itemsize for name in names)]).tolist()
    fields = [
        PointField(name=name, offset=offset, datatype=_DATATYPES[points.dtype[name].str], count=1)
        for name, offset in zip(names, offsets)
    ]
    step = points.dtype.itemsize
    return PointCloud2(
        header=header, height=1, width=len(points), is_bigendian=False, is_dense=is_dense,
        fields=fields, point_step=step, row_step=step * len(points),
        # rclpy copies any other type element by element (rclpy#763).
        data=array('B', points.tobytes()),
    )
