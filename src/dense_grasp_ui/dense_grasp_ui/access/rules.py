"""Which requests are answered: by their Host, their Origin and their token. Pure functions of the headers.

A web page from elsewhere that is open in the operator's browser can send requests to this machine's loopback address.
Its requests carry its own Origin, and a name that an attacker's DNS points at 127.0.0.1 comes in Host ("DNS
rebinding"): both are refused. RFC 6455 section 10.2; W3C Fetch Metadata.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
TOKEN_COOKIE = "dense_grasp_token"
BROWSER_COOKIE = "dense_grasp_browser"
#: Sec-Fetch-Site of a request that this page itself, or the operator's address bar, caused.
OWN_SITES = ("same-origin", "none")


def is_loopback(host: str) -> bool:
    """Whether an address to listen on is reached from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def split_host(value: str) -> tuple[str, str]:
    """(name, port) of a Host header, in lower case; port is "" where it names none."""
    name, colon, port = value.strip().lower().rpartition(":")
    if not colon or port.endswith("]"):  # no port, or the colons of a bare IPv6 address in brackets
        return value.strip().lower(), ""
    return name, port


def cookies(header: str) -> dict[str, str]:
    """The cookies of a Cookie header; of a name that comes twice the first."""
    found: dict[str, str] = {}
    for part in header.split(";"):
        name, equals, value = part.strip().partition("=")
        if equals:
            found.setdefault(name, value)
    return found


@dataclass(frozen=True)
class AccessRules:
    """How the page may be reached.

    port: that it listens on. names: of this machine, as they may stand in Host; with `token`, also the address that a
    connection came in on. token: what a browser must know, "" for none (only on a loopback address).
    """

    port: int
    names: tuple[str, ...] = LOOPBACK_NAMES
    token: str = ""

    def refusal(self, headers: Mapping[str, str], method: str, is_websocket: bool, address: str = "") -> str:
        """Why the request is not answered, "" when it is. headers: names in lower case; address: it came in on."""
        name, port = split_host(headers.get("host", ""))
        if name not in self.names and not (self.token and address and name == bracketed(address)):
            return f"Host is '{headers.get('host', '')}', expected {' or '.join(self.names)} with port {self.port}"
        if port != str(self.port) and not (self.port == 80 and not port):
            return f"Host is '{headers.get('host', '')}', expected port {self.port}"
        origin = headers.get("origin")
        expected = f"http://{headers['host'].strip().lower()}"
        if origin is not None and origin.lower() != expected:
            return f"Origin is '{origin}', expected {expected}: another web page sent this request"
        if origin is None and (is_websocket or method not in ("GET", "HEAD")):
            return f"no Origin, expected {expected}: only this page may send commands"
        site = headers.get("sec-fetch-site", "none")
        if site not in OWN_SITES and not _is_navigation(headers, method, is_websocket):
            return f"Sec-Fetch-Site is '{site}', expected one of {', '.join(OWN_SITES)}: another web page sent this"
        return ""

    def knows_token(self, headers: Mapping[str, str]) -> bool:
        """Whether the request's cookie holds the token; always, where there is none."""
        return not self.token or self.is_token(cookies(headers.get("cookie", "")).get(TOKEN_COOKIE, ""))

    def is_token(self, given: str) -> bool:
        """Compares in a time that tells nothing about how much of it is right."""
        return bool(self.token) and hmac.compare_digest(given.encode(), self.token.encode())


def bracketed(address: str) -> str:
    """An IP address as it stands in Host."""
    return f"[{address}]" if ":" in address else address


def _is_navigation(headers: Mapping[str, str], method: str, is_websocket: bool) -> bool:
    """A link on another page that the operator followed to this one, at the top of a window."""
    return (
        not is_websocket
        and method == "GET"
        and headers.get("sec-fetch-mode") == "navigate"
        and headers.get("sec-fetch-dest") == "document"
    )
