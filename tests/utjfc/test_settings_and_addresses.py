"""Settings from the environment, and addresses that people type by hand."""

import os
import subprocess
import sys

from django.conf import settings


def test_an_empty_database_url_means_the_file_in_the_folder(tmp_path):
    # A copied line of .env.example with nothing behind the sign.
    say = "from django.conf import settings; print(settings.DATABASES['default']['NAME'])"
    told = {
        "DJANGO_SETTINGS_MODULE": "utjfc.settings",
        "DATABASE_URL": "",
        "VAR_DIR": str(tmp_path),
        "ENV_FILE": os.devnull,
    }
    made = subprocess.run(  # noqa: S603
        [sys.executable, "-c", say],
        env={"PATH": os.environ["PATH"], **told},
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=True,
    )
    assert made.stdout.strip() == str(tmp_path / "club.sqlite3")


def test_admin_without_its_slash_leads_there(client):
    response = client.get("/admin")
    assert (response.status_code, response["Location"]) == (302, "/admin/")
    assert client.post("/admin").status_code == 405
