"""Base of what a launch description holds."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from launch.launch_context import LaunchContext


class LaunchDescriptionEntity:
    """Something that can be visited; it may yield further entities."""

    def describe(self) -> str:
        """Return a description for people."""
        return repr(self)

    def visit(self, context: LaunchContext) -> list[LaunchDescriptionEntity] | None:
        """Do what there is to do and return the entities to visit next."""
        raise NotImplementedError(f"{type(self).__name__} has no visit()")

    def get_sub_entities(self) -> list[LaunchDescriptionEntity]:
        """Return the entities inside, as far as they are known without running."""
        return []

    def get_asyncio_future(self) -> asyncio.Future[None] | None:
        """Return what the launch has to wait for."""
        return None
