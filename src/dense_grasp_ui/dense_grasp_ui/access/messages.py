"""Which websocket messages the page's own script sends. Others would only make the libraries behind print tracebacks.

Engine.IO 4 frames: 1 close, 2 ping, 3 pong, 4 message; in a message Socket.IO 5: 0 connect, 1 disconnect, 2 event,
3 acknowledgement. <https://github.com/socketio/engine.io-protocol>, <https://github.com/socketio/socket.io-protocol>
"""

from __future__ import annotations

import json
import re
from typing import Any

_PLAIN = re.compile(r"[123](probe)?")
_CONNECT = re.compile(r"4[01](/[^,]*,)?(?P<body>.*)", re.DOTALL)
_EVENT = re.compile(r"4(?P<kind>[23])(/[^,\[]*,)?\d*(?P<body>\[.*)", re.DOTALL)
#: What NiceGUI's script sends, each with an object that names its client, and what more each must carry.
EVENTS: dict[str, tuple[str, ...]] = {
    "handshake": ("tab_id", "document_id"),
    "event": ("id", "listener_id", "args"),
    "javascript_response": ("request_id",),
    "ack": ("next_message_id",),
    "log": (),
}


def is_own_message(data: str | bytes | None) -> bool:
    """Whether a message has the form of one that the page's own script sends; a binary one never has."""
    if not isinstance(data, str):
        return False
    if _PLAIN.fullmatch(data):
        return True
    if found := _CONNECT.fullmatch(data):
        return not found["body"] or isinstance(_parsed(found["body"]), dict)
    if found := _EVENT.fullmatch(data):
        body = _parsed(found["body"])
        return isinstance(body, list) and (found["kind"] == "3" or _is_event(body))
    return False


def _is_event(body: list[Any]) -> bool:
    if len(body) != 2 or not isinstance(body[0], str) or not isinstance(body[1], dict):
        return False
    return isinstance(body[1].get("client_id"), str) and all(key in body[1] for key in EVENTS.get(body[0], ("\0",)))


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
