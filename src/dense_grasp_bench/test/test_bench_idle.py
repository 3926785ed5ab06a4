import os
import subprocess

import pytest
from dense_grasp_bench.bench_idle import processor_seconds, shares

from dense_grasp_client import GraphError


def test_a_share_is_of_one_core_over_the_time():
    before, after = processor_seconds({"self": os.getpid()}), {"self": 1.5}
    assert before["self"] > 0.0
    assert shares({"self": 0.5}, after, 4.0) == {"self": 0.25}


def test_a_process_that_has_ended_is_named():
    ended = subprocess.Popen(["true"])
    ended.wait()
    with pytest.raises(GraphError, match=f"processor time cannot be read: .*{ended.pid}"):
        processor_seconds({"node": ended.pid})
