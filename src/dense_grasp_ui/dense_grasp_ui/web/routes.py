"""Pictures over plain HTTP: the newest camera image as a JPEG file, one answer a frame."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI, Query, Response
from fastapi.staticfiles import StaticFiles

from dense_grasp_ui.pictures.demand import Demand
from dense_grasp_ui.pictures.newest import NewestFrame

#: s that a request for the next frame waits for one.
NEXT_FRAME_S = 1.0
STATIC = Path(__file__).resolve().parents[1] / "static"
NEVER_KEPT = {"Cache-Control": "no-store"}


def add_live(app: FastAPI, live: NewestFrame, looked_at: Demand) -> None:
    """GET /live.jpg?after=N: the newest frame as soon as it is another than N; 204 when none comes in time.

    A browser asks again when it has painted one: so the rate is the camera's or the browser's, whichever is less, and
    nothing is encoded while nobody looks.
    """

    @app.get("/live.jpg")
    async def live_image(after: int = Query(0, ge=0, le=2**53)) -> Response:
        looked_at.want()
        frame = await live.after(after, NEXT_FRAME_S)
        if frame is None:
            return Response(status_code=204, headers=NEVER_KEPT)
        height, width = frame.rgb.shape[:2]
        told = {"X-Frame": str(frame.number), "X-Width": str(width), "X-Height": str(height)}
        return Response(frame.jpeg(), media_type="image/jpeg", headers={**NEVER_KEPT, **told})


def add_static(app: FastAPI) -> None:
    """GET /assets/…: the page's own script and style sheet."""
    app.mount("/assets", StaticFiles(directory=STATIC))
