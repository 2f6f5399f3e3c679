"""The whole way between pages and their server through a tunnel: at times nothing passes it.

python -m bench.tunnel http://127.0.0.1:9000

reads one JSON text a line and answers each with one: ``null`` with the address at which pages reach
the server through the tunnel, an SDP answer with one that leads through it, and ``true`` or
``false``, whether it is cut from now on, with itself. It ends with its input.

While it is cut, datagrams are lost, and so is whatever is sent over TCP until it is open again:
connections hang, as they do on a train, and nobody is told.
"""

import argparse
import asyncio
import contextlib
import json
import sys
from types import TracebackType
from typing import Final, Self, TextIO
from urllib.parse import urlsplit

from bench.impairment import Impairment, Network
from bench.udp_proxy import LOOPBACK, Address, UdpProxy

_CHUNK: Final = 64 * 1024


class _Darkness(Impairment):
    """A network that loses everything while its tunnel is cut."""

    def __init__(self, tunnel: "Tunnel", network: Network, seed: int) -> None:
        super().__init__(network, seed)
        self._tunnel = tunnel

    def is_black(self, now_s: float) -> bool:
        return self._tunnel.is_cut or super().is_black(now_s)


class Tunnel:
    """A port of 127.0.0.1 that leads to a server over TCP, and datagrams' ways beside it."""

    def __init__(self, server: Address, network: Network | None = None, seed: int = 0) -> None:
        """Prepare; entering opens it.

        Args:
            server: where it leads to.
            network: what datagrams meet while it is open.
            seed: decides about them.
        """
        self._server = server
        self._network = network or Network()
        self._seed = seed
        self._proxies: list[UdpProxy] = []
        self._passing: set[asyncio.Task[None]] = set()
        self._is_open = asyncio.Event()
        self._is_open.set()
        self._door: asyncio.Server

    async def __aenter__(self) -> Self:
        self._door = await asyncio.start_server(self._let_in, LOOPBACK, 0)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for proxy in self._proxies:
            proxy.close()
        self._door.close()
        for task in self._passing:
            task.cancel()
        await asyncio.gather(*self._passing, return_exceptions=True)

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self._door.sockets[0].getsockname()[1]}"

    @property
    def is_cut(self) -> bool:
        return not self._is_open.is_set()

    def cut(self) -> None:
        """Let nothing pass from now on."""
        self._is_open.clear()

    def open(self) -> None:
        """Let everything pass again."""
        self._is_open.set()

    async def route(self, answer: str) -> str:
        """Return an SDP answer that leads through the tunnel, by a way of its own.

        Raises:
            ValueError: it has no UDP candidate.
        """
        seed = self._seed + 2 * len(self._proxies)
        up, down = (_Darkness(self, self._network, seed + i) for i in range(2))
        proxy = await UdpProxy(up, down).__aenter__()
        self._proxies.append(proxy)
        return proxy.route(answer)

    async def _let_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._passing.add(task)
        try:
            await self._is_open.wait()
            there, back = await asyncio.open_connection(*self._server)
            await asyncio.gather(self._pass_on(reader, back), self._pass_on(there, writer))
        except OSError:
            writer.close()
        except asyncio.CancelledError:
            pass  # The tunnel is filled in; a stream's own callback would report a cancelled task.
        finally:
            self._passing.discard(task)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError), contextlib.closing(writer):
            while piece := await reader.read(_CHUNK):
                await self._is_open.wait()
                writer.write(piece)
                await writer.drain()


async def serve(server: Address, asked: TextIO, out: TextIO) -> None:
    """Answer what is asked, line by line, until there is no more."""
    async with Tunnel(server) as tunnel:
        while line := await asyncio.to_thread(asked.readline):
            match json.loads(line):
                case None:
                    answer: object = tunnel.url
                case bool() as is_cut:
                    (tunnel.cut if is_cut else tunnel.open)()
                    answer = is_cut
                case str() as sdp:
                    answer = await tunnel.route(sdp)
                case other:
                    raise ValueError(f"not a question: {other}")
            print(json.dumps(answer), file=out, flush=True)


def main() -> None:
    """Read where the server is from the command line; questions come on stdin."""
    what, _, protocol = __doc__.partition("\n\n")
    parser = argparse.ArgumentParser(
        prog="python -m bench.tunnel",
        description=what,
        epilog=protocol,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("server", help="its address, as it prints it")
    url = urlsplit(parser.parse_args().server)
    assert url.hostname is not None
    asyncio.run(serve((url.hostname, url.port or 80), sys.stdin, sys.stdout))


if __name__ == "__main__":
    main()
