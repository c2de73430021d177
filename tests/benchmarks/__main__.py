"""`make bench`: run every line (or those named), print them, write var/bench.json."""

import json
import os
import sys
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
out = Path(os.environ.get("BENCH_FILE", "var/bench.json"))
django.setup()

from django.db import connection  # noqa: E402
from django.test.utils import setup_test_environment  # noqa: E402

from tests.benchmarks import airtable, chat, office, photos, rollover, webhooks  # noqa: E402

LINES = {
    "b1": airtable.run,
    "b3": webhooks.run,
    "b4": chat.run,
    "b5": office.run,
    "b6": photos.run,
    "b7": rollover.run,
}


def main(wanted: list[str]) -> int:
    """Run the wanted lines (all by default); 1 when an aim was missed and BENCH_STRICT is set."""
    setup_test_environment()
    old = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        lines = [line for name, run in LINES.items() if name in (wanted or LINES) for line in run()]
    finally:
        connection.creation.destroy_test_db(old, verbosity=0)
    say = sys.stdout.write
    say(f"{'':<4} {'measure':<44} {'ours':>10} {'floor':>10} {'ratio':>7}  {'unit':<10} aim\n")
    for line in lines:
        say(line.as_text() + "\n")
    report = {"database": connection.vendor, "lines": [line.as_json() for line in lines]}
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(report, indent=2) + "\n")
    say(f"Written to {out}\n")
    return int(bool(os.environ.get("BENCH_STRICT")) and not all(line.met for line in lines))


if __name__ == "__main__":
    sys.exit(main([name.lower() for name in sys.argv[1:]]))
