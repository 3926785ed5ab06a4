"""The whole graph as an operator starts it, shared by all tests that ask for `cell`."""

from __future__ import annotations

import importlib.util
import os
import re
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.page_fixtures import browser, holder, served, watcher, window  # noqa: F401 - for every file here
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from dense_grasp_core.store.scan_folders import ScanFolders

# Needs what `make franka` installs; `make test-franka` runs it.
collect_ignore = [] if importlib.util.find_spec("franka_sim") else ["franka"]

READY_TIMEOUT = 600.0  # s of wall clock; a quiet machine takes 20
# Simulated seconds per second, where the machine describes images so fast that they stay fresh: motions take most of
# the time of the tests of the graph, and no processor time.
FASTEST = 2.0


@pytest.fixture(scope="session")
def test_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network with random weights and a narrow kernel: it finds a taught pixel in the same image, nothing else.

    Of the backbones the one that takes the least time, a sixth of the compact one's, and on a quarter of the picture's
    pixels: its cell shares two cores with the other tests.
    """
    import torch
    from dense_grasp_core.descriptors.model_file import ModelInfo, save_model
    from dense_grasp_core.descriptors.network import DescriptorNetwork, NetworkConfig

    torch.manual_seed(0)
    network = DescriptorNetwork(NetworkConfig("efficientnet_lite0", dimension=16, keypoints=2)).eval()
    path = tmp_path_factory.mktemp("model") / "random.safetensors"
    save_model(path, network, ModelInfo(temperature=-3.0, found_threshold=0.6, ambiguity_ratio=1.0, input_scale=0.5))
    return path


class RunningCell:
    """The simulated cell, a client of it, and what its launch log says."""

    def __init__(self, graph: Any, client: Any, session: Any, log: Path, store: str):
        self.graph, self.client, self.session, self.log, self.store = graph, client, session, log, store
        self._joint_states: list[Any] = []

    @property
    def scans(self) -> ScanFolders:
        """The scans beside its store."""
        from dense_grasp_core.store.scan_folders import ScanFolders, folder_beside

        return ScanFolders(folder_beside(Path(self.store.removeprefix("sqlite:///"))))

    def pid(self, node: str) -> int:
        """Process id of the latest start of a node."""
        found = re.findall(rf"\[{node}-\d+\]: process started with pid \[(\d+)\]", self.log.read_text())
        assert found, f"{node} was never started"
        return int(found[-1])

    def kill(self, node: str) -> int:
        """kill -9 of a node's process; its process id."""
        pid = self.pid(node)
        os.kill(pid, signal.SIGKILL)
        return pid

    def fault(self, name: str) -> None:
        """Switch a fault of the simulated cell on, "" for none."""
        self.client.set_parameter("sim_cell", "fault", name)

    def locate(self, keypoints=("contact",), timeout: float = 8.0, object_id: str = "cap", patience: float = PATIENCE):
        """Answer for an image taken from now on; `patience` s are added to the request's own time-out."""

        from rclpy.duration import Duration

        return self.client.call(
            "locate",
            timeout + patience,
            object_id=object_id,
            keypoints=list(keypoints),
            not_before=self.client.now(),
            timeout=Duration(seconds=timeout).to_msg(),
        )

    def eventually(self, attempt, timeout: float, what: str):
        """The first truthy value of `attempt()`, which may also time out.

        A killed server looks alive to its clients until its lease ends: what is sent to it in the meantime is lost.
        """
        from dense_grasp_client.connection import GraphError

        def tried():
            try:
                return attempt()
            except GraphError:
                self.graph.check()
                return None

        return self.client.wait(tried, timeout, what)

    def send_and_wait_for(self, goal, stage: int, timeout: float = PATIENCE):
        """Sends a grasp goal; the future of its result once it is in the stage."""
        reached = threading.Event()

        def on_feedback(message) -> None:
            if message.feedback.stage == stage:
                reached.set()

        future = self.client.send_grasp(goal, on_feedback).get_result_async()
        self.client.wait(lambda: reached.is_set() or future.done(), timeout, f"stage {stage}")
        assert reached.is_set(), f"stage {stage} was never reached: {future.result().result.message}"
        return future

    def call_trigger(self, name: str, timeout: float = PATIENCE):
        """Answer of a std_srvs/Trigger service."""
        from std_srvs.srv import Trigger

        client = self.client.node.create_client(Trigger, name)
        self.client.wait(client.service_is_ready, timeout, f"service {name}")
        answer = self.client.result(client.call_async(Trigger.Request()), timeout, f"answer of {name}")
        self.client.node.destroy_client(client)
        return answer

    def teach_again(self) -> None:
        """The training cap at its taught pose, and the three clicks on it."""
        self.session.set_cap(0)
        self.session.teach()

    def next_joint_state(self, timeout: float = PATIENCE) -> Any:
        """A message of /joint_states that comes after the call."""
        from sensor_msgs.msg import JointState

        node = self.client.node
        self._joint_states.clear()
        listens = node.create_subscription(JointState, "joint_states", self._take_joint_state, 10)
        try:
            return self.client.wait(lambda: self._joint_states, timeout, "joint states")[-1]
        finally:
            node.executor.create_task(node.destroy_subscription, listens)  # in the thread that spins

    def _take_joint_state(self, message: Any) -> None:
        self._joint_states[:] = [message]

    def joint_positions(self) -> list[float]:
        """Of the arm's seven joints, rad, from now on."""
        message = self.next_joint_state()
        known = dict(zip(message.name, message.position, strict=False))
        return [known[f"{self.client.robot}_joint{i}"] for i in range(1, 8)]

    def joint_speed(self) -> float:
        """Of the fastest joint of the arm, rad/s, from now on."""
        message = self.next_joint_state()
        known = dict(zip(message.name, message.velocity, strict=False))
        return max(abs(known[f"{self.client.robot}_joint{i}"]) for i in range(1, 8))


def start_cell(
    model: Path, folder: Path, arguments: Sequence[str], stack: ExitStack, *, namespace: str = "", domain: int = 0
) -> RunningCell:
    """Start bringup in simulation and wait until it is ready; it ends with the stack.

    namespace: of the cell, which then has it as its prefix, too, and its store where bringup puts it. domain: 0 for one
    of its own.
    """
    from dense_grasp_bench.graph_client import GraphClient
    from dense_grasp_bench.graph_process import GraphProcess
    from dense_grasp_bench.pace import Pace
    from dense_grasp_bench.session import CellSession, launch_arguments
    from dense_grasp_ros.domains import private_domain

    domain = domain or private_domain(f"cell {' '.join(arguments)}")
    robot = f"{namespace}_fr3" if namespace else "fr3"
    given = launch_arguments(folder, str(model), arguments)
    if namespace:
        given = [argument for argument in given if not argument.startswith("store:=")]
        given += [f"namespace:={namespace}", f"prefix:={namespace}_"]
    log = folder / "graph.log"
    process = GraphProcess("bringup.launch.py", given, log, domain)
    graph = stack.enter_context(process)
    client = stack.enter_context(GraphClient(domain, graph, name="whole_graph_test", robot=robot, namespace=namespace))
    Pace(client, fastest=FASTEST)
    session = CellSession.ready(graph, client, READY_TIMEOUT)
    return RunningCell(graph, client, session, log, f"sqlite:///{folder / 'store.db'}")


class Cells:
    """The running cell: one at a time, started anew only when other launch arguments are asked for."""

    def __init__(self, start: Callable[[Sequence[str], ExitStack], RunningCell]):
        self._start = start
        self._stack = ExitStack()
        self._arguments: tuple[str, ...] | None = None
        self._running: RunningCell | None = None

    def running(self, *arguments: str) -> RunningCell:
        """A cell with these further launch arguments, without a fault, the training cap taught and in view."""
        if self._running is None or arguments != self._arguments:
            self.close()
            self._running = self._start(arguments, self._stack)
            self._arguments = arguments
        self._running.fault("")
        self._running.teach_again()
        return self._running

    def close(self) -> None:
        """Stop what runs."""
        self._running, stack, self._stack = None, self._stack, ExitStack()
        stack.close()


CELLS = pytest.StashKey[Cells]()


@pytest.fixture(scope="session")
def cells(test_model: Path, tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[Cells]:
    """`cells.running("name:=value", …)` gives the running cell with these launch arguments."""
    pool = Cells(lambda arguments, stack: start_cell(test_model, tmp_path_factory.mktemp("cell"), arguments, stack))
    pytestconfig.stash[CELLS] = pool
    yield pool
    pool.close()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """A cell that no test wants next ends: idle it takes half a processor core from those that follow."""
    if CELLS in item.config.stash and "cells" not in getattr(nextitem, "fixturenames", ()):
        item.config.stash[CELLS].close()


@pytest.fixture(scope="module")
def two_cells(cells: Cells, test_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[RunningCell]]:
    """Cells in the namespaces left and right of one domain, and of one ROS home folder."""
    from dense_grasp_ros.domains import private_domain

    cells.close()
    home, domain = tmp_path_factory.mktemp("ros_home"), private_domain("two cells")
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        patch.setenv("ROS_HOME", str(home))
        yield [
            start_cell(
                test_model,
                tmp_path_factory.mktemp(namespace),
                ["heartbeat_timeout:=0.5"],
                stack,
                namespace=namespace,
                domain=domain,
            )
            for namespace in ("left", "right")
        ]


@pytest.fixture(scope="module")
def cell(cells: Cells, request: pytest.FixtureRequest) -> RunningCell:
    """The running cell with the training cap taught; shared, so a test leaves it as it found it.

    `pytestmark = pytest.mark.cell("name:=value")` gives a file a cell with more launch arguments, which is started for
    it: keep that for what cannot be changed in a running cell.
    """
    marker = request.node.get_closest_marker("cell")
    return cells.running(*(marker.args if marker else ()))
