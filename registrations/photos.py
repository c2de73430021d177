"""Turn whatever a phone sends into one clean JPEG (libraries.md 5, domain 7.2). Pure."""

import io
import threading
import warnings
from dataclasses import dataclass

import pillow_heif
from PIL import Image, ImageOps

FORMATS = ["JPEG", "PNG", "WEBP", "HEIF"]
MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 64_000_000  # today's phones take pictures of 48 and 50 megapixels
MAX_SIDE = 1600
QUALITY = 90

pillow_heif.register_heif_opener(thumbnails=False)
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
# Up to twice the limit Pillow only warns.
warnings.simplefilter("error", Image.DecompressionBombWarning)
_one_at_a_time = threading.Lock()


class Unreadable(ValueError):
    """Not a photo that can be taken; `reason` is a short key."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Picture:
    """A JPEG without metadata, and its size in pixels."""

    jpeg: bytes
    width: int
    height: int


def check_size(size: int) -> None:
    """Raise Unreadable "empty" or "too_big" by the number of bytes."""
    if size == 0:
        raise Unreadable("empty")
    if size > MAX_BYTES:
        raise Unreadable("too_big")


def clean(raw: bytes) -> Picture:
    """The photo upright, at most 1600 pixels a side, metadata gone; judged by content alone.

    Raises Unreadable "empty", "too_big", "not_a_photo", "too_many_pixels" or "damaged".
    """
    check_size(len(raw))
    with _one_at_a_time:
        image = _opened(raw)
        try:
            return _encoded(_upright(image))
        except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
            raise Unreadable("damaged") from error


def _opened(raw: bytes) -> Image.Image:
    """The picture, its size known and nothing decoded yet."""
    try:
        image = Image.open(io.BytesIO(raw), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Unreadable("too_many_pixels") from error
    except Exception as error:  # decoders raise anything for what is not theirs
        raise Unreadable("not_a_photo") from error
    if image.width * image.height > MAX_PIXELS:
        raise Unreadable("too_many_pixels")
    return image


def _upright(image: Image.Image) -> Image.Image:
    # JPEG decodes straight to a fraction of its size; the bound is square, so turning comes last.
    image.draft("RGB", (MAX_SIDE, MAX_SIDE))
    image.thumbnail((MAX_SIDE, MAX_SIDE))
    return ImageOps.exif_transpose(image)


def _encoded(image: Image.Image) -> Picture:
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        clear = image.convert("RGBA")
        white = Image.new("RGBA", clear.size, "white")
        image = Image.alpha_composite(white, clear)
    plain = image.convert("RGB")
    plain.info.clear()
    out = io.BytesIO()
    plain.save(out, format="JPEG", quality=QUALITY)
    return Picture(out.getvalue(), plain.width, plain.height)
