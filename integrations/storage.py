"""Where photos are kept: S3, or a folder on this machine (settings.STORAGES["photos"]).

Raises the four outcomes; putting the same photo twice does no harm, so nothing is uncertain.
"""

import errno
import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from django.core.exceptions import SuspiciousOperation
from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages

from integrations import guard
from integrations.errors import Blocked, OutsideError, Rejected, Unavailable

SERVICE = "s3"
PENALTY = 5  # seconds
_REFUSED = {
    "AccessDenied",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidToken",
    "SignatureDoesNotMatch",
}
# Refused with a 400, and yet nothing is wrong with the photo: it arrived late or in part.
_ON_THE_WAY = {"RequestTimeout", "IncompleteBody", "BadDigest", "XAmzContentChecksumMismatch"}
_SLOW_DOWN = {"RequestLimitExceeded", "SlowDown", "Throttling", "ThrottlingException"}


def put(key: str, jpeg: bytes) -> None:
    """Store a photo under `key` and read it back; Unavailable where it did not arrive whole."""
    with _calling("put") as photos:
        name = photos.save(key, ContentFile(jpeg))
        if name != key:
            photos.delete(name)
            raise Rejected(SERVICE, "the name is taken", code="name_taken")
    if stored(key) != (len(jpeg), hashlib.sha256(jpeg).hexdigest()):
        raise Unavailable(SERVICE, "what arrived differs from what was sent", code="checksum")


def stored(key: str) -> tuple[int, str]:
    """Size in bytes and SHA-256 of what is stored; Rejected with code `missing` for nothing."""
    content = _read("verify", key)
    return len(content), hashlib.sha256(content).hexdigest()


def open(key: str) -> io.BytesIO:
    """The photo's bytes; Rejected with code `missing` for nothing."""
    return io.BytesIO(_read("get", key))


def url(key: str) -> str:
    """A short-lived address of the photo (S3); makes no call."""
    return storages["photos"].url(key)


def delete(key: str) -> None:
    """Remove the photo; nothing happens when there is none."""
    with _calling("delete") as photos:
        photos.delete(key)


def check() -> str:
    """Look whether the place is there, even while it is held; the answer in words."""
    with _calling("check", test=True) as photos:
        bucket = getattr(photos, "bucket", None)
        if bucket is not None:
            bucket.meta.client.head_bucket(Bucket=bucket.name)
            return "the bucket answers"
        photos.exists("check")
        return "photos are kept on this machine"


def _read(operation: str, key: str) -> bytes:
    with _calling(operation) as photos, photos.open(key) as file:
        return file.read()


@contextmanager
def _calling(operation: str, *, test: bool = False) -> Iterator[Storage]:
    with guard.call(SERVICE, operation, test=test), _translated():
        yield storages["photos"]


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise Rejected(SERVICE, "there is no such photo", code="missing") from error
    except SuspiciousOperation as error:
        raise Rejected(SERVICE, "the name is not allowed", code="name") from error
    except ClientError as error:
        raise _outcome(error) from error
    except NoCredentialsError as error:
        raise Blocked(SERVICE, "no credentials are set", code="not_configured") from error
    except (BotoCoreError, Boto3Error) as error:
        kind = type(error).__name__
        raise Unavailable(SERVICE, kind, code=kind) from error
    except OSError as error:
        raise _disk_outcome(error) from error


def _outcome(error: ClientError) -> OutsideError:
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _SLOW_DOWN or status == 429:
        guard.penalise(SERVICE, PENALTY)
        return Unavailable(SERVICE, "too many requests", code=code)
    if status >= 500 or code in _ON_THE_WAY:
        return Unavailable(SERVICE, f"HTTP {status}", code=code)
    # An answer to a HEAD has no body, hence no name of what is wrong.
    if code == "NoSuchBucket" or (status == 404 and error.operation_name == "HeadBucket"):
        return Blocked(SERVICE, "the bucket does not exist", code="NoSuchBucket")
    if code in _REFUSED or status in (301, 401, 403):
        return Blocked(SERVICE, f"the bucket or the key was refused ({code})", code=code)
    if status == 404:
        return Rejected(SERVICE, "there is no such photo", code="missing")
    return Rejected(SERVICE, f"refused ({code})", code=code)


def _disk_outcome(error: OSError) -> OutsideError:
    code = errno.errorcode.get(error.errno or 0, type(error).__name__)
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS):
        return Blocked(SERVICE, f"the folder of photos cannot be written ({code})", code=code)
    return Unavailable(SERVICE, f"the folder of photos failed ({code})", code=code)
