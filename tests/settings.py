"""The platform's settings as tests need them: nobody's .env, a folder per process, no network."""

import atexit
import os
import shutil
import tempfile

_folder = tempfile.mkdtemp(prefix="club-tests-")
atexit.register(shutil.rmtree, _folder, ignore_errors=True)
os.environ |= {"ENVIRONMENT": "test", "VAR_DIR": _folder, "ENV_FILE": f"{_folder}/none"}

# Each worker clears its cache before every test, so each has a Redis database of its own; the
# even ones are the journeys'.
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
os.environ["REDIS_DB"] = str(max(int(os.environ.get("REDIS_DB", "15")) - 2 * _worker, 1))

from utjfc.settings import *  # noqa: E402, F403
from utjfc.settings import DATABASES, STATIC_ROOT  # noqa: E402

STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # whitenoise warns of every missing folder

# `tests/run` migrates one database before the tests, and every worker begins with its copy: a file
# on SQLite, the name of a template on PostgreSQL.
TEMPLATE = os.environ.get("TEST_TEMPLATE", "")
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, so that threads and the live server lock each other out as they do in the demo.
    DATABASES["default"]["TEST"] = {"NAME": f"{_folder}/test.sqlite3"}
elif TEMPLATE:
    DATABASES["default"]["TEST"] = {"TEMPLATE": TEMPLATE}
