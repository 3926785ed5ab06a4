"""The scenes that the cell can set, by name; seed and pose come with each request."""

from __future__ import annotations

from dataclasses import dataclass

from dense_grasp_sim.world.placement import ON_STAND


@dataclass(frozen=True)
class CapScene:
    """How a cap is put; post: a post stands between the arm's base and the cap."""

    posture: str
    post: bool = False


#: None: no cap.
SCENES: dict[str, CapScene | None] = {
    "empty": None,
    "cap": CapScene("crown_down"),
    "cap_crown_up": CapScene("crown_up"),
    "cap_on_stand": CapScene(ON_STAND),
    "cap_behind_post": CapScene("crown_down", post=True),
}
