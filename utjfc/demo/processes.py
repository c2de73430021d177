"""Starts the demo's processes, and stops all of them: nothing of ours outlives the command."""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO

# A job may be in a call with a 10 s time-out; all must be gone within 20 s.
PATIENCE = 14.0
TAIL = 2000


class Failed(Exception):
    """The demo cannot start or go on; the message is for the person at the terminal."""


@dataclass
class Child:
    """One process, in a group of its own, so that Ctrl-C reaches it only through us."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def tail(self) -> str:
        """The end of what it wrote."""
        return self.log.read_text(errors="replace")[-TAIL:]

    def signal(self, number: int) -> None:
        """Tell the process itself; its own children are its business."""
        if self.process.poll() is None:
            self.process.send_signal(number)

    def sweep(self) -> None:
        """Kill whatever is left of its group."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return


class Family:
    """All processes of the demo."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._children: list[Child] = []
        self._stop = False
        # Started by make, we go when make goes; started otherwise, the starter may leave.
        self._parent = os.getppid() if "MAKELEVEL" in os.environ else None
        logs.mkdir(parents=True, exist_ok=True)

    def listen(self) -> None:
        """From now on Ctrl-C, TERM and a closed terminal end the demo in good order."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._asked_to_stop)  # under nohup a hang-up stays ignored

    def start(self, name: str, *command: str) -> None:
        """Start `python <command>`; what it says goes to a file of its own."""
        log = self._logs / f"{name}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(  # noqa: S603  our own commands
                [sys.executable, *command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._children.append(Child(name, process, log))

    def until(self, ready: Callable[[], bool], what: str, seconds: float) -> None:
        """Wait until `ready`; Failed when it takes too long, a process ends, or we must stop."""
        deadline = time.monotonic() + seconds
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise Failed(f"{what} did not answer within {seconds:.0f} seconds.")
            time.sleep(0.2)

    def check(self) -> None:
        """KeyboardInterrupt when asked to stop; Failed when a process has ended by itself."""
        if self._stop or self._parent not in (None, os.getppid()):
            raise KeyboardInterrupt
        for child in self._children:
            if child.process.poll() is not None:
                raise Failed(f"The {child.name} process ended:\n{child.tail()}")

    def watch(self) -> None:
        """Wait until asked to stop (KeyboardInterrupt) or until a process ends (Failed)."""
        while True:
            self.check()
            time.sleep(0.3)

    def stop(self) -> None:
        """End every process: asked first, killed if it does not listen."""
        for child in reversed(self._children):
            child.signal(signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE
        for child in self._children:
            try:
                child.process.wait(max(deadline - time.monotonic(), 0))
            except subprocess.TimeoutExpired:
                child.signal(signal.SIGKILL)
                child.process.wait()
            child.sweep()

    def _asked_to_stop(self, number: int, frame: FrameType | None) -> None:
        self._stop = True


def check_port(port: int, variable: str) -> None:
    """Failed, with what to do, when something listens on the port already."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise Failed(
                f"Port {port} is taken ({error.strerror}). Stop what uses it, "
                f"or choose another one: {variable}={port + 10} make run"
            ) from error


def lock(file: Path) -> IO[str]:
    """Hold the folder of this demo; Failed when another demo runs on it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    held = file.open("w")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        held.close()
        raise Failed(f"A demo runs on {file.parent} already: stop it first.") from error
    return held
