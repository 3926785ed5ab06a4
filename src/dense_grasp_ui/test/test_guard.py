"""The door: what passes to the application behind it, and what does not."""

import asyncio

import pytest
from dense_grasp_ui.access.guard import BROWSER, Guard
from dense_grasp_ui.access.limits import Limits
from dense_grasp_ui.access.rules import AccessRules

HOST = [(b"host", b"127.0.0.1:8080")]
ORIGIN = [(b"origin", b"http://127.0.0.1:8080")]


class Behind:
    """An application that notes what reaches it and answers 200; of a websocket it reads until that ends."""

    def __init__(self):
        self.scopes, self.received = [], []

    async def __call__(self, scope, receive, send):
        self.scopes.append(scope)
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"inside"})
            return
        while (message := await receive())["type"] != "websocket.disconnect":
            self.received.append(message)


def run(guard, scope, messages=()):
    sent, waiting = [], list(messages)

    async def receive():
        return waiting.pop(0) if waiting else {"type": "websocket.disconnect", "code": 1006}

    async def send(message):
        sent.append(message)

    asyncio.run(guard(scope, receive, send))
    return sent


def http(path="/", headers=HOST, method="GET", query=b""):
    scope = {"type": "http", "path": path, "headers": headers, "method": method, "query_string": query}
    return {**scope, "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8080)}


def websocket(headers):
    scope = {"type": "websocket", "path": "/_nicegui_ws/", "headers": headers}
    return {**scope, "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8080)}


@pytest.fixture
def behind():
    return Behind()


@pytest.fixture
def guard(behind):
    return Guard(
        behind, AccessRules(8080), Limits(message_bytes=10, messages_per_s=1, message_burst=3), ("/_nicegui_ws",)
    )


def headers_of(sent):
    return [(name.decode(), value.decode()) for name, value in sent[0]["headers"]]


def test_a_page_gets_its_name_once_and_the_headers_that_protect_it(guard, behind):
    sent = run(guard, http())
    headers = dict(headers_of(sent))
    assert sent[0]["status"] == 200 and headers["x-frame-options"] == "DENY"
    name = behind.scopes[0][BROWSER]
    assert headers["set-cookie"] == f"dense_grasp_browser={name}; HttpOnly; SameSite=Strict; Path=/"
    sent = run(guard, http(headers=[*HOST, (b"cookie", f"dense_grasp_browser={name}".encode())]))
    assert behind.scopes[1][BROWSER] == name and "set-cookie" not in dict(headers_of(sent))


def test_a_name_that_the_browser_made_up_is_replaced(guard, behind):
    run(guard, http(headers=[*HOST, (b"cookie", b"dense_grasp_browser=<script>")]))
    assert behind.scopes[0][BROWSER] != "<script>"


@pytest.mark.parametrize(
    "scope, status",
    [
        (http(headers=[(b"host", b"evil.example:8080")]), 403),
        (http(headers=[*HOST, (b"host", b"evil.example:8080")]), 403),
        (http(headers=[*HOST, (b"origin", b"http://evil.example")]), 403),
        (http("/_nicegui_ws/socket.io/", [*HOST, *ORIGIN]), 403),
        (http(headers=[*HOST, *ORIGIN, (b"content-length", b"999999")], method="POST"), 413),
        (http(headers=[*HOST, *ORIGIN, (b"content-length", b"-1")], method="POST"), 413),
        (http(headers=[*HOST, *ORIGIN, (b"transfer-encoding", b"chunked")], method="POST"), 413),
    ],
)
def test_what_is_refused_never_reaches_the_page(guard, behind, scope, status):
    sent = run(guard, scope)
    assert sent[0]["status"] == status and sent[1]["body"]
    assert behind.scopes == []


@pytest.mark.parametrize(
    "headers", [HOST, [*HOST, (b"origin", b"http://evil.example")], [(b"host", b"evil:8080"), *ORIGIN]]
)
def test_a_foreign_websocket_is_closed_before_it_opens(guard, behind, headers):
    sent = run(guard, websocket(headers), [{"type": "websocket.connect"}])
    assert [message["type"] for message in sent] == ["websocket.close"] and behind.scopes == []


def say(text):
    return {"type": "websocket.receive", "text": text}


def test_a_message_that_is_too_large_ends_its_websocket(guard, behind):
    sent = run(guard, websocket([*HOST, *ORIGIN]), [say("short"), say("x" * 11), say("late")])
    assert [message["text"] for message in behind.received] == ["short"]
    assert sent == [{"type": "websocket.close", "code": 1009}]


def test_too_many_messages_end_their_websocket(guard, behind):
    sent = run(guard, websocket([*HOST, *ORIGIN]), [say("1"), say("2"), say("3"), say("4")])
    assert len(behind.received) == 3
    assert sent == [{"type": "websocket.close", "code": 1008}]


def test_a_message_that_is_not_the_pages_own_ends_its_websocket(behind):
    guard = Guard(behind, AccessRules(8080), Limits(), is_own=lambda data: data == "ours")
    sent = run(guard, websocket([*HOST, *ORIGIN]), [say("ours"), say("theirs"), say("ours")])
    assert [message["text"] for message in behind.received] == ["ours"]
    assert sent == [{"type": "websocket.close", "code": 1008}]


def test_no_more_websockets_than_the_limit(behind):
    guard = Guard(behind, AccessRules(8080), Limits(websockets=0))
    assert run(guard, websocket([*HOST, *ORIGIN]), [{"type": "websocket.connect"}])[0]["type"] == "websocket.close"


def test_too_many_requests(behind):
    guard = Guard(behind, AccessRules(8080), Limits(requests_per_s=0.001, request_burst=2))
    assert [run(guard, http())[0]["status"] for _ in range(3)] == [200, 200, 429]


def test_browsers_of_one_address_have_a_rate_each_and_one_together(behind):
    guard = Guard(behind, AccessRules(8080), Limits(requests_per_s=0.001, request_burst=2, address_times=2))

    def ask(browser):
        cookie = b"dense_grasp_browser=" + browser * 22
        return run(guard, http(headers=[*HOST, (b"cookie", cookie)]))[0]["status"]

    assert [ask(b"a"), ask(b"a"), ask(b"a"), ask(b"b")] == [200, 200, 429, 200]
    assert [ask(b"c"), ask(b"d")] == [429, 429]


def test_the_token_comes_once_in_the_address_and_then_in_a_cookie(behind):
    guard = Guard(behind, AccessRules(8080, token="secret"), Limits())
    assert run(guard, http())[0]["status"] == 401
    assert run(guard, http(query=b"token=wrong"))[0]["status"] == 401
    assert run(guard, http("/live.jpg", query=b"token=secret"))[0]["status"] == 401
    sent = run(guard, http(query=b"token=secret"))
    headers = dict(headers_of(sent))
    assert sent[0]["status"] == 303 and headers["location"] == "/" and behind.scopes == []
    cookie = headers["set-cookie"].partition(";")[0].encode()
    assert run(guard, http(headers=[*HOST, (b"cookie", cookie)]))[0]["status"] == 200
    socket = [*HOST, *ORIGIN]
    assert run(guard, websocket(socket), [{"type": "websocket.connect"}])[0]["type"] == "websocket.close"
    run(guard, websocket([*socket, (b"cookie", cookie)]), [{"type": "websocket.connect"}])
    assert behind.received == [{"type": "websocket.connect"}]
