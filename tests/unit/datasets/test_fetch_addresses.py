"""Only public addresses may be fetched from."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntracker_ray.datasets.addresses import parse_networks, refusal

REFUSED_TEXT = """
127.0.0.1 127.255.255.254 0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.255 192.168.0.1
100.64.0.1 100.100.100.200 169.254.169.254 169.254.0.1 192.0.0.1 192.0.0.192 192.0.2.1 198.18.0.1
198.51.100.7 203.0.113.9 192.88.99.1 168.63.129.16 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 ::
::1 ::7f00:1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:0:127.0.0.1 64:ff9b::127.0.0.1
64:ff9b::a00:1 64:ff9b::a9fe:a9fe 64:ff9b:1::1 fe80::1 fe80::1%eth0 fec0::1 fc00::1 fd00::1 fd00:ec2::254
ff02::1 2002:7f00:1::1 2002:a00:1:: 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:db8::1 2001:10::1
2001:20::1 3fff::1 5f00::1 100::1 4000::1
"""
REFUSED = REFUSED_TEXT.split()
ALLOWED_TEXT = """
1.1.1.1 8.8.8.8 93.184.216.34 151.101.1.69 172.15.255.255 172.32.0.1 192.167.255.255 100.63.255.255
100.128.0.1 2606:4700:4700::1111 2a00:1450:4001:80b::200e ::ffff:8.8.8.8 64:ff9b::8.8.8.8
"""
ALLOWED = ALLOWED_TEXT.split()


@pytest.mark.parametrize("address", REFUSED)
def test_an_address_that_is_not_public_is_refused(address):
    """Each of these leads into a machine or network that the person asking could not reach alone."""
    assert refusal(address)


@pytest.mark.parametrize("address", ALLOWED)
def test_a_public_address_is_allowed(address):
    """Datasets live on public servers."""
    assert refusal(address) is None


@pytest.mark.parametrize("text", ["", "localhost", "127.1", "0x7f000001", "2130706433", "1.2.3.4.5", "::g"])
def test_what_is_no_address_is_refused(text):
    """A resolver that returns something odd must not get past the check."""
    assert refusal(text) == "is no network address"


def test_a_listed_network_is_allowed_also_in_its_mapped_form():
    """An administrator who lists the file server means it however the resolver writes its address."""
    allowed = parse_networks("10.1.0.0/16, fd00:5::/48")

    assert refusal("10.1.2.3", allowed) is None
    assert refusal("::ffff:10.1.2.3", allowed) is None
    assert refusal("fd00:5::9", allowed) is None
    assert refusal("10.2.0.1", allowed)
    assert refusal("127.0.0.1", allowed)


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_in_disguise_is_judged_like_itself(address: IPv4Address):
    """Mapped and NAT64 forms end at the same machine as the plain address."""
    plain = refusal(str(address))

    for prefix in (0xFFFF << 32, int(ip_address("64:ff9b::"))):
        assert refusal(str(IPv6Address(prefix | int(address)))) == plain


@given(st.ip_addresses())
def test_whatever_python_calls_not_global_is_refused(address):
    """Our list may be stricter than the standard library's, never laxer."""
    if not address.is_global and getattr(address, "ipv4_mapped", None) is None:
        assert refusal(str(address))
