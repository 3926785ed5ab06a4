"""The unchanged executor lifts caps that it has never seen through Franka's protocol, judged by the strict rule."""

from __future__ import annotations

import pytest
from dense_grasp_bench.taught_clicks import TRAINING_SEED

from tests.franka.franka_graph import OBSERVE

CAPS = range(2000, 2005)


@pytest.mark.timeout(1200)  # a busy machine makes a slow robot
def test_five_unseen_caps_are_lifted(graph):
    assert graph.move_to(OBSERVE).status == 4
    graph.session.set_cap(TRAINING_SEED)
    graph.session.teach()
    trials = []
    for seed in CAPS:
        # The scene changes under the arm, it does not move the arm: that is the protocol's alone.
        assert graph.move_to(OBSERVE).status == 4
        graph.session.set_cap(seed, pose_seed=seed)
        trial = graph.session.grasp_trial(seed)
        print(("\n" if not trials else "") + trial.line(), flush=True)
        trials.append(trial)
    lifted = sum(trial.lifted for trial in trials)
    print(f"{lifted} of {len(trials)} unseen caps lifted through the Franka protocol")
    assert lifted == len(trials), [trial.why_not() for trial in trials if not trial.lifted]
