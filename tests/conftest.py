"""The whole graph as an operator starts it, once per module, in a ROS domain of this process's own."""

from __future__ import annotations

import importlib.util
import os
import re
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
# For nodes of this process itself (launch_testing); graphs that a test starts have domains of their own.
os.environ.setdefault("ROS_DOMAIN_ID", str(60 + os.getpid() % 40))
os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")

import pytest

# Needs what `make franka` installs; `make test-franka` runs it.
collect_ignore = [] if importlib.util.find_spec("franka_sim") else ["franka"]

NODES = ("sim_cell", "descriptor_node", "query_node", "hand_eye_publisher", "motion_watchdog", "grasp_executor")


@pytest.fixture(scope="session")
def test_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network with random weights and a narrow kernel: it finds a taught pixel in the same image, nothing else."""
    import torch
    from dense_grasp_core.model_file import ModelInfo, save_model
    from dense_grasp_core.network import DescriptorNetwork, NetworkConfig

    torch.manual_seed(0)
    network = DescriptorNetwork(NetworkConfig(dimension=16, keypoints=2)).eval()
    path = tmp_path_factory.mktemp("model") / "random.safetensors"
    save_model(path, network, ModelInfo(temperature=-3.0, found_threshold=0.6, ambiguity_ratio=1.0))
    return path


@dataclass
class RunningCell:
    """The simulated cell, a client of it, and what its launch log says."""

    graph: object
    client: object
    session: object
    log: Path
    store: str

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

    def locate(self, keypoints=("contact",), timeout: float = 8.0, object_id: str = "cap", patience: float = 20.0):
        """Answer for an image taken from now on; `patience` s are added to the request's own time-out."""
        from dense_grasp_sim.client import duration_message

        return self.client.call(
            "locate",
            timeout + patience,
            object_id=object_id,
            keypoints=list(keypoints),
            not_before=self.client.now(),
            timeout=duration_message(timeout),
        )

    def eventually(self, attempt, timeout: float, what: str):
        """The first truthy value of `attempt()`, which may also time out.

        A killed server looks alive to its clients until its lease ends: what is sent to it in the meantime is lost.
        """
        from dense_grasp_sim.graph_process import GraphError

        def tried():
            try:
                return attempt()
            except GraphError:
                self.graph.check()
                return None

        return self.client.wait(tried, timeout, what)

    def send_and_wait_for(self, goal, stage: int, timeout: float = 90.0):
        """Sends a grasp goal; the future of its result once it is in the stage."""
        reached = threading.Event()

        def on_feedback(message) -> None:
            if message.feedback.stage == stage:
                reached.set()

        future = self.client.send_grasp(goal, on_feedback).get_result_async()
        self.client.wait(lambda: reached.is_set() or future.done(), timeout, f"stage {stage}")
        assert reached.is_set(), f"stage {stage} was never reached: {future.result().result.message}"
        return future

    def call_trigger(self, name: str, timeout: float = 20.0):
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


def start_cell(model: Path, folder: Path, extra: Sequence[str] = ()) -> Iterator[RunningCell]:
    """Start bringup in simulation and wait until it is ready; stops it at the end."""
    from dense_grasp_ros.domains import private_domain
    from dense_grasp_sim.client import GraphClient
    from dense_grasp_sim.graph_process import GraphProcess
    from dense_grasp_sim.session import CellSession, launch_arguments

    domain = private_domain()
    log = folder / "graph.log"
    with (
        GraphProcess("bringup.launch.py", launch_arguments(folder, str(model), extra), log, domain) as graph,
        GraphClient(domain, graph, name="whole_graph_test") as client,
    ):
        session = CellSession.ready(graph, client, timeout=180.0)
        running = RunningCell(graph, client, session, log, f"sqlite:///{folder / 'store.db'}")
        running.teach_again()
        yield running


@pytest.fixture(scope="session")
def cell_starter(test_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Iterator[RunningCell]]:
    """`cell_starter(launch arguments)` starts a cell with more launch arguments."""
    return lambda extra=(): start_cell(test_model, tmp_path_factory.mktemp("cell"), extra)


@pytest.fixture(scope="module")
def cell(test_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCell]:
    """The running cell with the training cap taught."""
    yield from start_cell(test_model, tmp_path_factory.mktemp("cell"))
