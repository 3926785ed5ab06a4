"""The scenes that the cell can set, by name; seed and pose come with each request."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dense_grasp_assets.solids.files import solids_in
from dense_grasp_assets.solids.make import KINDS

from dense_grasp_sim.world.carton import CARTON_KIND
from dense_grasp_sim.world.placement import ON_STAND


@dataclass(frozen=True)
class CapScene:
    """How a cap is put; post: a post stands between the arm's base and the cap; carton: one stands beside it."""

    posture: str
    post: bool = False
    carton: bool = False


@dataclass(frozen=True)
class SolidScene:
    """A solid; elsewhere: on a table that its pose's seed draws; carton: one stands beside it; crowd: three of it among
    three others, and a bin.
    """

    kind: str
    elsewhere: bool = False
    carton: bool = False
    crowd: bool = False


def solid_scenes(kinds: Iterable[str]) -> dict[str, SolidScene]:
    """Scenes of solids of these names: as configured, on a drawn table, beside a carton, three among others."""
    kinds = tuple(kinds)
    return {
        **{kind: SolidScene(kind) for kind in kinds},
        **{f"{kind}_elsewhere": SolidScene(kind, elsewhere=True) for kind in kinds},
        **{f"{kind}_beside_carton": SolidScene(kind, carton=True) for kind in kinds},
        **{f"{kind}_three_among_others": SolidScene(kind, crowd=True) for kind in kinds},
    }


#: None: no object.
SCENES: dict[str, CapScene | SolidScene | None] = {
    "empty": None,
    "cap": CapScene("crown_down"),
    "cap_crown_up": CapScene("crown_up"),
    "cap_on_stand": CapScene(ON_STAND),
    "cap_behind_post": CapScene("crown_down", post=True),
    CARTON_KIND: SolidScene(CARTON_KIND),
    "cap_beside_carton": CapScene("crown_down", carton=True),
    **solid_scenes(KINDS),
}


def scenes_with(folder: str) -> dict[str, CapScene | SolidScene | None]:
    """SCENES, and those of the solids in a folder ("": none)."""
    return SCENES | solid_scenes(solids_in(folder))
