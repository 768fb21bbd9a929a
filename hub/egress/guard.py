"""The guard that every outgoing call passes: when its URL is saved, when its name resolves, and when it is dialled."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_address
from typing import Final

from aiohttp import AddrInfoType
from aiohttp.abc import AbstractResolver, ResolveResult

from hub.egress.address.addresses import AddressVerdict, judge
from hub.egress.address.names import Names
from hub.egress.address.ranges import Address, Network
from hub.egress.address.resolver import Resolver, SystemResolver
from hub.egress.address.urls import SplitUrl, split_url
from hub.egress.errors import EgressError
from hub.egress.exchange.dial import DIAL
from hub.errors import AddressRefused

__all__ = ["Guard"]

_SAVE_SECONDS: Final = 5.0


class Guard:
    """Decides which addresses the hub dials.

    Args:
        allow: Networks that are let through although they are special (`Settings.egress_allow`).
        resolver: From names to addresses; by default the machine's.
        name_seconds: How long a judged answer of the resolver is used again; 0 asks for each connection.
    """

    def __init__(
        self, allow: Iterable[Network] = (), resolver: Resolver | None = None, *, name_seconds: float = 10.0
    ) -> None:
        self._allow = tuple(allow)
        self._owned: SystemResolver | None = None
        if resolver is None:
            resolver = self._owned = SystemResolver()
        self._names = Names(resolver, self.check_address, name_seconds)
        self._verdicts = lru_cache(maxsize=4096)(self._judge)
        self.resolver: AbstractResolver = _Candidates(self._names)
        """For aiohttp's connector: every candidate judged, none where one is forbidden."""

    def judge(self, address: str | Address) -> AddressVerdict:
        """The verdict on an address under the operator's allowed networks.

        Raises:
            ValueError: The text is no IP address.
        """
        return self._verdicts(address)

    def check_address(self, address: str | Address) -> None:
        """Let an address pass or refuse it.

        Raises:
            AddressRefused: `str()` names address, rule and cure, for operators; `public` is for tenants.
        """
        try:
            verdict = self._verdicts(address)
        except ValueError:
            raise AddressRefused(f"{address!s} is no IP address") from None
        if not verdict.allowed:
            cure = f": {verdict.cure}" if verdict.cure else ""
            raise AddressRefused(f"address {address} is {verdict.rule}{cure}")

    def check_url(self, url: str, pointer: str = "/url") -> SplitUrl:
        """Everything that a URL shows without asking a name server; quick for a URL seen before.

        Args:
            url: The URL as an integrator wrote it.
            pointer: JSON pointer to its field, for the problem.

        Raises:
            Invalid: It is not an absolute http or https URL as RFC 3986 writes it, or holds userinfo or a fragment.
            AddressRefused: Its port is blocked, or its host is an address that may not be dialled.
        """
        target = split_url(url, pointer)
        if target.address is not None:
            self.check_address(target.address)
        return target

    async def check_host(self, host: str, seconds: float = _SAVE_SECONDS) -> tuple[str, ...]:
        """All addresses of a host, each judged.

        Args:
            host: A name, or an IP address without brackets.
            seconds: Longest wait for the name servers.

        Raises:
            AddressRefused: One of the addresses may not be dialled.
            EgressError: The name does not resolve (kind `name`), or not in time (kind `timeout`).
        """
        try:
            address = ip_address(host)
        except ValueError:
            pass
        else:
            self.check_address(address)
            return (host,)
        try:
            async with asyncio.timeout(seconds):
                return await self._names.addresses(host.lower())
        except TimeoutError:
            raise EgressError(f"name does not resolve within {seconds:g} s", None, "timeout") from None
        except OSError:
            raise EgressError("name does not resolve", None, "name") from None

    async def check_target(self, url: str, pointer: str = "/url") -> SplitUrl:
        """Judge a URL that is about to be saved: `check_url`, and the addresses of its name.

        A name that does not resolve at the moment passes, since it is judged again whenever it is dialled.

        Raises:
            Invalid: As `check_url`.
            AddressRefused: As `check_url`, or one of the name's addresses may not be dialled.
        """
        target = self.check_url(url, pointer)
        if target.address is None:
            try:
                await self.check_host(target.host)
            except EgressError:
                return target
        return target

    def open_socket(self, info: AddrInfoType) -> socket.socket:
        """A socket for the very address that is about to be dialled: aiohttp's `socket_factory`.

        Raises:
            PermissionError: The address may not be dialled. aiohttp lets only this kind of error through its race for a
                connection; the `AddressRefused` itself stands in the call's `Dial`.
        """
        family, kind, protocol, _, sockaddr = info
        address = str(sockaddr[0])
        dial = DIAL.get()
        try:
            self.check_address(address)
        except AddressRefused as refusal:
            if dial is not None:
                dial.refusal = refusal
            raise PermissionError(errno.EACCES, str(refusal)) from refusal
        if dial is not None:
            dial.address = address
        return socket.socket(family, kind, protocol)

    def is_asking(self, host: str) -> bool:
        """Whether the name servers are being asked for this host."""
        return self._names.is_asking(host)

    def forget(self, host: str) -> None:
        """Ask the name servers again at the next connection to this host."""
        self._names.forget(host)

    async def close(self) -> None:
        """Give up lookups under way and let the resolver's threads end."""
        await self._names.close()
        if self._owned is not None:
            self._owned.close()

    def _judge(self, address: str | Address) -> AddressVerdict:
        return judge(address, self._allow)


class _Candidates(AbstractResolver):
    """What aiohttp asks; the answer holds only addresses that were judged."""

    def __init__(self, names: Names) -> None:
        self._names = names

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=address, port=port, family=_family(address), proto=0, flags=0)
            for address in await self._names.addresses(host)
            if family in {socket.AF_UNSPEC, _family(address)}
        ]

    async def close(self) -> None:
        """Nothing to close: the guard owns the resolver."""


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET
