"""The door of the web server: every HTTP request and websocket passes it before anything else sees it."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

from dense_grasp_ui.access.limits import Bucket, Buckets, Limits
from dense_grasp_ui.access.rules import BROWSER_COOKIE, TOKEN_COOKIE, AccessRules, cookies

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

#: key of the ASGI scope: the random name of the browser that sent the request
BROWSER = "dense_grasp.browser"
TOO_MUCH = 1009  # RFC 6455 close codes
AGAINST_THE_RULES = 1008
#: NiceGUI's inline scripts and Vue's templates need the two unsafe words; nothing is loaded from elsewhere.
CONTENT_SECURITY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' blob: data:; font-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
HEADERS = (
    (b"content-security-policy", CONTENT_SECURITY.encode()),
    (b"x-frame-options", b"DENY"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)


class Guard:
    """ASGI application around another: refuses what AccessRules and Limits refuse, and names the browser by a cookie.

    websocket_only: paths under which HTTP is refused (a library's fallback to requests that carry no Origin).
    is_own: whether a websocket's message has the form of one that the page sends; another one ends its websocket.
    """

    def __init__(
        self,
        app: App,
        rules: AccessRules,
        limits: Limits,
        websocket_only: tuple[str, ...] = (),
        is_own: Callable[[str | bytes | None], bool] = lambda data: True,
    ):
        self._app, self._rules, self._limits, self._websocket_only = app, rules, limits, websocket_only
        self._is_own = is_own
        self._requests = Buckets(limits.requests_per_s, limits.request_burst)
        times = limits.address_times
        self._of_address = Buckets(times * limits.requests_per_s, times * limits.request_burst)
        self._websockets = 0

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _why_not(self, scope: Message, headers: dict[str, str]) -> tuple[int, str]:
        """(status, sentence) of a refusal; (0, "") when there is none."""
        is_websocket = scope["type"] == "websocket"
        address = str((scope.get("server") or ("",))[0])
        why = self._rules.refusal(headers, scope.get("method", "GET"), is_websocket, address)
        if why:
            return 403, why
        if not is_websocket and scope["path"].startswith(self._websocket_only or ("\0",)):
            return 403, f"{scope['path']} is a websocket, expected no HTTP"
        if not self._may_ask(str((scope.get("client") or ("",))[0]), headers):
            return 429, f"too many requests, expected at most {self._limits.requests_per_s:g} a second: wait a moment"
        if not self._rules.knows_token(headers):
            return 401, "no token: open the page by the address with ?token=... that the page's node has printed"
        return 0, ""

    def _may_ask(self, address: str, headers: dict[str, str]) -> bool:
        """Whether one more request fits into what a browser, and all browsers of its address, may send."""
        return self._of_address.take(address) and self._requests.take(f"{address} {_browser(headers)}")

    async def _http(self, scope: Message, receive: Receive, send: Send) -> None:
        headers = _headers(scope)
        status, why = self._why_not(scope, headers)
        if status == 401 and self._brings_token(scope):
            await _answer(send, 303, "", [(b"location", b"/"), _cookie(TOKEN_COOKIE, self._rules.token)])
            return
        if status:
            await _answer(send, status, why)
            return
        length = headers.get("content-length", "0")
        if "transfer-encoding" in headers or not length.isdigit() or int(length) > self._limits.body_bytes:
            await _answer(send, 413, f"the request has a body, expected at most {self._limits.body_bytes} bytes")
            return
        browser = _browser(headers)
        new = [] if browser else [_cookie(BROWSER_COOKIE, browser := secrets.token_urlsafe(16))]
        scope[BROWSER] = browser

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *HEADERS, *new]
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _brings_token(self, scope: Message) -> bool:
        given = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("token", [""])[0]
        return scope["path"] == "/" and self._rules.is_token(given)

    async def _websocket(self, scope: Message, receive: Receive, send: Send) -> None:
        status, _ = self._why_not(scope, _headers(scope))
        if status or self._websockets >= self._limits.websockets:
            await receive()  # the connect
            await send({"type": "websocket.close", "code": AGAINST_THE_RULES})
            return
        bucket = Bucket(self._limits.messages_per_s, self._limits.message_burst)
        closed = False

        async def receive_bounded() -> Message:
            nonlocal closed
            message = await receive()
            if message["type"] != "websocket.receive":
                return message
            size = len(message.get("bytes") or b"") + len(message.get("text") or "")
            fits = size <= self._limits.message_bytes
            own = fits and self._is_own(message.get("text") or message.get("bytes"))
            code = TOO_MUCH if not fits else 0 if own and bucket.take() else AGAINST_THE_RULES
            if not code:
                return message
            closed = True
            await send({"type": "websocket.close", "code": code})
            return {"type": "websocket.disconnect", "code": code}

        async def send_while_open(message: Message) -> None:
            if not closed:
                await send(message)

        self._websockets += 1
        try:
            await self._app(scope, receive_bounded, send_while_open)
        finally:
            self._websockets -= 1


def _headers(scope: Message) -> dict[str, str]:
    """By lower-case name. A header that comes twice is joined, and so matches nothing that is expected of it."""
    found: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        joint = "; " if name == "cookie" else ", "
        found[name] = f"{found[name]}{joint}{value}" if name in found else value
    return found


def _browser(headers: dict[str, str]) -> str:
    """The name in the browser's cookie; "" without one, or with one that this page did not give."""
    name = cookies(headers.get("cookie", "")).get(BROWSER_COOKIE, "")
    return name if len(name) == 22 and name.isascii() and name.replace("-", "").replace("_", "").isalnum() else ""


def _cookie(name: str, value: str) -> tuple[bytes, bytes]:
    return b"set-cookie", f"{name}={value}; HttpOnly; SameSite=Strict; Path=/".encode()


async def _answer(send: Send, status: int, why: str, more: list[tuple[bytes, bytes]] | None = None) -> None:
    body = f"{why}\n".encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *HEADERS, *(more or [])]})
    await send({"type": "http.response.body", "body": body})
