import argparse
import sys

import pytest
from dense_grasp_assets.solids.make import KINDS
from dense_grasp_bench.arguments import count
from dense_grasp_bench.demo import main as demo

from dense_grasp_bench import bench_arm_scan, bench_grasp, bench_objects, bench_place, bench_place_on


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "²", ""])
def test_what_is_no_count_is_named_with_its_option(text, capsys):
    parser = argparse.ArgumentParser()
    parser.add_argument("--views", type=count(1))
    assert parser.parse_args(["--views", "1"]).views == 1
    with pytest.raises(SystemExit, match="2"):
        parser.parse_args([f"--views={text}"])
    assert f"argument --views: it is {text!r}, expected a whole number, 1 or more" in capsys.readouterr().err


def test_a_demo_of_what_there_is_not_says_what_there_is(capsys):
    with pytest.raises(SystemExit, match="2"):
        demo(["--object", "spoon"])
    said = capsys.readouterr().err
    assert "argument --object: it is 'spoon', expected one of cap, " in said
    assert all(kind in said for kind in KINDS)


@pytest.mark.parametrize("bench", [bench_arm_scan, bench_grasp, bench_objects, bench_place, bench_place_on])
def test_a_bench_starts_the_planner_that_it_is_told(bench, tmp_path, monkeypatch):
    class Started(Exception):
        pass

    def start(launch_file, arguments, *_):
        raise Started(arguments)

    monkeypatch.setattr(bench, "GraphProcess", start)
    for told, expected in (([], []), (["--planner", "move_group"], ["planner:=move_group"])):
        monkeypatch.setattr(sys, "argv", ["bench", "--out", str(tmp_path), *told])
        with pytest.raises(Started) as started:
            bench.main()
        assert [one for one in started.value.args[0] if one.startswith("planner:")] == expected
