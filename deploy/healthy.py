"""The container's health check: exit status 0 while this container's server answers.

It needs nothing but Python, and asks ``/healthz``: whether the server is alive. Whether it should
get new visitors is ``/readyz``, which the reverse proxy asks.
"""

import http.client
import os
import sys

TIMEOUT_S = 4.0
"""Below the time that the Dockerfile gives this program."""


def is_alive(host: str, port: int) -> bool:
    """Return whether the server there answers as one that is alive."""
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def own_host(listens_at: str) -> str:
    """Return where a server that listens at some address is met from beside it."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(listens_at, listens_at)


if __name__ == "__main__":
    host = own_host(os.environ.get("DAEDAM_HOST", "127.0.0.1"))
    sys.exit(not is_alive(host, int(os.environ.get("DAEDAM_PORT", "8000"))))
