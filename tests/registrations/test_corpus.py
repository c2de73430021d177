"""Files that are no photos, or more than photos, and bodies that are more than messages.

Whatever comes in is taken or refused in words, in bounded memory, and never with a server error.
"""

import io
import json
import socket
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import pillow_heif
import pytest
from PIL import Image

from registrations import photos
from registrations.models import ChatMessage, Photo

MEGABYTE = 1024 * 1024


def saved(kind: str, size=(64, 48), **how) -> bytes:
    pillow_heif.register_heif_opener()
    out = io.BytesIO()
    Image.new("RGB", size, (40, 90, 160)).save(out, format=kind, **how)
    return out.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(kind + body))
    return struct.pack(">I", len(body)) + kind + body + check


def huge_png(side: int = 20_000) -> bytes:
    """A PNG that says it has 400 megapixels, in a few kilobytes."""
    row = b"\0" + bytes(side * 3)
    packer, packed = zlib.compressobj(9), []
    for _ in range(40):
        packed.append(packer.compress(row))
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    body = b"".join(packed) + packer.flush()
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def text_bomb() -> bytes:
    """A small PNG with a text of 200 MB, compressed."""
    text = b"Comment\0\0" + zlib.compress(b"\0" * 200 * MEGABYTE, 9)
    whole = saved("PNG")
    return whole[:33] + chunk(b"zTXt", text) + whole[33:]


def sequence() -> bytes:
    """A HEIC with several pictures, as a burst has."""
    pillow_heif.register_heif_opener()
    out = io.BytesIO()
    frames = [Image.new("RGB", (64, 48), (n * 40, 90, 160)) for n in range(4)]
    frames[0].save(out, format="HEIF", save_all=True, append_images=frames[1:])
    return out.getvalue()


def animated(kind: str) -> bytes:
    out = io.BytesIO()
    frames = [Image.new("RGB", (64, 48), (n * 40, 90, 160)) for n in range(4)]
    frames[0].save(out, format=kind, save_all=True, append_images=frames[1:])
    return out.getvalue()


JPEG = saved("JPEG")
HEIC = saved("HEIF")
REFUSED = {
    "400 megapixels": (huge_png(), "too_many_pixels"),
    "text bomb": (text_bomb(), "not_a_photo"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>", "not_a_photo"),
    "svg with an xml head": (b"<?xml version='1.0'?><svg/>", "not_a_photo"),
    "html": (b"<html><script>x()</script></html>", "not_a_photo"),
    "exe": (b"MZ\x90\x00" + bytes(800), "not_a_photo"),
    "elf": (b"\x7fELF\x02\x01\x01" + bytes(800), "not_a_photo"),
    "zip": (b"PK\x03\x04" + bytes(800), "not_a_photo"),
    "pdf": (b"%PDF-1.7\n" + bytes(800), "not_a_photo"),
    "gif": (animated("GIF"), "not_a_photo"),
    "tiff": (saved("TIFF"), "not_a_photo"),
    "bmp": (saved("BMP"), "not_a_photo"),
    "a jpeg's head alone": (JPEG[:20], "not_a_photo"),
    "half a jpeg": (saved("JPEG", (800, 600))[:-2000], "damaged"),
    "half a heic": (HEIC[: len(HEIC) // 2], "not_a_photo"),
    "a png of nothing": (b"\x89PNG\r\n\x1a\n", "not_a_photo"),
    "a png with a broken check": (saved("PNG").replace(b"IDAT", b"IDAX"), "not_a_photo"),
    "noise": (bytes(range(256)) * 40, "not_a_photo"),
    "eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n(x) run\n", "not_a_photo"),
}
TAKEN = {
    "a jpeg with a zip behind it": JPEG + b"PK\x03\x04" + bytes(500),
    "a jpeg with a script in its comment": saved(
        "JPEG", comment=b"<script>x()</script><?php x() ?>"
    ),
    "a jpeg called exe": JPEG,
    "a burst": sequence(),
    "an animated png": animated("PNG"),
    "an animated webp": animated("WEBP"),
    "one pixel": saved("PNG", (1, 1)),
    "a ribbon": saved("PNG", (12_000, 3)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_photo_is_refused_with_its_reason(name):
    raw, reason = REFUSED[name]
    with pytest.raises(photos.Unreadable) as refusal:
        photos.clean(raw)
    assert refusal.value.reason == reason


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_a_photo_and_more_comes_out_as_the_photo_alone(name):
    clean = photos.clean(TAKEN[name])
    out = Image.open(io.BytesIO(clean.jpeg))
    assert (out.format, getattr(out, "n_frames", 1)) == ("JPEG", 1)
    assert max(out.size) <= photos.MAX_SIDE
    for foreign in (b"<script", b"<?php", b"PK\x03\x04"):
        assert foreign not in clean.jpeg


MEASURE = """
import resource, sys
from pathlib import Path
from registrations import photos
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for file in sorted(Path(sys.argv[1]).iterdir()):
    try:
        photos.clean(file.read_bytes())
    except photos.Unreadable:
        pass
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def test_the_whole_corpus_takes_little_memory(tmp_path):
    for number, raw in enumerate([raw for raw, _ in REFUSED.values()] + list(TAKEN.values())):
        (tmp_path / f"{number:02}").write_bytes(raw)
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(tmp_path)], cwd=root, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout) < 150  # megabytes


DEEP = "[" * 200_000 + "]" * 200_000
BODIES = {
    "fifty megabytes": b'{"user_message": "' + b"a" * (50 * MEGABYTE) + b'"}',
    "deep": DEEP.encode(),
    "deep in a field": b'{"session_id": "s-1", "user_message": ' + DEEP.encode() + b"}",
    "not utf-8": b'{"session_id": "s-1", "user_message": "\xff\xfe\xc3("}',
    "utf-16": '{"session_id": "s-1", "user_message": ""}'.encode("utf-16"),
    "endless number": b'{"session_id": "s-1", "user_message": ' + b"9" * 100_000 + b"}",
    "not a number": b'{"session_id": "s-1", "user_message": NaN}',
    "a list": b"[1, 2]",
    "nothing": b"",
    "nul": b"\x00" * 100,
    "ten thousand": json.dumps({"session_id": "s-1", "user_message": "a" * 10_000}).encode(),
}

NAMES_A_SESSION = {"ten thousand", "utf-16", "not a number"}


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("door", ["/chat", "/chat/session", "/clear"])
def test_a_body_that_is_none_is_refused_in_words(lions, client, door, name):
    answer = client.post(door, BODIES[name], content_type="application/json")
    if name in NAMES_A_SESSION and door != "/chat":
        assert answer.status_code == 200  # the message is not read there
        return
    assert answer.status_code in (400, 413), answer.content[:200]
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert len(answer.content) < 200
    assert ChatMessage.objects.count() == 0


@pytest.mark.parametrize("door", ["/upload", "/upload-async", "/webhooks/gocardless"])
def test_fifty_megabytes_are_refused_at_every_other_door(lions, client, door):
    kind = "application/json" if "webhooks" in door else "multipart/form-data; boundary=x"
    answer = client.post(door, b"a" * (50 * MEGABYTE), content_type=kind)
    assert 400 <= answer.status_code < 500
    assert Photo.objects.count() == 0


def test_nul_and_broken_characters_in_a_message_lose_nothing(parent):
    parent.walk(1)
    assert "letters" in parent.say("Anna Ashworth\ud800")
    parent.say("Anna\x00 Ashworth\x00")
    assert parent.draft.answers["parent_name"] == ["Anna", "Ashworth"]


def test_a_guessed_or_shared_key_opens_nothing_that_was_not_typed_under_it(parent, client):
    """A key is 128 bits of chance; whoever has none of them sees a new chat."""
    parent.walk(10)
    stranger = json.dumps({"session_id": parent.session_id[:-1] + "x"})
    body = client.post("/chat/session", stranger, content_type="application/json").json()
    assert "Ashworth" not in json.dumps(body)
    assert "900123" not in json.dumps(body)


@pytest.mark.django_db(transaction=True)
def test_slow_clients_hold_nobody_up(live_server):
    """Twenty who send a header and then nothing, while others are answered."""
    host, port = live_server.url.removeprefix("http://").split(":")
    slow = []
    for _ in range(20):
        line = socket.create_connection((host, int(port)), timeout=5)
        line.sendall(b"POST /chat HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{")
        slow.append(line)
    started = time.monotonic()
    with socket.create_connection((host, int(port)), timeout=20) as quick:
        quick.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert quick.recv(100).startswith(b"HTTP/1.1 200")
    assert time.monotonic() - started < 20
    for line in slow:
        line.close()
