"""`make run`: the whole platform on one machine, with a demo club and a sandbox outside."""

from http.client import HTTPConnection, HTTPException
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from utjfc.celery import app
from utjfc.demo import announcement, club, staff
from utjfc.demo.processes import Failed, Family, check_port, lock

GUNICORN = (
    "-m gunicorn utjfc.wsgi --workers 1 --worker-class gthread --threads 8 --no-control-socket "
    "--graceful-timeout 5 --timeout 60 --log-level warning --bind"
).split()
CELERY = (
    "-m celery -q -A utjfc worker -B -P threads -c 4 -l WARNING "
    "--without-gossip --without-mingle --without-heartbeat -s"
).split()
# Seconds in which a process must answer; one that ends by itself is noticed at once.
STARTS = 180.0


class Command(BaseCommand):
    """Prepares, starts, waits until all answer, says where they are, stays until stopped."""

    help = "Run the demo: web, worker, sandbox and the agents' door, with demo data."

    def handle(self, *args: Any, **options: Any) -> None:
        """Everything that can be refused is refused before anything is started."""
        if not settings.DEMO:
            raise CommandError(
                f"make run starts the demo only, and ENVIRONMENT is {settings.ENVIRONMENT}. "
                "README.md says how to run in production."
            )
        try:
            with lock(settings.VAR_DIR / "demo.lock"):
                check_port(settings.PORT, "PORT")
                check_port(settings.SANDBOX_PORT, "SANDBOX_PORT")
                check_port(settings.MCP_PORT, "MCP_PORT")
                self._run()
        except Failed as error:
            raise CommandError(str(error)) from error

    def _run(self) -> None:
        family = Family(settings.VAR_DIR / "log")
        family.listen()
        file = settings.VAR_DIR / "demo.json"
        file.unlink(missing_ok=True)
        try:
            self._prepare()
            family.check()
            said = announcement.contents(club.codes(), staff.agents_token())
            connections.close_all()
            self._start(family)
            announcement.write(file, said)
            self._say(announcement.words(said))
            family.watch()
        except KeyboardInterrupt:
            self._say("Stopping ...")
        finally:
            file.unlink(missing_ok=True)
            family.stop()

    def _prepare(self) -> None:
        self._say("Preparing the database and the pages ...")
        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        if club.build():
            self._say("Made the demo club.")

    def _start(self, family: Family) -> None:
        """The sandbox first: the others call it as soon as they run."""
        family.start("sandbox", "manage.py", "sandbox")
        family.start("web", *GUNICORN, f"127.0.0.1:{settings.PORT}")
        family.start("worker", *CELERY, str(settings.VAR_DIR / "beat"))
        family.start("mcp", "manage.py", "mcp_server")
        self._say("Starting the sandbox, the web server, the worker and the agents' door ...")
        family.until(lambda: _answers(settings.SANDBOX_PORT, "/"), "The sandbox", STARTS)
        family.until(lambda: _answers(settings.PORT, "/livez"), "The web server", STARTS)
        family.until(_worker_answers, "The worker", STARTS)
        family.until(lambda: _answers(settings.MCP_PORT, "/health"), "The agents' door", STARTS)
        app.send_task("integrations.beat")  # so that health pages know at once

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


def _answers(port: int, path: str) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _worker_answers() -> bool:
    return bool(app.control.ping(timeout=1))
