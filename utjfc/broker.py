"""A broker in a folder, for one machine: kombu's file transport, atomic by rename.

As shipped the transport writes a message in place and may read it half written (kombu #1551);
a rename shows it whole or not at all, and lets exactly one reader take it.
"""

import os
import time
import uuid
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.transport import filesystem
from kombu.utils.json import dumps, loads


class Channel(filesystem.Channel):
    """The file channel with an atomic put and an atomic get."""

    # Kombu's two base classes disagree on the second name.
    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]
        folder = Path(self.data_folder_out)
        name = f"{time.monotonic_ns():020d}_{uuid.uuid4()}.{queue}.msg"
        draft = folder / f"{name}.draft"
        draft.write_text(dumps(payload))
        draft.rename(folder / name)

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        folder = Path(self.data_folder_in)
        ending = f"{queue}.msg"
        for name in sorted(os.listdir(folder)):
            if name.partition(".")[2] != ending:
                continue
            taken = folder / f"{name}.taken"
            try:
                (folder / name).rename(taken)
            except FileNotFoundError:
                continue  # another reader was faster
            text = taken.read_text()
            taken.unlink()
            return loads(text)
        raise Empty


class Transport(filesystem.Transport):
    """The transport of the embedded broker."""

    Channel = Channel
