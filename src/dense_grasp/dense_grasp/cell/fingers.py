"""Do the joint states tell where the fingers are?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from dense_grasp_core.grippers.record import GripperRecord

from dense_grasp.cell.checks import Check

#: Messages until a value that never changes is believed to be stuck.
LEAST_MESSAGES = 10
#: m between the widths that two topics tell.
TOLERANCE = 0.004


@dataclass
class FingerReadings:
    """Where the fingers' joints are, as one topic tells it. gripper: named for its arm."""

    topic: str
    gripper: GripperRecord
    count: int = 0
    largest: float = 0.0
    last: dict[str, float] = field(default_factory=dict)

    def add(self, names: Sequence[str], positions: Sequence[float]) -> None:
        """Note one message's fingers, if it has any."""
        found = {name: float(p) for name, p in zip(names, positions) if name in self.gripper.joints}
        if found:
            self.count += 1
            self.largest = max(self.largest, *(abs(p) for p in found.values()))
            self.last.update(found)

    @property
    def zero(self) -> bool:
        """Whether every finger was exactly 0.0 in every message: a measured finger is a few micrometres off.

        Never where 0.0 is open: a gripper that counts its steps from there tells it exactly.
        """
        return self.gripper.width_at(0.0) == 0.0 and self.count >= LEAST_MESSAGES and self.largest == 0.0

    @property
    def width(self) -> float:
        """m between the fingers, by the last messages."""
        return self.gripper.width(self.last.values())


def check_fingers(told: FingerReadings, own: Iterable[FingerReadings], publishers: Sequence[str]) -> Check | None:
    """The fingers in the joint states against the gripper's own topics; None when there are no fingers in them, which
    has a line of its own. publishers: the nodes that publish the joint states.
    """
    if told.count == 0:
        return None
    heard = [readings for readings in own if readings.count]
    name, who = "fingers", f"{told.topic} comes from {', '.join(publishers) or 'unknown nodes'}"
    if told.zero and not heard:
        topics = " or ".join(readings.topic for readings in own) or "any topic of a gripper"
        return Check(
            name,
            False,
            f"exactly 0.0 in {told.count} messages of {told.topic}, and nothing on {topics}",
            f"start the gripper's driver, or give joint_state_publisher its topic in source_list; {who}",
        )
    for readings in heard:
        apart = abs(readings.width - told.width)
        if told.zero and apart > TOLERANCE:
            return Check(
                name,
                False,
                f"exactly 0.0 in {told.count} messages of {told.topic}, while {readings.topic} says "
                f"{1000 * readings.width:.1f} mm between the fingers",
                f"{who}: put {readings.topic} into source_list of the joint_state_publisher among them",
            )
        if apart > TOLERANCE:
            text = f"{1000 * told.width:.1f} mm on {told.topic}, {1000 * readings.width:.1f} mm on {readings.topic}"
            return Check(name, False, text, f"stop what moves the fingers and look again; {who}")
    return Check(name, True, f"{1000 * told.width:.1f} mm between the fingers")
