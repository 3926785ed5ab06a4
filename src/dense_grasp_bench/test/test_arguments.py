import argparse

import pytest
from dense_grasp_assets.solids.make import KINDS
from dense_grasp_bench.arguments import count
from dense_grasp_bench.demo import main as demo


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
