"""Calls out go to configured hosts and to no others: each client of ours is made here.

Each request is looked at before it is sent, so also those that renew a token or follow a redirect.
A name may lead anywhere, so the address is looked at again once it is connected and before anything
is sent: a link-local one, behind which clouds keep their machines' credentials, is left at once.
"""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from functools import cache
from ipaddress import ip_address, ip_network
from typing import Any

import httpx2

from isthmus.connect.errors import HostRefused

CODE = "host_not_configured"
METADATA = tuple(
    map(ip_network, ("169.254.0.0/16", "fe80::/10", "fd00:ec2::254/128", "100.100.100.200/32"))
)
"""Link-local addresses, and those of AWS (IPv6) and Alibaba besides."""
Hook = Callable[[httpx2.Request], Awaitable[None]]


@cache
def trusted() -> ssl.SSLContext:
    """The certificate authorities, read once in a process and not for each client."""
    return httpx2.create_ssl_context()


class Guard:
    """`hosts` are names without ports; `*.example.com` is every host below example.com."""

    def __init__(self, system: str, hosts: Iterable[str]) -> None:
        self.system, self.hosts = system, frozenset(host.lower() for host in hosts)

    def ensure(self, url: httpx2.URL) -> None:
        """Raises HostRefused."""
        self.ensure_host(url.host)

    def ensure_host(self, name: str) -> None:
        """For clients of other protocols than HTTP. Raises HostRefused."""
        host = name.lower()
        if host in self.hosts or (not is_metadata(host) and self._is_below(host)):
            return
        raise self._refused(host, f"{host} is not a host that it is configured to call")

    def ensure_address(self, address: str) -> None:
        """For an address that a name leads to. Raises HostRefused."""
        if is_metadata(address) and address not in self.hosts:
            raise self._refused(address, f"its name leads to {address}, a link-local address")

    async def before(self, request: httpx2.Request) -> None:
        """The hook of a client, for each request. Raises HostRefused."""
        self.ensure(request.url)
        request.extensions["trace"] = self._traced

    def _is_below(self, host: str) -> bool:
        return any(h.startswith("*.") and host.endswith(h[1:]) for h in self.hosts)

    async def _traced(self, event: str, info: Mapping[str, Any]) -> None:
        if not event.startswith("connection.connect_tcp.complete"):
            return
        stream = info["return_value"]
        try:
            self.ensure_address(str(stream.get_extra_info("server_addr")[0]))
        except HostRefused:
            await stream.aclose()
            raise

    def _refused(self, host: str, why: str) -> HostRefused:
        return HostRefused(self.system, f"not called: {why}", code=CODE, host=host)


def is_metadata(host: str) -> bool:
    """An address that only this machine's own network answers."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return False
    plain = getattr(address, "ipv4_mapped", None) or address
    return any(plain in network for network in METADATA if network.version == plain.version)


def host_of(url: str) -> str:
    return httpx2.URL(url).host.lower()


def outbound(
    system: str,
    hosts: Collection[str],
    *,
    hooks: Iterable[Hook] = (),
    **options: Any,
) -> httpx2.AsyncClient:
    """A client that calls these hosts alone. It follows no redirect unless `options` say so."""
    return httpx2.AsyncClient(**guarded(system, hosts, hooks=hooks, **options))


def guarded(
    system: str, hosts: Collection[str], *, hooks: Iterable[Hook] = (), **options: Any
) -> dict[str, Any]:
    """The options of such a client, for libraries that make it themselves."""
    before = Guard(system, hosts).before
    return {
        "verify": trusted(), "follow_redirects": False, **options,
        "event_hooks": {"request": [before, *hooks]},
    }  # fmt: skip
