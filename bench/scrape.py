"""A server's /metrics, read at two moments and compared."""

from collections.abc import Iterator
from dataclasses import dataclass

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

Labels = frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Scrape:
    """Every sample of one moment, or what was added between two."""

    samples: dict[str, dict[Labels, float]]

    @classmethod
    def of(cls, text: str) -> "Scrape":
        found: dict[str, dict[Labels, float]] = {}
        for family in text_string_to_metric_families(text):
            for one in family.samples:
                found.setdefault(one.name, {})[frozenset(one.labels.items())] = one.value
        return cls(found)

    def since(self, before: "Scrape") -> "Scrape":
        """Return what was added since ``before``."""
        return Scrape(
            {
                name: {
                    labels: value - before.samples.get(name, {}).get(labels, 0.0)
                    for labels, value in series.items()
                }
                for name, series in self.samples.items()
            }
        )

    def total(self, name: str, *values: str) -> float | None:
        """Return the sum of the series of ``name`` that have one of ``values`` as a label.

        Without values: of all series. None: the server has no such metric.
        """
        if name not in self.samples:
            return None
        return sum(
            value
            for labels, value in self.samples[name].items()
            if not values or any(label in values for _, label in labels)
        )

    def quantile(self, name: str, share: float) -> float | None:
        """Return a quantile of a histogram, straight between its limits as Prometheus does."""
        buckets = sorted(self._buckets(f"{name}_bucket"))
        if not buckets or not buckets[-1][1]:
            return None
        wanted = share * buckets[-1][1]
        low, below = 0.0, 0.0
        for limit, count in buckets:
            if count >= wanted:
                if limit == float("inf"):
                    return low
                return low + (limit - low) * (wanted - below) / max(count - below, 1e-9)
            low, below = limit, count
        return low

    def _buckets(self, name: str) -> Iterator[tuple[float, float]]:
        for labels, count in self.samples.get(name, {}).items():
            yield float(dict(labels)["le"]), count


async def scrape(http: aiohttp.ClientSession) -> Scrape:
    """Read /metrics of the server that ``http`` is for."""
    async with http.get("/metrics") as response:
        response.raise_for_status()
        return Scrape.of(await response.text())
