"""Where a connection may end, address by address."""

from dataclasses import replace

import pytest

from connectors.answers import Reply
from connectors.base import Body
from connectors.keep_alive import KeepAlive
from connectors.reach import may_reach
from connectors.transport import Call
from tests.connectors.raw_server import RawServer, answer, say

INNER = ("127.0.0.1", "127.8.8.8", "169.254.169.254", "0.0.0.0", "224.0.0.1", "::1", "::", "fe80::1", "fe80::1%eth0",
         "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254")


@pytest.mark.parametrize("peer", INNER)
def test_a_name_never_leads_to_this_machine_or_its_cable(peer: str) -> None:
    assert not may_reach(peer, "gas.example.gov.cn", ())


@pytest.mark.parametrize(("peer", "host", "networks", "may"), [
    ("10.2.3.4", "gas.example.gov.cn", (), True), ("2001:db8::1", "gas.example.gov.cn", (), True),
    ("127.0.0.1", "localhost", (), True), ("::1", "localhost", (), True), ("169.254.1.1", "localhost", (), False),
    ("127.0.0.1", "127.0.0.1", (), True), ("127.0.0.2", "127.0.0.1", (), False), ("::1", "[::1]", (), True),
    ("::ffff:10.2.3.4", "10.2.3.4", (), True), ("10.2.3.4", "gas", ("10.2.0.0/16",), True),
    ("10.3.3.4", "gas", ("10.2.0.0/16",), False), ("10.3.3.4", "10.3.3.4", ("10.2.0.0/16",), False),
    ("2001:db8::1", "gas", ("10.2.0.0/16", "2001:db8::/32"), True), ("127.0.0.1", "gas", ("127.0.0.0/8",), True),
])
def test_networks_rule_and_an_address_stands_for_itself(
    peer: str, host: str, networks: tuple[str, ...], may: bool,
) -> None:
    assert may_reach(peer, host, networks) is may


def test_the_first_address_of_a_name_that_may_be_reached_is_taken() -> None:
    lean = KeepAlive()
    with RawServer(say(answer())) as server:
        body = Body("gas", "gas", "rest", deadline=5, networks=("127.0.0.1/32",))
        call = Call("POST", f"http://localhost:{server.port}/", {}, b"{}")
        assert isinstance(lean.call(call, body), Reply)
        assert not isinstance(lean.call(call, replace(body, networks=("192.0.2.0/24",))), Reply)
        lean.close()
