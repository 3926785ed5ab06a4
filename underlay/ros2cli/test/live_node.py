"""A node to look at: topics, services, parameters and an action."""

import time

import rclpy
from rcl_interfaces.msg import FloatingPointRange, ParameterDescriptor
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import String
from std_srvs.srv import SetBool


def main():
    """Run until interrupted."""
    rclpy.init()
    node = rclpy.create_node("live", namespace="/cell")
    limits = FloatingPointRange(from_value=0.5, to_value=100.0)
    told = ParameterDescriptor(description="of text, Hz", floating_point_range=[limits], additional_constraints="whole")
    node.declare_parameter("rate", 20.0, told)
    node.declare_parameter("name", "cap")
    node.declare_parameter("joints", [1, 2, 3])
    text = node.create_publisher(String, "text", 10)
    cloud = node.create_publisher(PointCloud2, "cloud", qos_profile_sensor_data)
    node.create_timer(0.05, lambda: (text.publish(String(data="hello")), cloud.publish(PointCloud2(data=[7] * 500))))
    node.create_subscription(String, "heard", lambda m: node.get_logger().info(f"heard {m.data}"), 10)

    def switch(request, response):
        response.success, response.message = request.data, "switched"
        return response

    node.create_service(SetBool, "switch", switch)
    group = ReentrantCallbackGroup()
    try:
        from control_msgs.action import GripperCommand
    except ImportError:
        GripperCommand = None

    def execute(handle):
        position = handle.request.command.position
        if handle.request.command.max_effort < 0.0:
            handle.abort()
            return GripperCommand.Result()
        for step in range(3 if position < 1.0 else 600):
            if not rclpy.ok():  # the process waits for this thread before it ends
                return GripperCommand.Result()
            if handle.is_cancel_requested:
                handle.canceled()
                node.get_logger().info("stopped by cancel")
                return GripperCommand.Result()
            handle.publish_feedback(GripperCommand.Feedback(position=position * step / 3))
            time.sleep(0.05)
        handle.succeed()
        return GripperCommand.Result(position=position, reached_goal=True)

    if GripperCommand is not None:
        server = ActionServer(
            node,
            GripperCommand,
            "gripper",
            execute,
            callback_group=group,
            goal_callback=lambda goal: GoalResponse.ACCEPT if goal.command.position >= 0.0 else GoalResponse.REJECT,
            cancel_callback=lambda _: CancelResponse.ACCEPT,
        )
    print("ready", flush=True)
    executor = MultiThreadedExecutor(num_threads=4)
    executor.add_node(node)
    try:
        executor.spin()
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        if GripperCommand is not None:
            server.destroy()


if __name__ == "__main__":
    main()
