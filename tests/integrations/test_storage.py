"""Photos on a disk and in S3 (moto's server), and what goes wrong with them."""

import hashlib
import os
from pathlib import Path

import boto3
import pytest
import requests
from botocore.exceptions import NoCredentialsError
from django.core.files.storage import storages
from moto.server import ThreadedMotoServer

from integrations import storage
from integrations.errors import Blocked, Rejected, Unavailable
from integrations.models import ServiceCall
from tests.integrations.vendor import running

pytestmark = pytest.mark.django_db
JPEG = bytes(range(256)) * 300
KEY = "2627/0d6a3a52.jpg"
BUCKET = "club-photos"


def in_s3(settings, url: str, bucket: str = BUCKET) -> None:
    """Keep photos in a bucket behind `url`."""
    options = {
        "access_key": "testing",
        "secret_key": "testing",
        "bucket_name": bucket,
        "region_name": "eu-west-2",
        "endpoint_url": url,
        "file_overwrite": True,
        "querystring_expire": 300,
    }
    photos = {"BACKEND": "integrations.s3.PhotoBucket", "OPTIONS": options}
    settings.STORAGES = settings.STORAGES | {"photos": photos}


@pytest.fixture(scope="module")
def moto_url():
    """A running S3 with our bucket."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    requests.post(f"{url}/moto-api/reset", timeout=10)  # another module's buckets
    place = {"LocationConstraint": "eu-west-2"}
    account = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    client = boto3.client("s3", endpoint_url=url, region_name="eu-west-2", **account)
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=place)
    yield url
    server.stop()


@pytest.fixture
def on_disk(settings, tmp_path) -> Path:
    """Keep photos in a folder of this test."""
    options = settings.STORAGES["default"]["OPTIONS"] | {"location": str(tmp_path / "photos")}
    photos = settings.STORAGES["default"] | {"OPTIONS": options}
    settings.STORAGES = settings.STORAGES | {"photos": photos}
    return tmp_path / "photos"


@pytest.fixture(params=["disk", "s3"])
def kept(request, settings) -> str:
    """Photos on a disk, then in S3."""
    if request.param == "disk":
        request.getfixturevalue("on_disk")
    else:
        in_s3(settings, request.getfixturevalue("moto_url"))
    return request.param


def test_a_photo_comes_back_as_it_went_in(kept):
    storage.put(KEY, JPEG)
    assert storage.open(KEY).read() == JPEG
    assert storage.stored(KEY) == (len(JPEG), hashlib.sha256(JPEG).hexdigest())


def test_putting_a_photo_twice_does_no_harm(kept):
    storage.put(KEY, b"an older one, which is longer than the other")
    storage.put(KEY, JPEG)
    assert storage.open(KEY).read() == JPEG


def test_a_deleted_photo_is_missing_and_can_be_deleted_again(kept):
    storage.put(KEY, JPEG)
    storage.delete(KEY)
    storage.delete(KEY)
    with pytest.raises(Rejected) as caught:
        storage.open(KEY)
    assert caught.value.code == "missing"


def test_the_place_can_be_checked(kept):
    words = {"disk": "photos are kept on this machine", "s3": "the bucket answers"}
    assert storage.check() == words[kept]
    assert ServiceCall.objects.get().operation == "check"


def test_a_photo_that_arrives_changed_is_unavailable(kept, monkeypatch):
    monkeypatch.setattr(storage, "stored", lambda key: (1, "0" * 64))
    with pytest.raises(Unavailable) as caught:
        storage.put(KEY, JPEG)
    assert caught.value.code == "checksum"


def test_a_photo_on_disk_is_its_owner_s_alone(on_disk):
    storage.put(KEY, JPEG)
    assert oct(os.stat(on_disk / KEY).st_mode & 0o777) == "0o600"


def test_a_name_that_leads_out_of_the_folder_is_refused(on_disk):
    with pytest.raises(Rejected):
        storage.open("../../secret")


@pytest.mark.parametrize(
    ("error", "outcome"),
    [(OSError(28, "No space left"), Blocked), (OSError(5, "I/O error"), Unavailable)],
)
def test_a_disk_that_fails_has_its_outcome(on_disk, monkeypatch, error, outcome):
    def fail(*args):
        raise error

    monkeypatch.setattr(type(storages["photos"]), "_save", fail)
    with pytest.raises(outcome):
        storage.put(KEY, JPEG)


def test_an_address_in_s3_is_signed_and_short_lived(settings, moto_url):
    in_s3(settings, moto_url)
    url = storage.url(KEY)
    assert "X-Amz-Signature=" in url
    assert "X-Amz-Expires=300" in url
    assert ServiceCall.objects.count() == 0


def test_a_bucket_that_does_not_exist_blocks(settings, moto_url):
    in_s3(settings, moto_url, bucket="nobodys-bucket")
    with pytest.raises(Blocked) as caught:
        storage.put(KEY, JPEG)
    assert caught.value.code == "NoSuchBucket"
    with pytest.raises(Blocked, match="the bucket does not exist"):
        storage.check()


def test_a_closed_port_is_unavailable(settings):
    in_s3(settings, "http://127.0.0.1:9")
    with pytest.raises(Unavailable):
        storage.put(KEY, JPEG)


def s3_error(code: str) -> str:
    """An error as S3 words it."""
    return f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>no</Message></Error>'


@pytest.mark.parametrize(
    ("status", "code", "outcome"),
    [
        (403, "AccessDenied", Blocked),
        (403, "InvalidAccessKeyId", Blocked),
        (503, "SlowDown", Unavailable),
        (500, "InternalError", Unavailable),
        (400, "RequestTimeout", Unavailable),
        (400, "IncompleteBody", Unavailable),
        (400, "BadDigest", Unavailable),
        (400, "EntityTooLarge", Rejected),
    ],
)
def test_every_error_of_s3_has_its_outcome_and_is_tried_once(settings, status, code, outcome):
    with running() as vendor:
        vendor.will(status, s3_error(code))
        in_s3(settings, vendor.url)
        with pytest.raises(outcome) as caught:
            storage.put(KEY, JPEG)
        assert caught.value.code == code
        assert len(vendor.requests) == 1


def test_missing_credentials_block(on_disk, monkeypatch):
    def fail(*args, **kwargs):
        raise NoCredentialsError

    monkeypatch.setattr(type(storages["photos"]), "save", fail)
    with pytest.raises(Blocked, match="credentials"):
        storage.put(KEY, JPEG)
