import cv2
import numpy as np
import pytest
from dense_grasp_assets.cap.export import save_obj
from dense_grasp_assets.cap.mesh import CapError, make_cap


@pytest.fixture(scope="module")
def cap():
    return make_cap(3, 0.3)


def test_obj_reads_back(cap, tmp_path):
    path = save_obj(cap, tmp_path / "deep" / "cap.obj")
    lines = path.read_text().splitlines()
    vertices = np.array([line.split()[1:] for line in lines if line.startswith("v ")], float)
    uv = np.array([line.split()[1:] for line in lines if line.startswith("vt ")], float)
    faces = np.array([[f.split("/")[0] for f in line.split()[1:]] for line in lines if line.startswith("f ")], int)
    assert vertices == pytest.approx(cap.vertices, abs=1e-6)
    assert uv == pytest.approx(cap.uv, abs=1e-6)
    assert np.array_equal(faces - 1, cap.faces)
    material = path.with_suffix(".mtl").read_text()
    assert lines[0] == "mtllib cap.mtl" and "map_Kd cap.png" in material
    assert np.array_equal(cv2.imread(str(path.with_suffix(".png")))[..., ::-1], cap.texture)
    assert sorted(p.name for p in path.parent.iterdir()) == ["cap.mtl", "cap.obj", "cap.png"]


def test_wrong_name_and_unwritable_folder_are_named(cap, tmp_path):
    with pytest.raises(CapError, match=r"cap\.stl"):
        save_obj(cap, tmp_path / "cap.stl")
    (tmp_path / "file").write_text("")
    with pytest.raises(CapError, match="file"):
        save_obj(cap, tmp_path / "file" / "cap.obj")
