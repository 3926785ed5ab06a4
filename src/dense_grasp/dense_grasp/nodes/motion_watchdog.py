"""Node: stops arm and gripper when the executor that moves them ends or gives no sign of life, and whenever asked to.

The service dense_grasp/stop cancels every goal of arm, gripper and executor, whoever sent it, and works when the
executor hangs or is gone. It is no safety stop: it needs this process, the network and the controllers to work.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from dataclasses import dataclass

from dense_grasp_ros.diagnostics import Diagnostics, Report
from dense_grasp_ros.long_callback import long_callback
from dense_grasp_ros.node_runner import run_node
from dense_grasp_ros.parameters import declare
from dense_grasp_ros.quiet import stay_awake_while
from dense_grasp_ros.service_qos import EVERY_CALL
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.clock import Clock, ClockType, ROSClock
from rclpy.node import Node
from std_srvs.srv import Trigger

from dense_grasp.arm.heartbeat import MOVED, QOS
from dense_grasp.arm.lifeline import LifelineWatch
from dense_grasp.arm.robot_settings import robot_settings
from dense_grasp.arm.stop_all import Stoppable, stop_all
from dense_grasp.nodes.robot_parameters import MOTION_WATCHDOG
from dense_grasp.ros.reports import watchdog_report
from dense_grasp.ros.waiting import Deadline
from dense_grasp_interfaces.msg import Heartbeat

#: s between two checks while something moves, at most and at least: the simulated clock may be behind the wall's.
CHECK_PERIOD, SHORTEST_CHECK = 0.01, 0.002
#: s after a silence was seen to be over.
SECOND_LOOK = 0.01
#: Ended processes whose late beats are none of a living one.
REMEMBERED = 64
#: What a heartbeat may say that its sender moves.
NAMES = {code: name for name, code in MOVED.items()}
#: s between two checks from which on this node was held up itself.
HELD_UP = 0.2
#: A goal that was on its way when its sender died is accepted after the first stop: stop again, s later.
AGAIN_AFTER = (0.0, 0.05, 0.2, 0.5)
#: s in which a server that is there has to answer that it stops.
ANSWER_TIMEOUT = 1.0
#: The same for the requests after the first: who answered that one answers soon.
LATER_TIMEOUT = 0.1


@dataclass
class _Mover:
    """An executor that moves something: what, when it was last heard, how long it may be silent.

    heard, look_again: time.monotonic(). look_again: when a silence that is over is looked at for the second time.
    """

    what: str
    heard: float
    silence: Deadline
    look_again: float | None = None
    excused: bool = False


class MotionWatchdog(Node):
    """Hears the heartbeat of one arm's executors, and offers a stop of what moves."""

    def __init__(self, **node_arguments):
        super().__init__("motion_watchdog", **node_arguments)
        values = declare(self, MOTION_WATCHDOG)
        robot = robot_settings(values, self.get_namespace())
        self._timeout = robot.heartbeat_timeout
        self._wall_factor = values["wall_time_factor"]
        executor_action, stop_service = values["action"], values["stop_service"]
        group = ReentrantCallbackGroup()
        gripper, spaces = robot.gripper, robot.gripper_namespaces
        gripper_actions = [f"{space}/{action}" for space in spaces for action in gripper.actions]
        gripper_stops = [f"{space}/{service}" for space in spaces for service in gripper.stop_services]
        self._stoppable = {
            # First: an executor that is not told takes a stopped motion for a failed one.
            "executor": Stoppable(self, [executor_action], callback_group=group),
            "scan": Stoppable(self, [values["scan_action"]], callback_group=group),
            "place": Stoppable(self, [values["place_action"]], callback_group=group),
            "arm": Stoppable(self, [robot.arm_action], callback_group=group),
            "gripper": Stoppable(self, gripper_actions, gripper_stops, group),
        }
        on_stop = long_callback(self, self._on_stop, on_error=self._on_failed_stop)
        self.create_service(Trigger, stop_service, on_stop, qos_profile=EVERY_CALL, callback_group=group)
        self._movers: dict[str, _Mover] = {}
        stay_awake_while(self, lambda: bool(self._movers))
        self._due: list[tuple[float, str]] = []
        self._checked = time.monotonic()
        self._ended: deque[str] = deque()
        self._gone: deque[str] = deque(maxlen=REMEMBERED)
        self._end_seen = self.create_guard_condition(self._stop_what_the_ended_moved)
        self._lifelines = LifelineWatch(self._see_end)
        self.create_subscription(Heartbeat, robot.heartbeat_topic, self._hear, QOS)
        # On the wall's clock: a dead simulation stops its own.
        self._timer = self.create_timer(CHECK_PERIOD, self._check, clock=Clock(clock_type=ClockType.STEADY_TIME))
        self._timer.cancel()
        self._stops = 0
        self._diagnostics = Diagnostics(self, robot.name, {"watchdog": lambda: self._report(robot.heartbeat_topic)})
        self.get_logger().info(f"watching {robot.heartbeat_topic}, time-out {self._timeout} s")

    def _report(self, topic: str) -> Report:
        moving = sorted({mover.what for mover in list(self._movers.values())})
        executors = self.count_publishers(topic)
        return watchdog_report(topic, self._timeout, executors, moving, self._stoppable["arm"].missing(), self._stops)

    def _hear(self, message: Heartbeat) -> None:
        if message.moves == Heartbeat.NOTHING:
            self._movers.pop(message.process, None)
            return
        if message.moves not in NAMES or not message.process or not message.node.startswith("/"):
            self.get_logger().warning(
                f"ignored a heartbeat of node {message.node[:80]!r}, process {message.process[:80]!r}, that moves "
                f"{message.moves}, expected a node's full name, a process and "
                f"{', '.join(f'{code} ({name})' for code, name in NAMES.items())} or {Heartbeat.NOTHING} (nothing)",
                throttle_duration_sec=2.0,
            )
            return
        if message.process in self._gone:  # sent before it ended
            return
        if message.process not in self._movers:
            self._lifelines.watch(message.process)
        self._movers[message.process] = _Mover(NAMES[message.moves], time.monotonic(), self._silence())
        if self._timer.is_canceled():
            self._checked = time.monotonic()
            self._check_again_in(CHECK_PERIOD)

    def _see_end(self, who: str) -> None:
        """From the lifelines' thread."""
        self._ended.append(who)
        self._end_seen.trigger()

    def _stop_what_the_ended_moved(self) -> None:
        now = time.monotonic()
        while self._ended:
            who = self._ended.popleft()
            mover = self._movers.pop(who, None)
            if mover is not None:
                self._gone.append(who)
                self._give_up(mover, now, f"{who} has ended")
        self._check()

    def destroy_node(self) -> None:
        """Watch nobody any more, then end the node."""
        self._lifelines.close()
        super().destroy_node()

    def _silence(self) -> Deadline:
        clock = self.get_clock()
        if isinstance(clock, ROSClock) and clock.ros_time_is_active:
            # In a simulation that is slower than the wall, everybody is: what counts is how far the arm gets.
            return Deadline(self._timeout, clock, self._wall_factor)
        return Deadline(self._timeout)

    def _check(self) -> None:
        now = time.monotonic()
        self._excuse_if_held_up(now - self._checked)
        self._checked = now
        for who, mover in list(self._movers.items()):
            # By the wall, too: the messages of a simulated clock wait to be read, so it may leap right after a beat.
            silent = now - mover.heard
            if not mover.silence.expired or silent < self._timeout:
                continue
            if mover.look_again is None:
                # This node may have been held up itself: the beats that wait to be read come before the second look.
                mover.look_again = now + SECOND_LOOK
            elif now >= mover.look_again:
                del self._movers[who]
                self._give_up(mover, now, f"no heartbeat of {who} for {silent:.3f} s")
        for what in sorted({what for due, what in self._due if due <= now}):
            self._stop(what)
        self._due = [(due, what) for due, what in self._due if due > now]
        if self._movers or self._due:
            self._check_again_in(self._until_next(time.monotonic()))
        else:
            self._timer.cancel()

    def _give_up(self, mover: _Mover, now: float, why: str) -> None:
        self._stops += 1
        self._due += [(now + later, mover.what) for later in AGAIN_AFTER]
        self.get_logger().error(f"{why} while it moves the {mover.what}: stopping it")

    def _until_next(self, now: float) -> float:
        """s until a silence may be over, or be looked at again: a check at fixed times sees it up to a period later."""
        ends = [mover.look_again or mover.heard + self._timeout for mover in self._movers.values()]
        return min(CHECK_PERIOD, max(SHORTEST_CHECK, min(ends, default=now + CHECK_PERIOD) - now))

    def _check_again_in(self, seconds: float) -> None:
        self._timer.timer_period_ns = round(seconds * 1e9)
        self._timer.reset()

    def _excuse_if_held_up(self, gap: float) -> None:
        """Silence that this node slept through is no silence: count it from now on, once until the next beat."""
        if gap < HELD_UP:
            return
        for who, mover in self._movers.items():
            if not mover.excused:
                mover.silence, mover.look_again, mover.excused = self._silence(), None, True
                self.get_logger().warning(
                    f"this watchdog was held up for {gap:.3f} s (is the machine overloaded?): the silence of {who} "
                    "counts from now on"
                )

    def _stop(self, what: str) -> None:
        self._stoppable[what].cancel()
        self._stoppable[what].stop()

    def _on_stop(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        movers = list(self._stoppable.values())
        began = time.monotonic()
        self._stops += 1
        came_of_it = stop_all(movers, ANSWER_TIMEOUT)
        for later in AGAIN_AFTER[1:]:
            time.sleep(max(0.0, began + later - time.monotonic()))
            came_of_it = came_of_it.and_then(stop_all(movers, LATER_TIMEOUT))
        missing = [action for what in ("executor", "arm") for action in self._stoppable[what].missing()]
        response.success = not came_of_it.silent
        response.message = came_of_it.sentence() + (f"; not there: {', '.join(missing)}" if missing else "")
        self.get_logger().warning(f"stop: {response.message}")
        return response

    def _on_failed_stop(
        self, error: Exception, request: Trigger.Request, response: Trigger.Response
    ) -> Trigger.Response:
        response.message = str(error)
        return response


def main(arguments: list[str] | None = None) -> int:
    """Entry point; CONFIGURATION_ERROR when a parameter is not what it must be."""
    return run_node("motion_watchdog", MotionWatchdog, arguments)


if __name__ == "__main__":
    sys.exit(main())
