"""redis-server takes ``deploy/redis.conf`` as the compose file hands it over."""

from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import AuthenticationError

from tests.deploy.redis import RedisService
from tests.server.coturn import free_port

pytestmark = [pytest.mark.process, pytest.mark.redis]


@pytest.mark.parametrize("fsync", ["everysec", "always"])
def test_it_keeps_everything_and_lets_nobody_in_without_the_password(
    fsync: str, tmp_path: Path
) -> None:
    with RedisService(tmp_path / "redis", free_port(), fsync) as service:
        with service.client() as client:
            settings: Any = client.config_get()
            client.set("daedam:x", "y")
        assert settings["appendonly"] == "yes"
        assert settings["appendfsync"] == fsync
        assert settings["save"] == ""
        assert settings["maxmemory-policy"] == "noeviction"
        assert int(settings["maxmemory"]) == 1024**3
        with Redis.from_url(service.url.replace(service.password, "x")) as stranger:
            with pytest.raises(AuthenticationError):
                stranger.ping()
        # No password where every user of the machine can read it.
        assert service.password.encode() not in Path(f"/proc/{service.pid}/cmdline").read_bytes()
    log = service.log.read_text()
    assert "WARNING: Changing" not in log
    assert service.password not in log
