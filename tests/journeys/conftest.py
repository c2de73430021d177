"""The whole platform as `make run` starts it, on free ports, with a clock that is set."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from tests.journeys.frontend import eventually

ROOT = Path(__file__).resolve().parents[2]
# A Monday morning in the season 2026-27, after its first month has begun.
MOMENT = datetime(2026, 10, 5, 9, 0, tzinfo=UTC)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def _database() -> Iterator[dict[str, str]]:
    """A database of its own where this run is on PostgreSQL; none where it is on SQLite."""
    url = os.environ.get("DATABASE_URL", "")
    if not url:
        yield {}
        return
    name = f"first_light_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {name}")
        server.execute(f"CREATE DATABASE {name}")
    try:
        yield {"DATABASE_URL": f"{url.rpartition('/')[0]}/{name}", "REDIS_DB": "14"}
    finally:
        with psycopg.connect(url, autocommit=True) as server:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict]:
    """What demo.json says of a running demo; afterwards it must stop in time, leaving nothing."""
    var = tmp_path_factory.mktemp("demo")
    real = datetime.now(UTC)  # noqa: TID251  the demo's clock is set against the real one
    (var / "clock").write_text(str((MOMENT - real).total_seconds()))
    settings = {"ENVIRONMENT": "demo", "VAR_DIR": str(var), "ENV_FILE": str(var / "none")}
    ports = {name: str(_free_port()) for name in ("PORT", "SANDBOX_PORT", "MCP_PORT")}
    with _database() as database, (var / "said").open("w") as said:
        ours = {k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"}
        env = {**ours, **settings, **ports, **database}
        demo = subprocess.Popen(
            [sys.executable, "manage.py", "demo"], cwd=ROOT, env=env, stdout=said, stderr=said
        )
        try:
            file = var / "demo.json"
            eventually(lambda: file.exists() or demo.poll() is not None, "the demo", 600)
            assert file.exists(), (var / "said").read_text()
            yield json.loads(file.read_text())
        finally:
            demo.send_signal(signal.SIGTERM)
            demo.wait(timeout=20)
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", int(ports["PORT"]))) != 0
