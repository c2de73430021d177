"""The demo's processes: all are stopped, and one that dies is not overlooked."""

import os
import time

import pytest

from utjfc.demo import processes
from utjfc.demo.processes import Failed, Family

READY = "open('ready', 'w').close()"
STUBBORN = (
    f"import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); {READY}; time.sleep(60)"
)
WILLING = f"import time; {READY}; time.sleep(60)"


@pytest.fixture
def family(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    family = Family(tmp_path / "log")
    yield family
    family.stop()


def _started(family: Family, tmp_path, program: str):
    family.start("child", "-c", program)
    family.until((tmp_path / "ready").exists, "The child", 20)
    return family._children[0].process


def _gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_willing_process_is_stopped_at_once(family, tmp_path):
    process = _started(family, tmp_path, WILLING)
    start = time.monotonic()
    family.stop()
    assert time.monotonic() - start < processes.PATIENCE
    assert _gone(process.pid)


def test_a_process_that_does_not_listen_is_killed(family, tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "PATIENCE", 0.3)
    process = _started(family, tmp_path, STUBBORN)
    family.stop()
    assert _gone(process.pid)


def test_patience_leaves_room_within_the_twenty_seconds():
    assert processes.PATIENCE < 18


def test_what_a_process_left_behind_is_swept(family, tmp_path):
    leaves = f"import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', {WILLING!r}]); "
    leaves += "open('pid', 'w').write(str(p.pid)); p.wait()"
    _started(family, tmp_path, leaves)
    orphan = int((tmp_path / "pid").read_text())
    family.stop()
    deadline = time.monotonic() + 60
    while not _zombie_or_gone(orphan):
        assert time.monotonic() < deadline


def _zombie_or_gone(pid: int) -> bool:
    """Killed, though nobody may have collected it yet."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_a_process_that_ends_by_itself_is_reported_with_its_last_words(family):
    family.start("web", "-c", "import sys; sys.exit('the port is gone')")
    with pytest.raises(Failed, match="The web process ended:\nthe port is gone"):
        family.until(lambda: False, "The web server", 20)


def test_what_never_answers_is_given_up(family, tmp_path):
    _started(family, tmp_path, WILLING)
    with pytest.raises(Failed, match="The worker did not answer within 0 seconds"):
        family.until(lambda: False, "The worker", 0.3)
