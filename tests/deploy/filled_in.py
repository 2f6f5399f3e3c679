"""What an operator writes into ``.env``."""

FILLED_IN = {
    "DAEDAM_PUBLIC_URL": "https://interview.example",
    "DAEDAM_ANNOUNCED_ADDRESS": "192.0.2.7",
    "PROXY_TLS": "internal",
    "DAEDAM_SECRET": "s" * 48,
    "REDIS_PASSWORD": "r" * 48,
    "DAEDAM_TURN_SECRET": "t" * 48,
    "DAEDAM_METRICS_TOKEN": "m" * 48,
    "GRAFANA_PASSWORD": "g" * 48,
}
