"""A small facade over the graph for programs of your own: teach, list, locate, plan, grasp, place, cancel, stop."""

from dense_grasp_client.client import GraspClient
from dense_grasp_client.connection import Connection, GraphError
from dense_grasp_client.contacts import contact
from dense_grasp_client.refused import Refused

__all__ = ["Connection", "GraphError", "GraspClient", "Refused", "contact"]
