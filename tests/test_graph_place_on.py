"""A held cap is put on the taught point of a scanned carton that stands beside it, in the running graph."""

from __future__ import annotations

from pathlib import Path

import pytest
from dense_grasp_assets.cap.mesh import make_cap
from dense_grasp_bench.placed_on import placed
from dense_grasp_bench.scan_click import click_on
from dense_grasp_bench.true_pose import at_rest, true_pose
from dense_grasp_core.object_model.scan import read_scan
from dense_grasp_core.result_codes import PlaceCode, PlaceStage, StoreCode
from dense_grasp_sim.world.carton import CARTON_KIND, the_carton

from dense_grasp_client import GraspClient, Refused
from dense_grasp_interfaces.srv import RegisterDescriptor

pytestmark = pytest.mark.graph
CAP_SEED, POSE_SEED = 0, 1000
POINT = (CARTON_KIND, "middle")
PATIENCE = 240.0  # s; a quiet machine describes the scan in 5


@pytest.fixture(scope="session")
def carton_scan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scan of the carton, rendered."""
    from dense_grasp_bench.objects.scenes import scan
    from dense_grasp_core.object_model.fused_surface import fuse
    from dense_grasp_core.object_model.scan_writer import write_scan
    from dense_grasp_train.render.raycast import RenderMesh

    carton, folder = the_carton(), tmp_path_factory.mktemp("scan") / CARTON_KIND
    mesh = RenderMesh(carton.vertices, carton.faces, carton.normals, carton.uv, carton.texture)
    views = scan(mesh, 1, 20)
    write_scan(folder, views, fuse(views), {"object": CARTON_KIND})
    return folder


@pytest.fixture(scope="module")
def grasp(cell):
    return GraspClient(connection=cell.client.connection)


@pytest.fixture
def beside_carton(cell, grasp, carton_scan: Path):
    """The cell with a cap, taught, beside a carton whose scan is clicked in the middle of its top."""
    folder = cell.scans.folder(CARTON_KIND)
    folder.parent.mkdir(exist_ok=True)
    carton_scan.rename(folder)
    cell.session.set_scene(scene="cap_beside_carton", seed=CAP_SEED, x=0.5, y=-0.12, pose_seed=POSE_SEED)
    cell.session.teach()
    view, u, v = click_on(read_scan(folder), the_carton().contact)
    request = {"object_id": POINT[0], "keypoint": POINT[1], "u": float(u), "v": float(v), "overwrite": True}
    request |= {"source": RegisterDescriptor.Request.SCAN_VIEW, "scan_view": view}

    def clicked():
        answer = cell.client.call("register", PATIENCE, **request)
        return None if answer.code in (StoreCode.BUSY, StoreCode.NO_SCAN) else answer

    answer = cell.client.wait(clicked, PATIENCE, "a described scan")
    assert answer.code == StoreCode.OK, answer.message
    yield cell
    cell.client.call("delete", object_id=CARTON_KIND)
    cell.teach_again()


def test_a_cap_is_put_on_the_middle_of_a_carton(beside_carton, grasp):
    session, cap, carton = beside_carton.session, make_cap(CAP_SEED), the_carton()
    before = true_pose(session, cap)
    grasp.grasp("cap", may_drop=True)
    stages: list[int] = []
    result = grasp.place(on=POINT, upright=True, on_stage=lambda stage, detail: stages.append(stage))
    assert list(dict.fromkeys(stages)) == list(PlaceStage)
    beside_carton.client.wait(at_rest(session, cap), 30.0, "the cap at rest")
    lies = placed(cap, before, true_pose(session, cap), carton, true_pose(session, carton, "carton/"), True)
    assert lies.is_there, f"{lies}; {result.message}"
    with pytest.raises(Refused) as refused:
        grasp.place(on=POINT)
    assert refused.value.code == PlaceCode.NOTHING_HELD
