"""What the load tool's server, clients and machine have used, and the columns made of it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from bench.load.clients import Clients, Counts
from bench.results import Cell
from bench.scrape import Scrape, scrape
from bench.serving import Server, machine_cpu_s

_WORDS_LOST = ("overloaded", "late", "engine_failed", "not_kept")
_INTERIMS_LOST = ("stale_interim", "refused_interim")


@dataclass(frozen=True, slots=True)
class Usage:
    """What had been used at one moment: CPU seconds, the server's metrics, the clients' counts."""

    at_s: float
    own_cpu_s: float
    machine_cpu_s: float
    cpu_s: Mapping[str, float]
    metrics: Scrape
    counts: Counts

    @classmethod
    async def now(cls, server: Server, http: aiohttp.ClientSession, every: Clients) -> "Usage":
        metrics = await scrape(http)
        if server.pid:
            cpu_s = server.cpu_s()
        else:  # Another machine's: what it tells; its models' time without their processes' own.
            cpu_s = {
                "server": metrics.total("process_cpu_seconds_total") or 0.0,
                "workers": metrics.total("daedam_model_cpu_seconds_total") or 0.0,
            }
        counts = await every.counts()
        return cls(time.monotonic(), time.process_time(), machine_cpu_s(), cpu_s, metrics, counts)


def packets(before: Usage, after: Usage) -> dict[str, Cell]:
    """Compare what was sent with the server's receiver reports and with its metrics."""
    clients = after.counts.by_client.values()
    sent = sum(one.sent for one in clients)
    missing = [one.sent if one.missing is None else one.missing for one in clients]
    counted = after.metrics.since(before.metrics).total("daedam_media_packets_total", "received")
    return {
        "packets_sent": sent,
        "packets_unreported": sum(missing),
        "packets_uncounted": None if counted is None else sent - round(counted),
        "packets_back": sum(one.heard for one in clients),
        "deaf": sum(not one.heard for one in clients),
    }


def drops(before: Usage, after: Usage) -> dict[str, Cell]:
    added = after.metrics.since(before.metrics)
    return {
        "words_lost": round(added.total("daedam_drops_total", *_WORDS_LOST) or 0),
        "interims_lost": round(added.total("daedam_drops_total", *_INTERIMS_LOST) or 0),
    }


def cpu(before: Usage, after: Usage) -> dict[str, Cell]:
    """Return per cents of a core, and how late the event loop and the clients were."""
    took_s = after.at_s - before.at_s
    metrics = after.metrics.since(before.metrics)

    def percent(cpu_s: float) -> float:
        return round(100 * cpu_s / took_s, 1)

    own = {name: after.cpu_s[name] - before.cpu_s[name] for name in after.cpu_s}
    own["clients"] = after.counts.cpu_s - before.counts.cpu_s
    own["this"] = after.own_cpu_s - before.own_cpu_s
    machine = after.machine_cpu_s - before.machine_cpu_s
    return {
        **{f"cpu_{name}": percent(spent_s) for name, spent_s in own.items()},
        "cpu_others": max(0.0, percent(machine - sum(own.values()))),
        "loop_p50_ms": _ms(metrics.quantile("daedam_loop_lag_seconds", 0.5)),
        "loop_p99_ms": _ms(metrics.quantile("daedam_loop_lag_seconds", 0.99)),
        "client_latest_ms": round(after.counts.latest_ms, 1),
        "client_late": after.counts.late,
    }


def memory(server: Server, now: Usage) -> dict[str, Cell]:
    """Return megabytes; pages that model processes share are counted for each."""
    own = now.metrics.total("process_resident_memory_bytes")
    return {
        "rss_server_mb": None if own is None else round(own / 1e6, 1),
        "rss_workers_mb": _workers_mb(server) if server.pid else None,
        "rss_clients_mb": round(now.counts.rss_bytes / 1e6, 1),
    }


def _workers_mb(server: Server) -> float:
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text("ascii").split()
    statuses = [Path(f"/proc/{pid}/status").read_text() for pid in children]
    sizes = [int(status.partition("VmRSS:")[2].split()[0]) for status in statuses]
    return round(sum(sizes) * 1024 / 1e6, 1)


def _ms(value_s: float | None) -> float | None:
    return None if value_s is None else round(1000 * value_s, 1)
