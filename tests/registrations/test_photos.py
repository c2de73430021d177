"""Photos: what is taken, what is refused, and what the frontend is told (domain 3.4, 3.5, 7)."""

import io
from datetime import timedelta

import pillow_heif
import pytest
from django.core.files.storage import storages
from PIL import Image

from integrations import clock, storage
from integrations.errors import Unavailable
from integrations.sandbox import faults
from registrations import photos
from registrations.actions import photo_advice
from registrations.actions import photos as actions
from registrations.models import ModelCall, Photo, PhotoAdvice, PhotoBytes


def picture(kind: str, size=(800, 600), exif: Image.Exif | None = None, mode="RGB") -> bytes:
    pillow_heif.register_heif_opener()
    out = io.BytesIO()
    extra = {"exif": exif} if exif else {}
    Image.new(mode, size, 90 if mode == "L" else (40, 90, 160)[: len(mode)]).save(
        out, format=kind, **extra
    )
    return out.getvalue()


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    """Photos of this test go into a folder of its own."""
    settings.STORAGES = {
        **settings.STORAGES,
        "photos": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "photos")},
        },
    }


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_every_kind_of_photo_becomes_a_jpeg_in_storage(parent, kind):
    parent.walk(34)
    body = parent.upload(picture(kind), "me.bin", "application/octet-stream")
    assert body["processing"] is True
    assert body["session_id"] == parent.session_id
    assert "Processing" in body["response"]
    assert parent.poll()["complete"] is False
    actions.process_due()
    ended = parent.poll()
    assert (ended["complete"], ended["error"], ended["routine_number"]) == (True, False, 35)
    assert "900123" not in ended["response"]
    actions.process_due()
    photo = Photo.objects.get()
    assert photo.stored_at is not None
    assert photo.key == f"2627/{parent.registration.sync_id}/{photo.uuid}.jpg"
    with storages["photos"].open(photo.storage_key) as file:
        stored = Image.open(file)
        assert (stored.format, stored.size) == ("JPEG", (800, 600))
    assert PhotoBytes.objects.count() == 0
    assert parent.registration.completed_at is not None
    assert parent.say("thanks") and parent.step == 35


def bomb() -> bytes:
    out = io.BytesIO()
    Image.new("1", (9_000, 9_000)).save(out, format="PNG")
    return out.getvalue()


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"MZ\x90\x00" + b"\x00" * 500, "not_a_photo"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not_a_photo"),
        (b"%PDF-1.4", "not_a_photo"),
        (b"GIF89a" + b"\x01" * 50, "not_a_photo"),
        (picture("JPEG")[:-2000], "damaged"),
        (picture("PNG")[:300], "damaged"),
        (bomb(), "too_many_pixels"),
    ],
    ids=["exe", "svg", "pdf", "gif", "cut jpeg", "cut png", "bomb"],
)
def test_what_is_no_photo_is_refused_with_the_reason(parent, raw, reason):
    parent.walk(34)
    parent.upload(raw)
    actions.process_due()
    ended = parent.poll()
    assert (ended["complete"], ended["error"], ended["routine_number"]) == (True, True, 34)
    assert ended["response"]
    assert Photo.objects.get().refusal == reason
    assert PhotoBytes.objects.count() == 0
    parent.upload(picture("JPEG"))
    actions.process_due()
    assert parent.poll()["routine_number"] == 35


def test_a_bad_file_after_a_good_photo_takes_nothing_away(parent):
    parent.walk(34)
    parent.upload(picture("JPEG"))
    actions.process_due()
    assert parent.poll()["routine_number"] == 35
    parent.upload(b"%PDF-1.4")
    actions.process_due()
    ended = parent.poll()
    assert (ended["complete"], ended["error"], ended["routine_number"]) == (True, True, 35)
    assert "sent before is safe" in ended["response"]
    assert parent.registration.photos.filter(state="accepted").count() == 1


@pytest.mark.parametrize(("size", "words"), [(0, "empty"), (10 * 1024 * 1024 + 1, "10 MB")])
def test_the_size_is_judged_at_once(parent, size, words):
    parent.walk(34)
    body = parent.upload(b"\xff" * size)
    assert "processing" not in body
    assert words in body["response"]
    assert Photo.objects.count() == 0


def test_a_photo_is_turned_shrunk_and_stripped():
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "Maker"
    clean = photos.clean(picture("JPEG", (4000, 2000), exif))
    out = Image.open(io.BytesIO(clean.jpeg))
    assert (clean.width, clean.height) == out.size == (800, 1600)
    assert dict(out.getexif()) == {}


@pytest.mark.parametrize("mode", ["RGBA", "LA", "L", "P", "1", "I;16"])
def test_every_colour_mode_becomes_plain_colour(mode):
    out = io.BytesIO()
    Image.new(mode, (60, 40)).save(out, format="PNG")
    assert Image.open(io.BytesIO(photos.clean(out.getvalue()).jpeg)).mode == "RGB"


def test_the_last_upload_wins(parent):
    parent.walk(34)
    parent.upload(b"not a photo")
    parent.upload(picture("JPEG"))
    actions.process_due()
    assert Photo.objects.filter(state="accepted").count() == 1
    assert parent.poll()["routine_number"] == 35


def test_a_photo_nobody_looked_at_ends_in_error_after_five_minutes(parent, move_clock):
    parent.walk(34)
    parent.upload(picture("JPEG"))
    move_clock(timedelta(minutes=6))
    ended = parent.poll()
    assert (ended["complete"], ended["error"], ended["routine_number"]) == (True, True, 34)


def test_a_photo_is_accepted_while_storage_is_away_and_moved_later(parent, monkeypatch, move_clock):
    parent.walk(34)
    parent.upload(picture("JPEG"))

    def away(*args):
        raise Unavailable("s3", "away")

    with monkeypatch.context() as patch:
        patch.setattr(storage, "put", away)
        actions.process_due()
        actions.process_due()
    assert parent.poll()["routine_number"] == 35
    photo = Photo.objects.get()
    assert photo.stored_at is None
    assert PhotoBytes.objects.count() == 1
    move_clock(timedelta(minutes=1))
    actions.process_due()
    photo.refresh_from_db()
    assert photo.stored_at is not None


def test_a_missing_file_or_session_is_said_in_plain_text(parent):
    assert parent.client.post("/upload-async", {"session_id": "abc"}).status_code == 400
    assert parent.client.post("/upload-async", {}).status_code == 400
    answer = parent.client.post("/upload-async", b"junk", content_type="multipart/form-data")
    assert answer.status_code == 400
    assert answer.headers["Content-Type"].startswith("text/plain")


@pytest.fixture
def advised(sandbox, settings, parent):
    """The photo check is on; a parent is asked for the photo."""
    settings.OPENAI_API_KEY, settings.AI_PHOTO_CHECK = sandbox.config.openai_api_key, True
    settings.OPENAI_TIMEOUT, settings.OPENAI_RETRIES = 5, 0
    parent.walk(34)
    return parent


@pytest.mark.parametrize(
    ("size", "verdict"), [((300, 400), "looks_right"), ((400, 300), "looks_wrong")]
)
def test_a_model_advises_and_decides_nothing(advised, sandbox, admin_client, size, verdict):
    advised.upload(picture("JPEG", size))
    actions.process_due()
    assert advised.poll()["routine_number"] == 35
    assert photo_advice.look_due() == 1
    advice = PhotoAdvice.objects.get()
    assert (advice.verdict, advice.due_at, advice.photo.state) == (verdict, None, "accepted")
    assert "A computer says: looks" in admin_client.get("/admin/photos/review/").content.decode()
    (body,) = [row["body"] for row in sandbox.store.all("openai.asked") if "body" in row]
    assert body["store"] is False and "Sam" not in str(body["input"])[:200]
    assert ModelCall.objects.get(purpose="photo").draft == advised.draft
    assert photo_advice.look_due() == 0


def test_a_model_that_is_away_is_asked_again_later_and_an_odd_answer_is_not_sure(advised, sandbox):
    advised.upload(picture("JPEG"))
    actions.process_due()
    faults.set_mode(sandbox.store, "openai", "down", count=1)
    photo_advice.look_due()
    advice = PhotoAdvice.objects.get()
    assert advice.verdict == "" and advice.due_at > clock.now()
    PhotoAdvice.objects.update(due_at=clock.now())
    faults.set_mode(sandbox.store, "openai", "plain_text")
    photo_advice.look_due()
    assert PhotoAdvice.objects.get().verdict == "unsure"


def test_no_photo_leaves_unless_club_and_parent_want_it(advised, settings, sandbox):
    advised.say("no computer")
    advised.upload(picture("JPEG"))
    actions.process_due()
    settings.AI_PHOTO_CHECK = False
    photo_advice.want(Photo.objects.get(), at=clock.now())
    assert not PhotoAdvice.objects.exists() and not sandbox.store.all("openai.asked")
