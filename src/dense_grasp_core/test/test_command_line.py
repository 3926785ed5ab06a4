"""A command ends with a status and at most one sentence."""

from dense_grasp_core.command_line import INTERRUPTED, exit_status
from dense_grasp_core.errors import DenseGraspError


def raising(error):
    def work():
        raise error

    return work


def test_the_status_is_that_of_the_work(capsys):
    assert exit_status("tool", lambda: 7) == 7
    assert capsys.readouterr() == ("", "")


def test_what_cannot_be_done_is_one_sentence(capsys):
    assert exit_status("tool", raising(DenseGraspError("size is 0, expected 1 or more")), failed=2) == 2
    assert capsys.readouterr() == ("", "tool: size is 0, expected 1 or more\n")


def test_an_interrupt_has_the_status_that_a_shell_knows(capsys):
    assert exit_status("tool", raising(KeyboardInterrupt())) == INTERRUPTED == 130
    assert capsys.readouterr().err == "tool: interrupted\n"
