"""No secret, no machine's path and no real telephone in anything that is committed."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# The shape of each service's own secrets; what is made up says so in its letters.
SHAPES = {
    "an AWS key": r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
    "an Airtable token": r"\bpat[A-Za-z0-9]{14}\.[a-f0-9]{64}\b",
    "a GoCardless token": r"\b(?:live|sandbox)_[A-Za-z0-9_-]{40}\b",
    "a Twilio account": r"\bAC[a-f0-9]{32}\b",
    "a Google key": r"\bAIza[A-Za-z0-9_-]{35}\b",
    "an OpenAI key": r"\bsk-(?:proj-)?[A-Za-z0-9_-]{32,}",
    "a GitHub token": r"\bgh[pousr]_[A-Za-z0-9]{36}\b",
    "a private key": r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----",
    "a Fernet key": r"(?<![\w+/=-])[A-Za-z0-9_-]{43}=(?![\w=])",
    "a home folder": r"/(?:home|Users)/[a-z][a-z0-9_-]+/",
    "a mobile that may be somebody's": r"(?<!\d)(?:\+44 ?7|07)(?!700 ?-?900)(?:\d[ -]?){9}(?!\d)",
}
MADE_UP = re.compile(r"(?i)sandbox|demo|tests?|example|abcdef|0123456789|1234|077 009|(.)\1{7}")


def committed() -> list[Path]:
    """Every text that is or is about to be committed."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        found = subprocess.run(listed, cwd=ROOT, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    names = found.stdout.decode().split("\0")
    paths = [ROOT / name for name in names if name and not name.endswith((".png", ".woff2"))]
    return [path for path in paths if path.is_file()]


def found_in(text: str) -> list[str]:
    """The kinds of secrets in a text."""
    return [
        f"{kind}: {hit[0][:12]}"
        for kind, shape in SHAPES.items()
        for hit in re.finditer(shape, text)
        if not MADE_UP.search(hit[0])
    ]


def test_the_scan_sees_each_kind():
    hexes, letters = "9f8e7d6c5b4a3210" * 4, "Qw3Er5Ty7Ui9Op1As2Df4Gh6Jk8Lz0Xc3Vb5Nm7"
    samples = [
        "AKIA" + letters[:16].upper(),
        f"pat{letters[:14]}.{hexes}",
        f"live_{letters}Q",
        f"AC{hexes[:32]}",
        f"AIza{letters[:35]}",
        f"sk-proj-{letters}",
        f"ghp_{letters[:36]}",
        "-----BEGIN " + "PRIVATE KEY-----",
        f"{letters}Qw3E=",
        "/home/" + "somebody/club",
        "0798" + "7 654321",
    ]
    assert [len(found_in(sample)) for sample in samples] == [1] * len(SHAPES)


def test_nothing_committed_holds_a_secret():
    wrong = {}
    for path in committed():
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        if path.name in ("requirements.txt", "test_secrets.py"):
            continue
        if hits := found_in(text):
            wrong[str(path.relative_to(ROOT))] = hits[:3]
    assert wrong == {}
