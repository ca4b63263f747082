"""H5: a broker whose name leads to a link-local address is not called, as no other system is.

Loopback stands for link-local here, by the name `localhost`.
"""

from __future__ import annotations

import asyncio
from ipaddress import ip_network

import pytest
from tests.events.out.listening import listening
from tests.events.out.log import destination, relaying, state, write
from tests.events.out.test_brokers_named import kafka, silent
from tests.waiting import until

from isthmus.connect import HostRefused, Unavailable
from isthmus.connect import outbound as made
from isthmus.connect.outbound import Guard
from isthmus.events.destination_holds import hold_of
from isthmus.events.destinations import connect
from isthmus.events.destinations.addresses import ensure_leads
from isthmus.store.database import Database

pytestmark = pytest.mark.anyio
BROKERS = ("nats://app:s3cret@", "tls://app:s3cret@", "amqp://app:s3cret@", "amqps://app:s3cret@",
           "kafka://app:s3cret@", "kafka+ssl://app:s3cret@")  # fmt: skip


@pytest.fixture
def link_local(monkeypatch: pytest.MonkeyPatch) -> None:
    loopback = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
    monkeypatch.setattr(made, "METADATA", loopback)


async def hangs_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Whoever calls."""


@pytest.mark.usefixtures("link_local")
@pytest.mark.parametrize("broker", BROKERS)
async def test_a_name_that_leads_to_a_link_local_address_is_not_dialed(broker: str) -> None:
    async with listening(silent) as (port, called):
        with pytest.raises(HostRefused) as refused:
            await connect("bus", destination(url=f"{broker}localhost:{port}"))
        assert refused.value.host in ("127.0.0.1", "::1")
        assert str(refused.value) == (
            f"bus: not called: its name leads to {refused.value.host}, a link-local address "
            "[host_not_configured]"
        )
        assert "s3cret" not in str(refused.value)
        assert called.empty()


@pytest.mark.usefixtures("link_local")
@pytest.mark.parametrize("broker", BROKERS[::2])
async def test_an_address_that_is_configured_itself_is_dialed(broker: str) -> None:
    async with listening(hangs_up) as (port, called):
        with pytest.raises(Unavailable):
            await connect("bus", destination(url=f"{broker}127.0.0.1:{port}"))
        assert called.qsize() >= 1


async def test_a_broker_that_a_kafka_cluster_names_is_looked_up_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By a spelling that no list of addresses has, and that every client takes."""
    monkeypatch.setattr(made, "METADATA", (ip_network("127.0.0.2/32"),))
    async with listening(kafka([(1, "127.2", 1)])) as (port, asked):
        to = destination(url=f"kafka://127.0.0.1:{port}", hosts=["127.2"])
        with pytest.raises(HostRefused, match=r"lake: not called: its name leads to 127\.0\.0\.2"):
            await connect("lake", to)
        assert asked.qsize() == 1


ADDRESSES = ("169.254.169.254", "fe80::1", "fd00:ec2::254", "::ffff:169.254.169.254")


@pytest.mark.parametrize("address", ADDRESSES)
async def test_the_addresses_that_clouds_keep_credentials_behind(address: str) -> None:
    """An address is looked up as itself, so the real ones are asked about without a name server."""
    with pytest.raises(HostRefused, match="a link-local address"):
        await ensure_leads(Guard("bus", ["mq.example.com"]), address)
    await ensure_leads(Guard("bus", ["mq.example.com"]), "10.0.0.1")
    await ensure_leads(Guard("bus", [address]), address)


@pytest.mark.usefixtures("link_local")
async def test_its_owner_is_told(database: Database) -> None:
    await write(database, subjects=1, each=1)
    async with listening(silent) as (port, called):
        to = destination(url=f"nats://localhost:{port}", owner="integration")
        async with relaying(database, to):
            await until(lambda: _held(database))
        assert called.empty()
    async with database.begin() as tx:
        hold = await tx.holds.of_key(hold_of("out"))
    assert hold is not None
    assert (hold.state, hold.code, hold.owner) == ("held", "destination_refuses", "integration")
    assert "[host_not_configured]" in hold.reason
    assert hold.fix == (
        "If it is the system's own, add the host where the landscape configures it; if not, "
        "somebody is leading calls astray: tell whoever runs the system. Then: isthmus destination "
        "resume out."
    )
    assert (await state(database)).sent == 0


async def _held(database: Database) -> bool:
    async with database.begin() as tx:
        return await tx.holds.of_key(hold_of("out")) is not None
