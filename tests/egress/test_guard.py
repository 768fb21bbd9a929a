"""The guard's decisions on URLs, names and sockets. Nothing is dialled here."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.egress.address.ranges import METADATA
from hub.egress.errors import EgressError
from hub.egress.exchange.dial import DIAL, Dial
from hub.egress.guard import Guard
from hub.errors import AddressRefused, Invalid

Answers = Callable[..., Any]


class Nothing:
    """A resolver that must not be asked."""

    async def resolve(self, host: str) -> Sequence[str]:
        raise AssertionError(host)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://10.0.0.5/", "address 10.0.0.5 is private: add it to HUB_EGRESS_ALLOW to permit"),
        ("http://127.0.0.1:8080/", "address 127.0.0.1 is loopback: add it to HUB_EGRESS_ALLOW to permit"),
        ("http://[fd12::1]/", "address fd12::1 is private: add it to HUB_EGRESS_ALLOW to permit"),
        ("http://224.0.0.1/", "address 224.0.0.1 is multicast"),
        ("http://[::ffff:10.0.0.5]/", "address ::ffff:a00:5 is an IPv4-mapped form of 10.0.0.5, which is private"),
        (
            "http://169.254.169.254/latest/",
            (
                f"address 169.254.169.254 is {METADATA[0].rule}: "
                "only the entry 169.254.169.254/32 in HUB_EGRESS_ALLOW permits it"
            ),
        ),
    ],
)
def test_a_url_of_a_forbidden_address_is_refused_in_a_sentence(url: str, sentence: str) -> None:
    with pytest.raises(AddressRefused) as caught:
        Guard(resolver=Nothing()).check_url(url)
    assert str(caught.value) == sentence
    assert caught.value.public == "address refused"


async def test_a_saved_url_is_judged_by_its_name_too(answers: Answers) -> None:
    resolver = answers(ok_example=[["8.8.8.8"]], bad_example=[["8.8.8.8", "10.0.0.5"]])
    guard = Guard(resolver=resolver)
    assert (await guard.check_target("https://ok.example/x")).host == "ok.example"
    with pytest.raises(AddressRefused, match=r"address 10\.0\.0\.5 is private"):
        await guard.check_target("https://bad.example/x")
    with pytest.raises(Invalid):
        await guard.check_target("https://bad.example/ x")


@given(
    st.lists(st.ip_addresses().map(str), max_size=4),
    st.sampled_from(["127.0.0.1", "10.0.0.5", "::1", "fe80::1%2", "::ffff:10.0.0.1", "169.254.169.254", "0.0.0.0"]),
    st.integers(0, 4),
)
def test_one_forbidden_candidate_refuses_the_whole_name(others: list[str], forbidden: str, place: int) -> None:
    candidates = [*others[:place], forbidden, *others[place:]]

    class Candidates:
        async def resolve(self, host: str) -> Sequence[str]:
            assert host == "mixed.example"
            return candidates

    async def check() -> None:
        guard = Guard(resolver=Candidates())
        with pytest.raises(AddressRefused):
            await guard.check_host("mixed.example")
        with pytest.raises(AddressRefused):
            await guard.resolver.resolve("mixed.example", 443, socket.AF_UNSPEC)
        with pytest.raises(AddressRefused):
            await guard.resolver.resolve("mixed.example", 443, socket.AF_INET6)

    asyncio.run(check())


async def test_a_name_that_turns_to_a_forbidden_address_is_refused_when_dialled(answers: Answers) -> None:
    guard = Guard(resolver=answers(turns_example=[["8.8.8.8"], ["127.0.0.1"]]), name_seconds=0)
    assert await guard.check_host("turns.example") == ("8.8.8.8",)
    with pytest.raises(AddressRefused, match=r"127\.0\.0\.1 is loopback"):
        await guard.resolver.resolve("turns.example", 80, socket.AF_UNSPEC)


async def test_a_kept_answer_is_the_judged_one(answers: Answers) -> None:
    resolver = answers(turns_example=[["8.8.8.8"], ["127.0.0.1"]])
    guard = Guard(resolver=resolver)
    assert await guard.check_host("TURNS.example") == ("8.8.8.8",)
    found = await guard.resolver.resolve("turns.example", 80, socket.AF_UNSPEC)
    assert [(one["host"], one["port"], one["family"]) for one in found] == [("8.8.8.8", 80, socket.AF_INET)]
    assert resolver.asked == ["turns.example"]


async def test_allowed_networks_let_names_and_sockets_through(answers: Answers) -> None:
    guard = Guard([ip_network("10.0.0.0/8")], answers(inner_example=[["10.0.0.5"]]))
    assert await guard.check_host("inner.example") == ("10.0.0.5",)
    guard.open_socket((socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.5", 80))).close()
    with pytest.raises(PermissionError):
        guard.open_socket((socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.168.0.5", 80)))


@pytest.mark.parametrize(
    ("family", "sockaddr"),
    [
        (socket.AF_INET, ("127.0.0.1", 80)),
        (socket.AF_INET, ("169.254.169.254", 80)),
        (socket.AF_INET6, ("::1", 80, 0, 0)),
        (socket.AF_INET6, ("::ffff:127.0.0.1", 80, 0, 0)),
        (socket.AF_INET6, ("fe80::1%lo", 80, 0, 1)),
        (socket.AF_INET, ("localhost", 80)),
        (socket.AF_INET, ("127.1", 80)),
    ],
)
def test_no_socket_is_opened_for_a_forbidden_address(family: socket.AddressFamily, sockaddr: tuple[Any, ...]) -> None:
    dial = Dial()
    token = DIAL.set(dial)
    try:
        with pytest.raises(PermissionError) as caught:
            Guard(resolver=Nothing()).open_socket((family, socket.SOCK_STREAM, 6, "", sockaddr))
    finally:
        DIAL.reset(token)
    assert isinstance(dial.refusal, AddressRefused)
    assert str(caught.value.strerror) == str(dial.refusal)
    assert dial.address is None


async def test_a_host_that_is_an_address_is_judged_without_asking() -> None:
    guard = Guard(resolver=Nothing())
    assert await guard.check_host("8.8.8.8") == ("8.8.8.8",)
    with pytest.raises(AddressRefused):
        await guard.check_host("fe80::1%2")


async def test_names_that_do_not_resolve(answers: Answers) -> None:
    class Failing:
        async def resolve(self, host: str) -> Sequence[str]:
            raise socket.gaierror(socket.EAI_NONAME, host)

    for guard in (Guard(resolver=Failing()), Guard(resolver=answers(empty_example=[[]]))):
        with pytest.raises(EgressError, match="name does not resolve") as caught:
            await guard.check_host("empty.example")
        assert caught.value.kind == "name"
        assert (await guard.check_target("https://empty.example/")).host == "empty.example"


async def test_a_slow_name_server_is_not_waited_for() -> None:
    class Silent:
        async def resolve(self, host: str) -> Sequence[str]:
            await asyncio.get_running_loop().create_future()
            return [host]

    guard = Guard(resolver=Silent())
    with pytest.raises(EgressError, match=r"name does not resolve within 0\.01 s"):
        await guard.check_host("slow.example", seconds=0.01)
    await guard.close()


async def test_a_resolver_that_answers_nonsense_is_refused(answers: Answers) -> None:
    guard = Guard(resolver=answers(odd_example=[["2130706433"]]))
    with pytest.raises(AddressRefused, match="2130706433 is not an IP address"):
        await guard.check_host("odd.example")


async def test_the_machines_resolver_finds_this_machine() -> None:
    guard = Guard([ip_network("127.0.0.0/8"), ip_network("::1/128")])
    assert "127.0.0.1" in await guard.check_host("localhost")
    with pytest.raises(EgressError):
        await guard.check_host("does-not-exist.invalid")
    await guard.close()
