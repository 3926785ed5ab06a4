"""What of the workspace a package gets when it is tested alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.alone import ROOT, main, manifests, needed, script


def test_only_what_the_manifest_names_and_what_that_needs():
    folders = manifests(ROOT)
    assert needed("dense_grasp_core", folders) == []
    assert needed("dense_grasp_assets", folders) == ["dense_grasp_core"]
    client = needed("dense_grasp_client", folders)
    assert {"dense_grasp_core", "dense_grasp_ros", "dense_grasp_interfaces"} <= set(client)
    assert client.index("dense_grasp_core") < client.index("dense_grasp_ros")
    assert not {"dense_grasp", "dense_grasp_sim"} & set(client)


def test_the_shell_sources_nothing_else(tmp_path: Path):
    folders = manifests(ROOT)
    text = script("dense_grasp_assets", folders, ROOT, tmp_path, ["-x"])
    assert "dense_grasp_core/share" in text and "dense_grasp_sim" not in text and text.endswith("-x")


def test_a_package_of_another_name_is_refused(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as status:
        main(["dense_grasp_coer"])
    assert status.value.code == 2
    assert "unknown package 'dense_grasp_coer', expected one of" in capsys.readouterr().err
