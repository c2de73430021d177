"""A club night: three hundred parents register within five minutes, and processes are killed.

Real processes and real clients: the demo's single machine, and PostgreSQL with Redis, two web
processes and two workers. Only with SOAK=1; PARENTS and SECONDS make it smaller. The figures are
printed.
"""

import contextlib
import json
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
import requests

from tests.journeys.first_light import PLAIN, picture
from tests.journeys.frontend import eventually

ROOT = Path(__file__).resolve().parents[2]
PARENTS = int(os.environ.get("PARENTS", "300"))
SECONDS = float(os.environ.get("SECONDS", "300"))
THINKING = 2.0
MOMENT = datetime(2026, 10, 5, 9, 0, tzinfo=UTC)
WEB = "--workers 1 --worker-class gthread --threads 8 --no-control-socket --bind"
GUNICORN = f"-m gunicorn utjfc.wsgi {WEB}".split()
CELERY = "-m celery -q -A utjfc worker -P threads -c 4 -l WARNING --without-mingle -n".split()
BEAT = "-m celery -q -A utjfc beat -l WARNING -s".split()
BUILD = "from utjfc.demo import club; club.build()"
CODES = (
    "import json; from registrations.models import Team; "
    "print(json.dumps([t.code_for_new_players for t in Team.objects.filter(season__code='2627')"
    " if t.state == 'open']))"
)
FOUND = """
import json
from registrations.models import Registration
rows = Registration.objects.filter(guardian__email__endswith="@night.example.org")
print(json.dumps({r.guardian.email: [
    r.player.full_name, r.guardian.full_name, r.player.dob.isoformat(), r.payment_day, r.kit_size,
    r.guardian.postcode,
    r.sms.filter(kind="payment_link", status__in=["sent", "delivered"]).count(),
    r.photos.filter(state="accepted", stored_at__isnull=False).count(),
    r.billing_requests.exclude(gocardless_id="").count(),
] for r in rows}))
"""
pytestmark = [
    pytest.mark.skipif(os.environ.get("SOAK") != "1", reason="takes minutes: SOAK=1"),
    pytest.mark.xdist_group("club night"),
]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Town:
    """The platform's processes by name, and how each is started again."""

    env: dict[str, str]
    var: Path
    webs: list[int]
    commands: dict[str, list[str]] = field(default_factory=dict)
    running: dict[str, subprocess.Popen] = field(default_factory=dict)

    def start(self, name: str) -> None:
        """Start it, in a process group of its own."""
        with (self.var / f"{name}.log").open("a") as said:
            self.running[name] = subprocess.Popen(
                [sys.executable, *self.commands[name]],
                cwd=ROOT, env=self.env, stdout=said, stderr=said, start_new_session=True,
            )  # fmt: skip

    def kill(self, name: str) -> None:
        """kill -9 of it and of all that it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.running[name].pid, signal.SIGKILL)
        self.running[name].wait(20)

    def ask(self, code: str) -> dict | list:
        """What the platform's own database says."""
        done = subprocess.run(
            [sys.executable, "manage.py", "shell", "-v", "0", "-c", code],
            cwd=ROOT, env=self.env, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return json.loads(done.stdout.strip().splitlines()[-1])

    def up(self) -> bool:
        """Whether every web process answers."""
        try:
            answers = [requests.get(f"http://127.0.0.1:{p}/livez", timeout=5) for p in self.webs]
        except requests.RequestException:
            return False
        return all(answer.ok for answer in answers)


@contextlib.contextmanager
def town(var: Path, kind: str) -> Iterator[Town]:
    """The platform on this machine, with the demo club in it."""
    webs = [free_port() for _ in range(2 if kind == "postgres" else 1)]
    ours = {k: v for k, v in os.environ.items() if k not in ("DJANGO_SETTINGS_MODULE", "REDIS_DB")}
    env = ours | {
        "ENVIRONMENT": "demo",
        "VAR_DIR": str(var),
        "ENV_FILE": str(var / "none"),
        "PORT": str(webs[0]),
        "SANDBOX_PORT": str(free_port()),
        "TRUSTED_PROXIES": "1",
    }
    name = f"night_{os.getpid()}"
    url = os.environ.get("DATABASE_URL", "")
    if kind == "postgres":
        with psycopg.connect(url, autocommit=True) as server:
            server.execute(f"DROP DATABASE IF EXISTS {name}")
            server.execute(f"CREATE DATABASE {name}")
        env |= {"DATABASE_URL": f"{url.rpartition('/')[0]}/{name}", "REDIS_DB": "12"}
    else:
        env = {k: v for k, v in env.items() if k not in ("DATABASE_URL", "REDIS_HOST")}
    real = datetime.now(UTC)  # noqa: TID251  the town's clock is set against the real one
    (var / "clock").write_text(str((MOMENT - real).total_seconds()))
    made = Town(env, var, webs)
    for work in (["migrate", "-v", "0"], ["collectstatic", "--noinput"], ["shell", "-c", BUILD]):
        subprocess.run([sys.executable, "manage.py", *work], cwd=ROOT, env=env, check=True)
    made.commands = {"sandbox": ["manage.py", "sandbox"], "beat": [*BEAT, str(var / "beat")]}
    for number, port in enumerate(webs):
        made.commands[f"web{number}"] = [*GUNICORN, f"127.0.0.1:{port}"]
        made.commands[f"worker{number}"] = [*CELERY, f"worker{number}"]
    try:
        for each in made.commands:
            made.start(each)
        eventually(made.up, "the platform", 120)
        yield made
    finally:
        for each in list(made.running):
            made.kill(each)
        if kind == "postgres":
            with psycopg.connect(url, autocommit=True) as server:
                server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@dataclass
class Night:
    """What was seen: the time of each turn, and the tries that got no answer."""

    times: list[float] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


class OnTheirPhone:
    """One parent at our own page, who presses again when nothing comes."""

    def __init__(self, town: Town, night: Night, number: int, code: str) -> None:
        self.town, self.night, self.number, self.code = town, night, number, code
        self.key, self.question, self.step = f"page-night-{os.getpid()}-{number}", "", 0
        self.headers = {"X-Forwarded-For": f"10.9.{number // 250}.{number % 250 + 1}"}
        letters = "abcdefghijklmnopqrst"
        self.word = "".join(letters[int(digit)] for digit in f"{number:04}").title()
        self.email = f"p{number}@night.example.org"

    def expected(self) -> list:
        """What the database must say of this family."""
        child, own = f"Sam {self.word}son", f"Anna {self.word}son"
        return [child, own, "2017-05-14", 15, "9/10", "M41 0ZZ", 1, 1, 1]

    def register(self, thinking: float) -> None:
        """The whole conversation and the photo."""
        given = PLAIN.answers | {
            1: f"Anna {self.word}son", 2: f"Sam {self.word}son", 9: self.email,
            8: f"07700 900{400 + self.number % 300}", 23: "07700 900399", 24: "kid@example.org",
        }  # fmt: skip
        left = {step: [v] if isinstance(v, str) else list(v) for step, v in given.items()}
        self._say(self.code)
        for _ in range(80):
            if self.step == 34:
                break
            time.sleep(thinking)
            answers = left[self.step]
            self._say(answers.pop(0) if len(answers) > 1 else answers[0])
        else:
            raise AssertionError(f"stuck at {self.step}")
        self._photo()

    def _say(self, text: str) -> None:
        body = {"user_message": text, "session_id": self.key, "page": True}
        reply = self._try("POST", "/chat", json=body | {"answering": self.question})
        self.question = reply["page"]["ask"]["name"]
        self.step = reply.get("routine_number") or self.step

    def _photo(self) -> None:
        for _ in range(5):
            file = {"file": ("sam.jpg", picture("JPEG"), "image/jpeg")}
            self._try("POST", "/upload-async", files=file, data={"session_id": self.key})
            for _ in range(200):
                time.sleep(2)
                seen = self._try("GET", f"/upload-status/{self.key}")
                if seen["complete"]:
                    break
            if seen.get("routine_number") == 35:
                return
        raise AssertionError("the photo was never taken")

    def _try(self, method: str, path: str, **given) -> dict:
        until = time.monotonic() + 120
        while True:
            web = random.choice(self.town.webs)  # noqa: S311
            started = time.monotonic()
            try:
                answer = requests.request(
                    method,
                    f"http://127.0.0.1:{web}{path}",
                    headers=self.headers,
                    timeout=60,
                    **given,
                )
                answer.raise_for_status()
            except requests.RequestException as error:
                self.night.lost.append(f"{path}: {error}")
                if time.monotonic() > until:
                    raise
                time.sleep(0.5)
                continue
            if path == "/chat":
                self.night.times.append(time.monotonic() - started)
            return answer.json()


def settled(town: Town, parents: list[OnTheirPhone]) -> None:
    """Wait until everything has been done outside, and compare every answer."""
    expected = {parent.email: parent.expected() for parent in parents}
    seen: dict = {}

    def same() -> bool:
        seen.update(town.ask(FOUND))
        return seen == expected

    try:
        eventually(same, "the queues", 600, every=5)
    except AssertionError:
        wrong = {k: (seen.get(k), v) for k, v in expected.items() if seen.get(k) != v}
        raise AssertionError(f"{len(wrong)} differ: {list(wrong.items())[:3]}") from None


def evening(town: Town, count: int, seconds: float, first: int) -> tuple[Night, list[OnTheirPhone]]:
    """So many parents, who arrive evenly; returns once the last one is done."""
    night, codes = Night(), town.ask(CODES)
    parents = [OnTheirPhone(town, night, first + n, codes[n % len(codes)]) for n in range(count)]
    gap = seconds / count

    def come(n: int) -> None:
        time.sleep(n * gap)
        parents[n].register(THINKING)

    with ThreadPoolExecutor(count) as pool:
        list(pool.map(come, range(count)))
    return night, parents


def _skip_without(kind: str) -> None:
    if (kind == "postgres") != bool(os.environ.get("DATABASE_URL")):
        pytest.skip("the other pass's")


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_three_hundred_parents_in_five_minutes(kind, tmp_path, capsys):
    _skip_without(kind)
    with town(tmp_path, kind) as here:
        quiet = Night()
        alone = [OnTheirPhone(here, quiet, 9000 + n, here.ask(CODES)[n]) for n in range(2)]
        for parent in alone:
            parent.register(0)
        night, parents = evening(here, PARENTS, SECONDS, 0)
        settled(here, parents + alone)
    idle, busy = statistics.median(quiet.times), statistics.median(night.times)
    slowest = sorted(night.times)[int(len(night.times) * 0.95)]
    with capsys.disabled():
        print(  # noqa: T201
            f"\nclub night on {kind}: {PARENTS} parents, {len(night.times)} turns; median idle "
            f"{idle * 1000:.0f} ms, busy {busy * 1000:.0f} ms ({busy / idle:.2f} times), 95 % "
            f"under {slowest * 1000:.0f} ms; {len(night.lost)} errors"
        )
    assert night.lost == []
    assert busy <= 3 * idle


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_killed_every_few_seconds_nothing_is_lost_or_repeated(kind, tmp_path, capsys):
    _skip_without(kind)
    over, kills = threading.Event(), []
    with town(tmp_path, kind) as here:
        victims = [name for name in here.commands if name != "sandbox"]

        def reap() -> None:
            while not over.wait(random.uniform(3, 8)):  # noqa: S311
                name = random.choice(victims)  # noqa: S311
                here.kill(name)
                here.start(name)
                kills.append(name)
                eventually(here.up, "what was killed", 120)

        reaper = threading.Thread(target=reap)
        reaper.start()
        try:
            night, parents = evening(here, max(PARENTS // 6, 5), SECONDS / 2, 0)
        finally:
            over.set()
            reaper.join()
        eventually(here.up, "the platform", 120)
        settled(here, parents)
        texts = requests.get(
            f"http://127.0.0.1:{here.env['SANDBOX_PORT']}/_sandbox/documents/twilio.messages",
            timeout=10,
        ).json()
    with capsys.disabled():
        print(  # noqa: T201
            f"\nkilled on {kind}: {len(kills)} kills, {len(parents)} parents, "
            f"{len(night.lost)} tries without an answer, nothing lost"
        )
    assert len(kills) >= 5
    assert texts
