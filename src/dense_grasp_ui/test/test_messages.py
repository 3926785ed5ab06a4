"""Messages of the page's own script, and others."""

import pytest
from dense_grasp_ui.access.messages import is_own_message


@pytest.mark.parametrize(
    "text",
    [
        *("2", "3", "2probe", "1", "40", "41", '40{"sid":"x"}', "43[true]", "437[]"),
        '42["handshake",{"client_id":"c","tab_id":"t","document_id":"d","old_tab_id":null}]',
        '421["event",{"client_id":"c","id":4,"listener_id":"l","args":[]}]',
        '42["ack",{"client_id":"c","next_message_id":3}]',
    ],
)
def test_what_the_script_sends_passes(text):
    assert is_own_message(text)


@pytest.mark.parametrize(
    "data",
    [
        *(None, "", b"2", b"42[]", "0{}", "6", "x", "\x0e", "4", "44{}", "45-[]", "46-[]", "40[", "42", "42{}", "42["),
        *("42[1]", '42["event"]', '42["event",null]', '42["event",{}]', '42["event",{"client_id":7}]'),
        *('42["event",{"client_id":"c"}]', '42["delete",{"client_id":"c"}]', '42["log",{"client_id":"c"},1]'),
        "42" + "[" * 20_000,
    ],
)
def test_anything_else_does_not(data):
    assert not is_own_message(data)
