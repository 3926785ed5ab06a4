"""Pictures that belong together, taken while a trial runs: camera image, heatmap of the same stamp, overview."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from dense_grasp_ros.images import rgb_from_message
from sensor_msgs.msg import Image

from dense_grasp_bench.film import Film
from dense_grasp_bench.graph_client import GraphClient, stamp_seconds

COLOR_TOPIC = "camera/camera/color/image_raw"
HEATMAP_TOPIC = "dense_grasp/heatmap"
OVERVIEW_TOPIC = "dense_grasp_sim/overview/image_raw"
KEPT_IMAGES = 16


@dataclass
class TrialPictures:
    """RGB pictures (H, W, 3) of one trial, None where none was taken."""

    camera: np.ndarray | None = None
    heatmap: np.ndarray | None = None
    overview: np.ndarray | None = None

    @property
    def row(self) -> list[np.ndarray | None]:
        """In the order of the sheet."""
        return [self.camera, self.heatmap, self.overview]


def picture_now(client: GraphClient, topic: str) -> np.ndarray:
    """(H, W, 3) RGB of a camera, newer than the call."""
    return rgb_from_message(client.next_image(topic))


class Photographer:
    """Collects pictures from the running graph; overview frames also go into the film."""

    def __init__(self, client: GraphClient, film: Film | None = None):
        self._client = client
        self._film = film
        self._colours: OrderedDict[float, Image] = OrderedDict()
        self.pictures = TrialPictures()
        client.on_image(COLOR_TOPIC, self._on_colour)
        client.on_image(HEATMAP_TOPIC, self._on_heatmap)
        client.on_image(OVERVIEW_TOPIC, self._on_overview)

    def begin(self) -> None:
        """Start a new trial."""
        self.pictures = TrialPictures()

    def overview_now(self, timeout: float = 10.0) -> None:
        """Take an overview picture that is newer than now."""
        self.pictures.overview = None
        self._client.wait(lambda: self.pictures.overview is not None, timeout, f"image on {OVERVIEW_TOPIC}")

    def _on_colour(self, message: Image) -> None:
        self._colours[stamp_seconds(message.header.stamp)] = message
        while len(self._colours) > KEPT_IMAGES:
            self._colours.popitem(last=False)

    def _on_heatmap(self, message: Image) -> None:
        self.pictures.heatmap = rgb_from_message(message)
        colour = self._colours.get(stamp_seconds(message.header.stamp))
        if colour is not None:
            self.pictures.camera = rgb_from_message(colour)

    def _on_overview(self, message: Image) -> None:
        picture = rgb_from_message(message)
        self.pictures.overview = picture
        if self._film is not None:
            self._film.add(picture)
