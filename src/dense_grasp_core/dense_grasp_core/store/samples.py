"""Several samples of one keypoint: pictures of the same point, a row each, that Eq. 8 takes the nearest of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from dense_grasp_core.store.errors import SampleError, UnknownKeypointError
from dense_grasp_core.store.nearest import unknown_keypoint
from dense_grasp_core.store.schema import descriptors, key, living

#: Of one keypoint.
MAX_SAMPLES = 16


def next_sample(connection: sa.Connection, values: Mapping[str, Any]) -> int:
    """The number of one more sample with these columns. Raises UnknownKeypointError, SampleError."""
    object_id, keypoint = values["object_id"], values["keypoint"]
    columns = (descriptors.c[name] for name in ("sample", "model_id", "dimension", "object_x"))
    rows = connection.execute(
        sa.select(*columns).where(key(object_id, keypoint), living()).order_by(descriptors.c.sample)
    ).all()
    if not rows:
        raise UnknownKeypointError(
            f"{unknown_keypoint(connection, object_id, keypoint)}; teach it once before a sample is added"
        )
    first = rows[0]
    if first.object_x is not None or values["object_x"] is not None:
        raise SampleError(
            f"{object_id}/{keypoint} is a point of a scan, all of whose views are samples of it, expected one that was "
            "taught on images alone; overwrite it"
        )
    if (first.model_id, first.dimension) != (values["model_id"], values["dimension"]):
        raise SampleError(
            f"{object_id}/{keypoint} was taught with model {first.model_id} (D = {first.dimension}), the sample is of "
            f"{values['model_id']} (D = {values['dimension']}), expected one network; describe the store for it "
            "(`ros2 run dense_grasp redescribe`) first"
        )
    if len(rows) >= MAX_SAMPLES:
        raise SampleError(f"{object_id}/{keypoint} has {len(rows)} samples, expected at most {MAX_SAMPLES}; delete one")
    return int(rows[-1].sample) + 1
