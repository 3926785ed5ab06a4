"""A new row of the store: its columns, checked, and its way into the tables."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import ArrayLike

from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.store.deletions import mark_deleted
from dense_grasp_core.store.errors import StoreError
from dense_grasp_core.store.rows import NETWORK_LENGTH, OBJECT_COLUMNS, camera_columns, check_name
from dense_grasp_core.store.samples import next_sample
from dense_grasp_core.store.schema import descriptors, drop_parts, key, pictures


def new_values(
    object_id: str,
    keypoint: str,
    descriptor: ArrayLike,
    model_id: str,
    pixel: tuple[float, float],
    camera: CameraModel | None,
    *,
    picture_bytes: int,
    network: str,
    object_point: tuple[float, float, float] | None,
    columns: Mapping[str, Any],
) -> dict[str, Any]:
    """Columns of a row taught now, as `DescriptorStore.add` says; columns: what is kept unchecked.

    Raises InvalidNameError, StoreError.
    """
    check_name("object_id", object_id)
    check_name("keypoint", keypoint)
    vector, (u, v) = np.ascontiguousarray(descriptor, dtype="<f4"), pixel
    if vector.ndim != 1 or vector.size == 0 or not np.isfinite(vector).all():
        raise StoreError(f"descriptor of {object_id}/{keypoint} has shape {vector.shape}, expected (D,), finite")
    if not np.isfinite([u, v]).all():
        raise StoreError(f"{object_id}/{keypoint} was taught at pixel ({u}, {v}), expected finite numbers")
    if object_point is not None and not np.isfinite(object_point).all():
        raise StoreError(f"{object_id}/{keypoint} has object_point {object_point}, expected finite numbers")
    if picture_bytes and camera is None:
        raise StoreError(f"{object_id}/{keypoint} has a picture and no camera, expected the camera that took it")
    if not model_id:
        raise StoreError(f"model_id of {object_id}/{keypoint} is empty, expected the network's id")
    return {
        "object_id": object_id,
        "keypoint": keypoint,
        "model_id": model_id,
        "dimension": vector.size,
        "created": time.time(),
        "u": float(u),
        "v": float(v),
        **camera_columns(camera),
        "network": network[:NETWORK_LENGTH],
        "picture_bytes": picture_bytes,
        **dict(zip(OBJECT_COLUMNS, object_point or (None, None, None), strict=True)),
        "sample": 0,
        **columns,
        "descriptor": vector.tobytes(),
    }


def insert_row(
    connection: sa.Connection, values: dict[str, Any], picture: bytes, overwrite: bool, as_sample: bool
) -> int:
    """Writes a row with its picture; its id. Sets values["sample"].

    overwrite: what has the name is deleted. as_sample: see `next_sample`, whose errors are raised.
    """
    values["sample"] = 0
    if overwrite:
        mark_deleted(connection, key(values["object_id"], values["keypoint"]))
    elif as_sample:
        values["sample"] = next_sample(connection, values)
    result = connection.execute(sa.insert(descriptors).values(**values))
    row_id = int(result.inserted_primary_key[0])  # type: ignore[index]
    drop_parts(connection, descriptors.c.id == row_id)  # left by a version that did not know of them
    if picture:
        connection.execute(sa.insert(pictures).values(descriptor_id=row_id, image=bytes(picture)))
    return row_id
