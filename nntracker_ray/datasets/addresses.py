"""Which network addresses a dataset may be fetched from: public ones, and those that the administrator lists."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# What `ipaddress` counts as global, but which leads to machines that are nobody else's business.
_REFUSED = tuple(
    ip_network(text)
    for text in (
        "192.0.0.0/24",  # protocol assignments
        "192.88.99.0/24",  # 6to4 relays
        "168.63.129.16/32",  # a cloud's own service address for its machines
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
        "2001::/23",  # protocol assignments: Teredo, benchmarking, ORCHID
        "2002::/16",  # 6to4: any IPv4 address in disguise
        "3fff::/20",  # documentation
        "5f00::/16",  # segment routing
    )
)
_GLOBAL_UNICAST = ip_network("2000::/3")
_NAT64 = ip_network("64:ff9b::/96")


def parse_networks(text: str) -> tuple[Network, ...]:
    """Networks from "10.1.0.0/16, fd00:5::/48". Raises: ValueError: Naming what is no network."""
    return tuple(ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip())


def refusal(text: str, allowed: Sequence[Network] = ()) -> str | None:
    """Why the address may not be connected to; None when it may."""
    try:
        address = embedded(ip_address(text.split("%", 1)[0]))
    except ValueError:
        return "is no network address"
    if any(address in network for network in allowed):
        return None
    return _why_not_public(address)


def embedded(address: Address) -> Address:
    """The IPv4 address inside a mapped or NAT64 IPv6 address, which is where the connection would end."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _why_not_public(address: Address) -> str | None:
    kinds = {
        "loopback": address.is_loopback,
        "link-local": address.is_link_local,
        "unspecified": address.is_unspecified,
        "multicast": address.is_multicast,
        "private": address.is_private,
    }
    for kind, holds in kinds.items():
        if holds:
            return f"is a {kind} address"
    is_odd = isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST
    if is_odd or not address.is_global or any(address in network for network in _REFUSED):
        return "is not a public address"
    return None
