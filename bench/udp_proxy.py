"""A bad network between two peers on one machine, for measurements and tests.

python -m bench.udp_proxy --loss 0.05 --jitter-ms 10

reads SDP answers, one JSON text a line, and writes each with a port of its own as the only
candidate, so that any client can be sent through it; in the end it writes what it did.
"""

import argparse
import asyncio
import enum
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict
from types import TracebackType
from typing import Final, Self, TextIO, TypeAlias

from bench.impairment import Burst, Impairment, Network

LOOPBACK: Final = "127.0.0.1"

Address: TypeAlias = tuple[str, int]


class Kind(enum.Enum):
    """What a packet is, by its first byte (RFC 7983, section 7)."""

    STUN = range(4)
    DTLS = range(20, 64)
    MEDIA = range(128, 192)
    """RTP and RTCP."""
    OTHER = range(0)

    @classmethod
    def of(cls, packet: bytes) -> "Kind":
        """Return the kind of a packet."""
        first = packet[0] if packet else 255
        return next((kind for kind in cls if first in kind.value), cls.OTHER)


Watch: TypeAlias = Callable[[bytes, list[float]], None]
"""Called with each packet to the target and its delays."""


class UdpProxy:
    """A port of 127.0.0.1 whose packets reach a target, and those from it back, as a network does.

    Each client's address gets a socket of its own, so the target tells them apart.
    """

    def __init__(
        self,
        up: Impairment,
        down: Impairment,
        *,
        spared: Iterable[Kind] = (),
        watch: Watch | None = None,
    ) -> None:
        """Prepare; entering opens the port.

        Args:
            up: from clients to the target.
            down: from the target to clients.
            spared: kinds that pass as they are, and are not counted.
            watch: sees what goes up.
        """
        self.up, self.down = up, down
        self._spared = frozenset(spared)
        self._watch = watch
        self._target: Address | None = None
        self._clients: dict[Address, _Port] = {}
        self._opening: set[asyncio.Task[None]] = set()
        self._front = _Port(self._from_client)

    async def __aenter__(self) -> Self:
        await self._front.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def port(self) -> int:
        return self._front.port

    def lead_to(self, target: Address) -> None:
        """Send packets there from now on."""
        self._target = target

    def route(self, answer: str) -> str:
        """Lead to where an SDP answer can be reached and return it with the way through here.

        Raises:
            ValueError: it has no UDP candidate.
        """
        target = candidate_of(answer)
        if target is None:
            raise ValueError("The answer has no UDP candidate.")
        self.lead_to(target)
        return reached_at(answer, (LOOPBACK, self.port))

    def close(self) -> None:
        """Lose everything from now on; idempotent."""
        self._target = None
        for task in self._opening:
            task.cancel()
        for port in (self._front, *self._clients.values()):
            port.close()
        self._clients.clear()

    def _from_client(self, packet: bytes, sender: Address) -> None:
        if self._target is None:
            return
        if (port := self._clients.get(sender)) is None:
            port = self._clients[sender] = _Port(
                lambda answer, _: self._pass_on(self.down, answer, self._front, sender)
            )
            task = asyncio.get_running_loop().create_task(port.open())
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)
        delays = self._pass_on(self.up, packet, port, self._target)
        if self._watch is not None:
            self._watch(packet, delays)

    def _pass_on(
        self, impairment: Impairment, packet: bytes, port: "_Port", to: Address
    ) -> list[float]:
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        is_spared = Kind.of(packet) in self._spared
        delays = [0.0] if is_spared else impairment.delays(now_s)
        for delay_s in delays:
            if delay_s <= 0:
                port.send(packet, to)
            else:
                loop.call_at(now_s + delay_s, port.send, packet, to)
        return delays


class _Port(asyncio.DatagramProtocol):
    """A socket that keeps what is sent before it is open."""

    def __init__(self, on_packet: Callable[[bytes, Address], object]) -> None:
        self._on_packet = on_packet
        self._transport: asyncio.DatagramTransport | None = None
        self._waiting: list[tuple[bytes, Address]] = []

    @property
    def port(self) -> int:
        assert self._transport is not None
        port: int = self._transport.get_extra_info("sockname")[1]
        return port

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=(LOOPBACK, 0)
        )
        for packet, to in self._waiting:
            self._transport.sendto(packet, to)
        self._waiting.clear()

    def send(self, packet: bytes, to: Address) -> None:
        if self._transport is None:
            self._waiting.append((packet, to))
        elif not self._transport.is_closing():
            self._transport.sendto(packet, to)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._on_packet(data, addr)

    def error_received(self, exc: Exception) -> None:
        """A port that nobody listens at is a network that loses everything."""


def candidate_of(sdp: str) -> Address | None:
    """Return the address of the first UDP candidate for RTP over IPv4."""
    for line in sdp.splitlines():
        fields = line.split()
        if line.startswith("a=candidate:") and fields[1:3] == ["1", "udp"] and "." in fields[4]:
            return fields[4], int(fields[5])
    return None


def reached_at(sdp: str, address: Address) -> str:
    """Return a description that is reached at this address alone: its only candidate."""
    host, port = address
    lines = []
    for line in sdp.splitlines():
        if line.startswith("m="):
            media, _, *rest = line.split(" ")
            lines.append(" ".join((media, str(port), *rest)))
        elif line.startswith("c="):
            lines.append(f"c=IN IP4 {host}")
        elif line.startswith("a=ice-ufrag:"):
            lines += [f"a=candidate:1 1 udp 2130706431 {host} {port} typ host", line]
        elif not line.startswith(("a=candidate:", "a=rtcp:")):
            lines.append(line)
    return "\r\n".join(lines) + "\r\n"


async def serve(network: Network, seed: int, answers: TextIO, out: TextIO) -> None:
    """Route answers until there are no more, with a proxy for each, then write what was done."""
    proxies: list[UdpProxy] = []
    try:
        while line := await asyncio.to_thread(answers.readline):
            number = seed + 2 * len(proxies)
            up, down = Impairment(network, number), Impairment(network, number + 1)
            proxy = await UdpProxy(up, down).__aenter__()
            proxies.append(proxy)
            print(json.dumps(proxy.route(json.loads(line))), file=out, flush=True)
    finally:
        for proxy in proxies:
            proxy.close()
    done: Counter[str] = Counter()
    for proxy in proxies:
        done.update(asdict(proxy.up.counts))
    print(json.dumps(done), file=out, flush=True)


def main() -> None:
    """Read the network from the command line; answers come on stdin."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--loss", type=float, default=0.0, help="share of packets, 0 to 1")
    parser.add_argument("--burst", type=float, default=1.0, help="mean losses in a row")
    parser.add_argument("--delay-ms", type=float, default=0.0)
    parser.add_argument("--jitter-ms", type=float, default=0.0)
    parser.add_argument("--reordered", type=float, default=0.0, help="share of packets")
    parser.add_argument("--duplicated", type=float, default=0.0, help="share of packets")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    is_burst = given.burst > 1 and given.loss > 0
    network = Network(
        loss=0.0 if is_burst else given.loss,
        burst=Burst.of(given.loss, given.burst) if is_burst else None,
        delay_s=given.delay_ms / 1000,
        jitter_s=given.jitter_ms / 1000,
        reordered=given.reordered,
        duplicated=given.duplicated,
    )
    asyncio.run(serve(network, given.seed, sys.stdin, sys.stdout))


if __name__ == "__main__":
    main()
