"""B6: a 12-megapixel HEIC photo to stored JPEG: time, and peak memory."""

import io
import multiprocessing
import resource
from collections.abc import Callable

import pillow_heif
from django.db import connections
from PIL import Image, ImageFilter, ImageOps

from integrations import clock
from registrations.actions import photos as actions
from registrations.models import Photo, PhotoBytes
from registrations.photos import MAX_SIDE, QUALITY
from tests import factories
from tests.benchmarks.measure import Line, at_most, in_turns, seconds

SIZE = (4032, 3024)


def run() -> list[Line]:
    """Two lines: seconds, and megabytes at the peak above the process as it was."""
    raw = picture()
    times = in_turns(lambda: seconds_of_ours(raw), lambda: seconds(lambda: decode(raw)))
    peaks = _peak(lambda: seconds_of_ours(raw)), _peak(lambda: decode(raw))
    return [
        at_most("B6", "a 12-megapixel HEIC to stored JPEG", "s", *times, 1.15),
        at_most("B6", "its peak memory", "MB", *peaks, 1.3),
    ]


def picture() -> bytes:
    """A HEIC as large and as busy as a phone's."""
    pillow_heif.register_heif_opener()
    noise = Image.effect_noise((SIZE[0] // 4, SIZE[1] // 4), 60).resize(SIZE)
    image = Image.merge("RGB", [noise, noise.filter(ImageFilter.BLUR), ImageOps.invert(noise)])
    out = io.BytesIO()
    image.save(out, "HEIF", quality=60)
    return out.getvalue()


def decode(raw: bytes) -> bytes:
    """The floor: decode, resize and encode of the same file alone."""
    image = Image.open(io.BytesIO(raw), formats=["HEIF"])
    image = ImageOps.exif_transpose(image).convert("RGB")
    image.thumbnail((MAX_SIDE, MAX_SIDE))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()


def seconds_of_ours(raw: bytes) -> float:
    """From the received bytes to the picture in storage, checked; what the worker does."""
    now = clock.now()
    photo = Photo.objects.create(
        registration=factories.registration(), uploaded_at=now, due_at=now, size_bytes=len(raw)
    )
    PhotoBytes.objects.create(photo=photo, raw=raw)
    taken = seconds(actions.process_due)
    while Photo.objects.get(pk=photo.pk).stored_at is None:
        before = taken
        taken += seconds(actions.process_due)
        assert taken - before < 60 and not Photo.objects.get(pk=photo.pk).last_error
    return taken


def _peak(work: Callable[[], object]) -> float:
    """Megabytes that a process like this one grows by while it does the work."""
    fork = multiprocessing.get_context("fork")
    here, there = fork.Pipe(duplex=False)
    connections.close_all()

    def measured() -> None:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        work()
        there.send((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, before))

    child = fork.Process(target=measured)
    child.start()
    peak, _ = here.recv()
    child.join()
    return peak / 1024
