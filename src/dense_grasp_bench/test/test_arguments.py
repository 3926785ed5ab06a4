import argparse

import pytest
from dense_grasp_bench.arguments import count


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "²", ""])
def test_what_is_no_count_is_named_with_its_option(text, capsys):
    parser = argparse.ArgumentParser()
    parser.add_argument("--views", type=count(1))
    assert parser.parse_args(["--views", "1"]).views == 1
    with pytest.raises(SystemExit, match="2"):
        parser.parse_args([f"--views={text}"])
    assert f"argument --views: it is {text!r}, expected a whole number, 1 or more" in capsys.readouterr().err
