"""Several folders of rendered caps are read as one set."""

import argparse
import json

import pytest
from dense_grasp_train.data import generate
from dense_grasp_train.data.data_options import add_data_options, read_data
from dense_grasp_train.data.files import DatasetError

OPTIONS = ["--views-per-scene", "2", "--caps", "0-1", "--size", "320x240", "--jobs", "1", "--quiet"]


def asked(*words):
    parser = argparse.ArgumentParser()
    add_data_options(parser)
    return parser.parse_args(list(words))


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sets")
    for name, seed, views in (("a", 0, 4), ("b", 1, 2)):
        generate.main(["--out", str(folder / name), "--seed", str(seed), "--views", str(views), *OPTIONS])
    return folder


def test_the_same_caps_of_two_folders_are_the_same_objects(sets):
    alone = [read_data(asked("--data", str(sets / name)), print) for name in "ab"]
    both = read_data(asked("--data", str(sets / "a"), str(sets / "b")), print)
    assert len(both) == sum(map(len, alone)) and {v.instance for v in both} == {v.instance for v in alone[0]}
    few = read_data(asked("--data", str(sets / "a"), str(sets / "b"), "--views", "3"), print)
    assert len(few) == 3


def test_folders_of_other_things_are_not_mixed(sets, tmp_path):
    other = tmp_path / "meshes"
    other.mkdir()
    (other / "manifest.json").write_text(json.dumps({"source": "mesh"}))
    with pytest.raises(DatasetError, match=f"{other} holds no rendered caps"):
        read_data(asked("--data", str(sets / "a"), str(other)), print)
