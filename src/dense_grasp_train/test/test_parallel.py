"""Scenes on the workers of a Dask scheduler: the same bytes, and a message when there are no such workers."""

from __future__ import annotations

import hashlib
import socket

import pytest
from dense_grasp_train.data import generate, parallel
from dense_grasp_train.data.files import DatasetError
from dense_grasp_train.data.parallel import check_worker, connected, in_parallel

OPTIONS = ["--views", "3", "--views-per-scene", "1", "--caps", "0-1", "--size", "96x64", "--quiet"]


def digest(root):
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def cluster():
    """A scheduler and two workers, processes of their own on this machine."""
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0") as running:
        running.wait_for_workers(2, timeout=120)
        yield running.scheduler_address


def test_two_workers_give_the_bytes_of_one_process(cluster, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert generate.main(["--out", "here", *OPTIONS, "--jobs", "1"]) == 0
    assert generate.main(["--out", "there", *OPTIONS, "--dask", cluster]) == 0
    assert digest(tmp_path / "there") == digest(tmp_path / "here")


def test_an_error_of_a_worker_arrives_whole(cluster, tmp_path):
    wanted = {"numpy": "0.1"}
    (tmp_path / "manifest.json").touch()
    with connected(cluster) as client, pytest.raises(DatasetError, match=r"has numpy 2\.3 instead of 0\.1"):
        list(in_parallel(check_worker, [(tmp_path / "manifest.json", wanted, {"numpy": "2.3"})], -1, client))


def test_a_worker_must_see_the_data_set_and_have_its_versions(tmp_path):
    path, versions = tmp_path / "manifest.json", {"numpy": "2.3.5", "embreex": "4.4.0"}
    with pytest.raises(DatasetError, match=r"does not see .*manifest\.json, expected --out on a disk"):
        check_worker(path, versions, versions)
    path.touch()
    check_worker(path, versions, versions)
    with pytest.raises(DatasetError, match=r"has embreex 4\.3 instead of 4\.4\.0, expected the same versions"):
        check_worker(path, versions, {**versions, "embreex": "4.3"})


def test_a_scheduler_that_does_not_answer_is_named_and_nothing_is_written(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(parallel, "_CONNECT_SECONDS", 0.5)
    with socket.socket() as taken:  # bound but not listening: nobody answers there
        taken.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        assert generate.main(["--out", str(tmp_path / "set"), *OPTIONS, "--dask", address]) == 1
    assert f"no Dask scheduler answers at {address}" in capsys.readouterr().err
    assert not (tmp_path / "set").exists()


def test_a_scheduler_without_workers_is_named(tmp_path, monkeypatch):
    from distributed import LocalCluster

    monkeypatch.setattr(parallel, "_WORKER_SECONDS", 0.5)
    with LocalCluster(n_workers=0, dashboard_address=":0") as running, pytest.raises(DatasetError, match="no worker"):  # noqa: SIM117
        with connected(running.scheduler_address):
            raise AssertionError("it has no worker")
