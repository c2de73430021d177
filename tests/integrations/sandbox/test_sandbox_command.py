"""`manage.py sandbox` as a process."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).resolve().parents[3]


def _started(tmp_path, **environment: str) -> subprocess.Popen:
    given = {
        # pytest-django has put the tests' settings into the environment.
        "DJANGO_SETTINGS_MODULE": "utjfc.settings",
        "ENVIRONMENT": "test",
        "VAR_DIR": str(tmp_path),
        "SANDBOX_FILE": str(tmp_path / "sandbox.sqlite3"),
        "CLOCK_FILE": str(tmp_path / "clock"),
        **environment,
    }
    return subprocess.Popen(
        [sys.executable, "manage.py", "sandbox"],
        cwd=ROOT,
        env=os.environ | given,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_stopped_and_keeps_its_documents(tmp_path, stop):
    for expected in ([], [{"n": 1}]):
        process = _started(tmp_path, SANDBOX_PORT="0")
        url = process.stdout.readline().rsplit(" ", 1)[-1].strip()
        kept = requests.get(f"{url}/_sandbox/documents/things", timeout=5).json()
        assert kept == {"documents": expected}
        rows = {"documents": [["things", "a", {"n": 1}]]}
        requests.post(f"{url}/_sandbox/seed", json=rows, timeout=5)
        process.send_signal(stop)
        _, errors = process.communicate(timeout=90)
        assert (process.returncode, "Traceback" in errors) == (0, False)


def test_a_taken_port_is_said_plainly(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        process = _started(tmp_path, SANDBOX_PORT=port)
        _, errors = process.communicate(timeout=90)
    assert process.returncode == 1
    assert f"cannot listen on port {port}" in errors
    assert "Traceback" not in errors


def test_it_does_not_start_in_production(tmp_path):
    process = _started(
        tmp_path,
        ENVIRONMENT="production",
        SECRET_KEY="a-key-of-the-tests",
        FIELD_KEYS="a-key-of-the-tests",
        PUBLIC_URL="https://club.example",
    )
    _, errors = process.communicate(timeout=90)
    assert process.returncode == 1
    assert "does not start when ENVIRONMENT is production" in errors
