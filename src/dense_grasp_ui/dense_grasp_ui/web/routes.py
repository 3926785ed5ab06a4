"""Pictures over plain HTTP, as JPEG files: the newest camera image, kept pictures, heatmaps, scans; and a plan's
robot.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.matching.scores import DEFAULT_SCORE
from fastapi import FastAPI, Query, Request, Response
from fastapi.staticfiles import StaticFiles

from dense_grasp_ui.pictures.attempt_pictures import AttemptPictures
from dense_grasp_ui.pictures.encoding import PictureError, jpeg
from dense_grasp_ui.pictures.fit import Opening
from dense_grasp_ui.pictures.heat import look_for
from dense_grasp_ui.pictures.kept import LIVE, PicturesByKey
from dense_grasp_ui.pictures.layers import COLOUR
from dense_grasp_ui.pictures.newest import NewestFrame
from dense_grasp_ui.pictures.scan_views import ScanViews, ViewOfScan
from dense_grasp_ui.pictures.shots import Shots
from dense_grasp_ui.planned.plan_view import PlanViews

#: s that a request for the next frame waits for one.
NEXT_FRAME_S = 1.0
STATIC = Path(__file__).resolve().parents[1] / "static"
NEVER_KEPT = {"Cache-Control": "no-store"}
Key = Annotated[str, Query(max_length=40)]
Layer = Annotated[str, Query(max_length=20)]
ObjectId = Annotated[str, Query(max_length=64)]
Number = Annotated[int, Query(ge=0, lt=2**63)]
Pixel = Annotated[float, Query(ge=-1.0, le=100_000.0)]


def add_live(app: FastAPI, layers: Mapping[str, NewestFrame], wanted: Callable[[str], None]) -> None:
    """GET /live.jpg?layer=L&after=N: a layer's newest frame once it is another than N; 204 when none comes in time.

    A browser asks again when it has painted one: so the rate is the camera's or the browser's, whichever is less, and
    nothing is encoded while nobody looks. wanted: told the layer by each request. X-Told says what the frame shows.
    """
    app.add_exception_handler(DenseGraspError, _sentence)

    @app.get("/live.jpg")
    async def live_image(after: int = Query(0, ge=0, le=2**53), layer: Layer = COLOUR) -> Response:
        if layer not in layers:
            raise PictureError(f"layer is {layer!r}, expected one of {', '.join(layers)}")
        wanted(layer)
        frame = await layers[layer].after(after, NEXT_FRAME_S)
        if frame is None:
            return Response(status_code=204, headers=NEVER_KEPT)
        rgb, shown = frame.painted()
        height, width = rgb.shape[:2]
        told = {"X-Frame": str(frame.number), "X-Width": str(width), "X-Height": str(height), "X-Told": shown}
        return _picture(frame.jpeg(), told)


def add_static(app: FastAPI) -> None:
    """GET /assets/…: the page's own script and style sheet."""
    app.mount("/assets", StaticFiles(directory=STATIC))


def add_heat(
    app: FastAPI, pictures: PicturesByKey, wanted: Callable[[], None] = lambda: None, score: str = DEFAULT_SCORE
) -> None:
    """GET /picture.jpg?key=K and GET /heat.jpg?source=K&u=U&v=V&target=K&t=T, with the peaks in the header X-Peaks.

    One heatmap is computed at a time: a browser asks for the next when it has painted one. wanted: called by each
    request, so that images are described from now on. score: name of how the network's descriptors are compared.
    """
    one = ThreadPoolExecutor(1, "heatmap")
    app.add_exception_handler(DenseGraspError, _sentence)

    @app.get("/picture.jpg")
    def picture(key: Key = LIVE) -> Response:
        return _picture(jpeg(pictures.rgb(key)))

    @app.get("/heat.jpg")
    async def heat(source: Key = LIVE, target: Key = LIVE, u: Pixel = 0.0, v: Pixel = 0.0, t: float = 0.0) -> Response:
        wanted()

        def compute() -> tuple[bytes, str]:
            found = look_for(pictures.get(source), u, v, pictures.get(target), t, score)
            return jpeg(found.rgb), json.dumps([[round(a), round(b), round(c, 3)] for a, b, c in found.peaks])

        data, peaks = await asyncio.get_running_loop().run_in_executor(one, compute)
        return _picture(data, {"X-Peaks": peaks})


def add_fit(app: FastAPI, opening_at: Callable[[float, float], Opening]) -> None:
    """GET /fit.json?u=U&v=V: what the fingers' opening is in the live picture at the depth of that pixel."""
    app.add_exception_handler(DenseGraspError, _sentence)

    @app.get("/fit.json")
    def fit(u: Pixel, v: Pixel) -> dict[str, float]:
        found = opening_at(u, v)
        return {"metres": found.metres, "pixels": found.pixels, "depth": found.depth}


def add_scans(app: FastAPI, views: ScanViews, shots: Shots) -> None:
    """GET /scan.jpg?object_id=O&version=V&view=N: a small picture of a scan that was loaded.

    GET /shot.jpg?scan=S&number=N: one of the scan that runs.
    """
    app.add_exception_handler(DenseGraspError, _sentence)

    @app.get("/shot.jpg")
    def shot(scan: Number, number: Number) -> Response:
        return _picture(shots.get(scan, number))

    @app.get("/scan.jpg")
    def scan(object_id: ObjectId, version: Number, view: Number) -> Response:
        return _picture(views.picture(ViewOfScan(object_id, version, view)).small)


def add_attempts(app: FastAPI, pictures: AttemptPictures) -> None:
    """GET /attempt.jpg?number=N: a small picture of what the camera showed in a grasp or plan of the history."""
    app.add_exception_handler(DenseGraspError, _sentence)

    @app.get("/attempt.jpg")
    def attempt(number: Number) -> Response:
        return _picture(pictures.get(number))


def add_plan(app: FastAPI, plans: PlanViews) -> None:
    """GET /plan.stl?number=N&part=P: a part of the robot of a plan, or with P = -1 the robot where the plan begins."""
    app.add_exception_handler(DenseGraspError, _sentence)

    @app.get("/plan.stl")
    def plan(number: Number, part: Annotated[int, Query(ge=-1, le=100)]) -> Response:
        return Response(plans.file(number, part), media_type="model/stl", headers=NEVER_KEPT)


def _picture(jpeg_file: bytes, told: Mapping[str, str] | None = None) -> Response:
    return Response(jpeg_file, media_type="image/jpeg", headers={**NEVER_KEPT, **(told or {})})


def _sentence(_request: Request, error: Exception) -> Response:
    return Response(str(error), status_code=409, media_type="text/plain", headers=NEVER_KEPT)
