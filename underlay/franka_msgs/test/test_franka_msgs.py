"""The interfaces have the fields of franka_ros2 3.4."""

from franka_msgs.action import ErrorRecovery, Grasp, Homing, Move
from franka_msgs.msg import GraspEpsilon


def test_goals():
    assert Homing.Goal().get_fields_and_field_types() == {}
    assert Move.Goal().get_fields_and_field_types() == {"width": "double", "speed": "double"}
    assert Grasp.Goal().get_fields_and_field_types() == {
        "width": "double",
        "epsilon": "franka_msgs/GraspEpsilon",
        "speed": "double",
        "force": "double",
    }


def test_results_and_feedback():
    for action in (Homing, Move, Grasp):
        assert action.Result().get_fields_and_field_types() == {"success": "boolean", "error": "string"}
        assert action.Feedback().get_fields_and_field_types() == {"current_width": "double"}


def test_error_recovery_has_no_fields():
    for part in (ErrorRecovery.Goal, ErrorRecovery.Result, ErrorRecovery.Feedback):
        assert part().get_fields_and_field_types() == {}


def test_epsilon_defaults():
    assert (GraspEpsilon().inner, GraspEpsilon().outer) == (0.005, 0.005)
