"""Which requests are answered."""

import pytest
from dense_grasp_ui.access.rules import AccessRules, cookies, is_loopback, split_host

OURS = {"host": "127.0.0.1:8080", "origin": "http://127.0.0.1:8080"}
RULES = AccessRules(8080)


def refusal(headers, method="GET", is_websocket=False, rules=RULES, address="127.0.0.1"):
    return rules.refusal(headers, method, is_websocket, address)


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:8080", "LOCALHOST:8080", "[::1]:8080"])
def test_this_machine_by_any_of_its_names(host):
    assert refusal({"host": host, "origin": f"http://{host.lower()}"}, is_websocket=True) == ""
    assert refusal({"host": host}) == ""


@pytest.mark.parametrize(
    "host",
    [
        "evil.example:8080",
        "127.0.0.1.evil.example:8080",
        "127.0.0.1",
        "127.0.0.1:80",
        "127.0.0.1:8080:8080",
        "",
        "[::1]",
    ],
)
def test_a_foreign_host_is_refused(host):
    assert refusal({"host": host, "origin": f"http://{host}"}).startswith(f"Host is '{host}'")


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "https://127.0.0.1:8080", "http://127.0.0.1:8081", "http://localhost:8080", "null", ""],
)
@pytest.mark.parametrize("is_websocket", [False, True])
def test_a_foreign_origin_is_refused(origin, is_websocket):
    assert "another web page" in refusal({**OURS, "origin": origin}, is_websocket=is_websocket)


def test_what_changes_something_needs_an_origin():
    alone = {"host": "127.0.0.1:8080"}
    assert "no Origin" in refusal(alone, is_websocket=True)
    assert "no Origin" in refusal(alone, "POST")
    assert refusal(OURS, "POST") == ""


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_picture_that_another_page_shows_is_refused_and_a_link_to_this_one_is_not(site):
    shown = {"host": "127.0.0.1:8080", "sec-fetch-site": site, "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}
    link = {**shown, "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    frame = {**link, "sec-fetch-dest": "iframe"}
    assert "Sec-Fetch-Site" in refusal(shown)
    assert "Sec-Fetch-Site" in refusal(frame)
    assert refusal(link) == ""


def test_a_page_that_is_open_to_the_network_wants_its_token():
    rules = AccessRules(8080, ("robot",), token="secret")
    assert refusal({"host": "192.168.1.5:8080"}, rules=rules, address="192.168.1.5") == ""
    assert refusal({"host": "evil.example:8080"}, rules=rules, address="192.168.1.5")
    assert rules.knows_token({"cookie": "a=b; dense_grasp_token=secret"})
    for cookie in ("", "dense_grasp_token=", "dense_grasp_token=secrets", "dense_grasp_token=other; x=secret"):
        assert not rules.knows_token({"cookie": cookie})
    assert RULES.knows_token({}) and not RULES.is_token("")


def test_headers_in_parts():
    assert split_host("[::1]:80") == ("[::1]", "80")
    assert split_host("[::1]") == ("[::1]", "")
    assert split_host("Robot") == ("robot", "")
    assert cookies("a=1; b=2=3;c ; a=4") == {"a": "1", "b": "2=3"}


@pytest.mark.parametrize(
    "host, loopback", [("127.0.0.1", True), ("127.8.9.1", True), ("::1", True), ("localhost", True)]
)
def test_own_addresses(host, loopback):
    assert is_loopback(host) is loopback


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "robot", ""])
def test_addresses_of_the_network(host):
    assert not is_loopback(host)
