"""Which addresses an outgoing call may reach: the one decision behind the platform's and the checker's guard.

A URL that somebody outside chose must not reach this machine or the private network behind it. This module
only decides; who calls resolves names once and connects to the very address that was decided on.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address

_NAT64 = ip_network("64:ff9b::/96")


class AddressRule:
    """Global addresses may be reached, and those that `allow` names.

    An entry of `allow` is a host name (whatever it resolves to), an address, or a network.
    """

    def __init__(self, allow: Iterable[str] = ()) -> None:
        self._names: set[str] = set()
        self._networks: list[IPv4Network | IPv6Network] = []
        for each in allow:
            try:
                self._networks.append(ip_network(each.strip("[]")))
            except ValueError:
                self._names.add(_plain(each))

    def allows(self, address: Address) -> bool:
        """Say whether an address may be reached; addresses that carry another one are judged by that."""
        if any(address in network for network in self._networks):
            return True
        inner = _carried(address)
        if inner is not None:
            return self.allows(inner)
        return address.is_global and not address.is_multicast and not address.is_reserved

    def reachable(self, host: str, addresses: Iterable[str]) -> list[str]:
        """Those of the addresses a host resolves to that may be reached, without repetition."""
        found = list(dict.fromkeys(addresses))
        if _plain(host) in self._names:
            return found
        return [each for each in found if self.allows(ip_address(each.partition("%")[0]))]


def _plain(host: str) -> str:
    return host.lower().rstrip(".")


def _carried(address: Address) -> Address | None:
    """The IPv4 address inside an IPv6 one: mapped, compatible, 6to4, Teredo or NAT64."""
    if isinstance(address, IPv4Address):
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in _NAT64 or (int(address) >> 32 == 0 and int(address) > 1):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None
