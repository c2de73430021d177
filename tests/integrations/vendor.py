"""A loopback server that gives the answers a test lines up, in place of any vendor."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

DROP = "drop"  # take the request, then close the connection with no answer


@dataclass
class Vendor:
    """Answers in order, the last one for ever; `requests` holds what was asked."""

    url: str = ""
    answers: list = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    def will(self, status: int, body: object = None, **headers: str) -> "Vendor":
        """Line up an answer: JSON for a dict or list, else the text itself."""
        self.answers.append((status, body, headers))
        return self

    def will_drop(self) -> "Vendor":
        """Line up a lost answer."""
        self.answers.append(DROP)
        return self

    def __call__(self, environ, start_response):
        """Keep the request and give the next answer."""
        request = Request(environ)
        request.get_data()
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer == DROP:
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            return Response(status=503)(environ, start_response)
        status, body, headers = answer
        text = body if isinstance(body, str) else json.dumps(body)
        kind = "text/html" if isinstance(body, str) else "application/json"
        return Response(text, status, headers, content_type=kind)(environ, start_response)


@contextmanager
def running() -> Iterator[Vendor]:
    """Serve from a thread for as long as the block lasts."""
    vendor = Vendor()
    server = make_server("127.0.0.1", 0, vendor, threaded=True)
    vendor.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield vendor
    server.shutdown()
    thread.join()
    server.server_close()
