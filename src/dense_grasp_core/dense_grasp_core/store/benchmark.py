"""Times of a large store: a page of a list, the rows of a locate, an unknown keypoint, a new row.

python -m dense_grasp_core.store.benchmark --rows 100000
"""

from __future__ import annotations

import argparse
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import numpy as np

from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.store import MAX_ROWS, DescriptorStore, UnknownKeypointError
from dense_grasp_core.store.schema import descriptors

KEYPOINTS = 100  # of each object
CAMERA = CameraModel(640, 480, 600.0, 600.0, 319.5, 239.5)
WHOLE_PICTURE_BYTES = 400_000  # a PNG of 640x480 px of a photograph
LOCATED = 10  # keypoints of one locate


def fill(path: Path, rows: int, dimension: int, picture_bytes: int) -> None:
    """A store of `rows` rows, KEYPOINTS an object, with vectors of the usual size and a picture each."""
    store = DescriptorStore(str(path))
    store.add("object_00000", "kp_000", np.ones(dimension), "m", 1.0, 2.0, camera=CAMERA, picture=bytes(picture_bytes))
    store.close()
    copied = ", ".join(column.name for column in descriptors.c if column.name not in ("id", "object_id", "keypoint"))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(
            f"INSERT INTO descriptors (object_id, keypoint, {copied}) "
            f"SELECT ?, ?, {copied} FROM descriptors WHERE id = 1",
            ((f"object_{index // KEYPOINTS:05}", f"kp_{index % KEYPOINTS:03}") for index in range(1, rows)),
        )
        connection.execute(
            "INSERT INTO pictures (descriptor_id, image) SELECT d.id, p.image FROM descriptors d, pictures p "
            "WHERE d.id > 1"
        )


def measure(calls: dict[str, Callable[[], object]], repeats: int) -> dict[str, tuple[float, float, float, float]]:
    """Each call's first, median and longest time by the clock, and its median of processor time, ms."""
    results = {}
    for name, call in calls.items():
        times, processor = [], []
        for _ in range(repeats):
            began, began_processor = time.perf_counter(), time.process_time()
            with suppress(UnknownKeypointError):
                call()
            times.append(1000 * (time.perf_counter() - began))
            processor.append(1000 * (time.process_time() - began_processor))
        results[name] = (times[0], statistics.median(times), max(times), statistics.median(processor))
    return results


def main(arguments: list[str] | None = None) -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--dimension", type=int, default=64)
    parser.add_argument(
        "--picture-bytes", type=int, default=8000, help="of each; a PNG of 640x480 px has 400,000, on a disk with room"
    )
    parser.add_argument("--repeats", type=int, default=20)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        fill(path, given.rows, given.dimension, given.picture_bytes)
        began = time.perf_counter()
        store = DescriptorStore(str(path))
        total = store.list(limit=0).total
        opened = 1000 * (time.perf_counter() - began)
        last = f"object_{(total - 1) // KEYPOINTS:05}"
        names = [f"kp_{index:03}" for index in range(min(LOCATED, total))]
        calls: dict[str, Callable[[], object]] = {
            f"list, {MAX_ROWS} rows": lambda: store.list(),
            f"list, {MAX_ROWS} rows, last page": lambda: store.list(offset=max(0, total - MAX_ROWS)),
            "list of an object": lambda: store.list(last),
            f"rows of a locate, {len(names)} keypoints": lambda: store.get_all("object_00000", names),
            "rows of a locate, unknown keypoint": lambda: store.get("object_00000", "kp"),
            "rows of a locate, unknown object": lambda: store.get("objekt_00000", "kp_000"),
            "picture": lambda: store.picture("object_00000", "kp_000"),
            "new row": lambda: store.add(
                "new",
                "kp",
                np.ones(given.dimension),
                model_id="m",
                u=1.0,
                v=2.0,
                overwrite=True,
                camera=CAMERA,
                picture=bytes(WHOLE_PICTURE_BYTES),
            ),
        }
        print(f"{total} rows, {path.stat().st_size / 2**20:.0f} MiB, opened in {opened:.1f} ms")
        print(f"{'ms':44} {'first':>8} {'median':>8} {'longest':>8} {'processor':>9}")
        for name, times in measure(calls, given.repeats).items():
            print(f"{name:44} " + " ".join(f"{value:8.1f}" for value in times[:3]) + f" {times[3]:9.1f}")
        store.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
