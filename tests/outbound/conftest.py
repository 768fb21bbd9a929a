"""The outbound side over a store in a real file, and receivers on loopback that do what a test says."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from hub.egress.client import Egress
from hub.egress.guard import Guard
from hub.model.ids import Id
from hub.model.json import loads
from hub.model.retry import Retry
from hub.model.stored.outbound import Attempt, DeliveryRecord, Published, SubscriptionRecord, SubscriptionSpec
from hub.outbound.delivery.dispatch import DispatchOptions
from hub.outbound.delivery.health import HealthThresholds
from hub.outbound.publish.publish import Publication
from hub.outbound.registry.registry import MAKE, SavedSubscription, SecretChoice
from hub.outbound.service import Outbound
from hub.plugins.host import Plugins
from hub.ports.clock import Clock, SystemClock
from hub.store.blobs import DirectoryBlobs
from hub.store.sql.store import SqlStore
from hub.store.vault import Vault
from hub.testing.clock import ManualClock
from hub.workflows.payloads import body_template

Reply = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Received:
    """A request as a receiver got it."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def json(self) -> Any:
        return loads(self.body)


@dataclass
class Receiver:
    """Answers 200 unless `replies` has something else; held while `gate` is closed."""

    url: str = ""
    got: list[Received] = field(default_factory=list)
    replies: list[web.Response | Callable[[], web.Response]] = field(default_factory=list)
    always: Callable[[], web.Response] | None = None
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    active: int = 0
    most: int = 0
    _progressed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.got.append(Received(headers, body))
        self._progressed.set()
        self.active += 1
        self.most = max(self.most, self.active)
        try:
            await self.gate.wait()
        finally:
            self.active -= 1
        if self.replies:
            reply = self.replies.pop(0)
            return reply if isinstance(reply, web.Response) else reply()
        return self.always() if self.always is not None else web.Response(text="ok")

    async def until(self, count: int) -> list[Received]:
        """The requests so far, once there are `count`."""
        async with asyncio.timeout(20):
            while len(self.got) < count:
                self._progressed.clear()
                await self._progressed.wait()
        return self.got


@asynccontextmanager
async def serving(receivers: Iterable[Receiver], ssl: Any = None) -> AsyncIterator[str]:
    """Serve receivers on one free port, each at its own path; its base URL."""
    app = web.Application(client_max_size=1 << 24)
    listed = list(receivers)
    for number, receiver in enumerate(listed):
        app.router.add_route("*", f"/{number}", receiver.handle)
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=ssl)
    await site.start()
    port = runner.addresses[0][1]
    base = f"{'https' if ssl else 'http'}://127.0.0.1:{port}"
    for number, receiver in enumerate(listed):
        receiver.url = f"{base}/{number}"
    try:
        yield base
    finally:
        for receiver in listed:
            receiver.gate.set()
        await runner.cleanup()


@dataclass
class Rig:
    """A hub process without its HTTP side."""

    store: SqlStore
    outbound: Outbound
    clock: Any
    plugins: Plugins
    guard: Guard
    egress: Egress

    @property
    def org(self) -> Id:
        return next(iter(self.store.snapshot.orgs))

    async def subscribe(
        self, url: str, *events: str, secret: SecretChoice = MAKE, tls_key: str | None = None, **spec: Any
    ) -> SavedSubscription:
        fields = {"url": url, "events": events or ("order.created",), **spec}
        return await self.outbound.registry.create(
            self.org, SubscriptionSpec.model_validate(fields), secret, tls_key=tls_key, operator=True
        )

    async def publish(self, data: Any = None, event_type: str = "order.created", **fields: Any) -> Published:
        return await self.outbound.publish(
            Publication(org=self.org, type=event_type, data={} if data is None else data, **fields)
        )

    async def deliveries(self, **filters: Any) -> tuple[DeliveryRecord, ...]:
        page = await self.store.outbound.deliveries(self.org, limit=1_000, **filters)
        return page.items

    async def states(self) -> list[str]:
        """States of all deliveries, oldest first."""
        return [each.state for each in reversed(await self.deliveries())]

    async def attempts(self, subscription: Id) -> list[Attempt]:
        """The log of a subscription, oldest first."""
        page = await self.store.outbound.attempts(self.org, subscription, limit=1_000)
        return [attempt for _, _, attempt in reversed(page.items)]

    def current(self, made: SavedSubscription) -> SubscriptionRecord:
        return self.store.snapshot.subscriptions[made.record.id]


Rigs = Callable[..., AbstractAsyncContextManager[Rig]]

QUICK = Retry(retries=5, initial_seconds=1, factor=2, max_seconds=3_600)


@asynccontextmanager
async def _rig(
    directory: Path,
    *,
    clock: Clock | None = None,
    owner: str = "here",
    options: DispatchOptions | None = None,
    health: HealthThresholds | None = None,
    plugins: Plugins | None = None,
    start: bool = True,
) -> AsyncIterator[Rig]:
    clock = clock or SystemClock()
    blobs = DirectoryBlobs(directory / "blobs")
    store = SqlStore(None, directory, vault=Vault(directory / "keys"), blobs=blobs, clock=clock, owner=owner)
    guard = Guard([ip_network("127.0.0.0/8")])
    egress = Egress(guard, user_agent="hub/test")
    if plugins is None:
        plugins = Plugins(version="0.1.0", entry_points=[])
        plugins.load()
    await store.start()
    await egress.start()
    outbound = Outbound(
        store=store,
        plugins=plugins,
        egress=egress,
        guard=guard,
        clock=clock,
        owner=owner,
        blobs=blobs,
        compile_template=body_template,
        options=options or DispatchOptions(stop_seconds=0.5, rng=random.Random(7)),
        health=health,
    )
    if start:
        await outbound.start()
    try:
        yield Rig(store, outbound, clock, plugins, guard, egress)
    finally:
        await outbound.stop()
        await egress.stop()
        await store.stop()


@pytest.fixture
def rigs(tmp_path: Path) -> Rigs:
    """Makes hub processes over one data directory."""

    def make(**options: Any) -> AbstractAsyncContextManager[Rig]:
        return _rig(tmp_path, **options)

    return make


@pytest.fixture
async def rig(rigs: Rigs) -> AsyncIterator[Rig]:
    """A running outbound side under the machine's clock."""
    async with rigs() as made:
        yield made


@pytest.fixture
async def still(rigs: Rigs) -> AsyncIterator[Rig]:
    """A running outbound side whose time stands still until a test moves it."""
    async with rigs(clock=ManualClock()) as made:
        yield made


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A receiver that answers 200 unless told otherwise."""
    one = Receiver()
    async with serving([one]):
        yield one


@pytest.fixture
def serve() -> Callable[..., AbstractAsyncContextManager[str]]:
    """Serves several receivers."""
    return serving
