"""The bucket of photos: django-storages with time-outs, and no retries but our own."""

from typing import Any

from botocore.config import Config
from storages.backends.s3 import S3Storage


class PhotoBucket(S3Storage):
    """An S3 storage that answers, or fails, within a job's patience."""

    def get_default_settings(self) -> dict[str, Any]:
        return super().get_default_settings() | {
            "client_config": Config(
                connect_timeout=5,
                read_timeout=30,
                retries={"total_max_attempts": 1},
                signature_version="s3v4",
            )
        }
