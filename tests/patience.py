"""How long tests of the whole graph wait for what must happen."""

#: s of wall clock, which a test that passes never spends; as dense_grasp_ros.local_graph's, without ROS.
PATIENCE = 120.0
