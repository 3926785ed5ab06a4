import pytest
from dense_grasp_train.__main__ import COMMANDS, main


def test_help_lists_every_command(capsys):
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(command in text for command in COMMANDS)


def test_unknown_command_and_none_are_refused(capsys):
    assert main(["paint"]) == 2
    assert "paint" in capsys.readouterr().err
    assert main([]) == 2


def test_command_gets_its_own_help(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["generate", "--help"])
    assert stop.value.code == 0
    assert "--views-per-scene" in capsys.readouterr().out
