import rclpy
from dense_grasp_ros.read_once import refusal, refuse_changes
from rclpy.parameter import Parameter


def test_a_refusal_names_parameter_node_and_what_may_be_changed():
    assert refusal("query_node", ["watch", "use_sim_time"], ("watch",)) == ""
    text = refusal("query_node", ["watch", "store"], ("watch",))
    assert text == "store is read at the start only; restart query_node to change it (while it runs: watch)"
    assert refusal("query_node", ["store"], ()).endswith("(while it runs: none)")


def test_a_node_keeps_what_it_has_read(graph):
    node = graph.spin(rclpy.create_node("reader", context=graph.context))
    node.declare_parameter("store", "a")
    node.declare_parameter("watch", "")
    refuse_changes(node, ("watch",))
    refused, taken = node.set_parameters([Parameter("store", value="b"), Parameter("watch", value="cap")])
    assert not refused.successful and "store is read at the start only" in refused.reason
    assert taken.successful
    assert (node.get_parameter("store").value, node.get_parameter("watch").value) == ("a", "cap")
