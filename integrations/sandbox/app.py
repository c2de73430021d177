"""The sandbox's Flask application and the threaded server that runs it."""

import socket
import threading
from dataclasses import replace

from flask import Flask
from flask.json.provider import DefaultJSONProvider
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from integrations.sandbox import airtable, control, gocardless, openai, pages, places, twilio
from integrations.sandbox.config import SandboxConfig
from integrations.sandbox.gocardless import hosted_page
from integrations.sandbox.store import Store
from integrations.sandbox.worker import Worker


class _Handler(WSGIRequestHandler):
    """Keeps connections open, as the vendors do, and writes no access log."""

    protocol_version = "HTTP/1.1"
    # Without this a small answer waits some 40 ms for the other side's delayed ACK.
    disable_nagle_algorithm = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: request paths carry people's phone numbers."""


class _Json(DefaultJSONProvider):
    """Compact, with fields in the order in which they were made."""

    sort_keys = False
    compact = True


def create_app(store: Store, config: SandboxConfig) -> Flask:
    """The whole sandbox: every vendor, the pages for a person and the control routes."""
    app = Flask(__name__)
    app.json = _Json(app)
    app.register_blueprint(gocardless.blueprint(store, config))
    app.register_blueprint(hosted_page.blueprint(store, config))
    app.register_blueprint(airtable.blueprint(store, config), url_prefix="/airtable")
    app.register_blueprint(twilio.blueprint(store, config), url_prefix="/twilio")
    app.register_blueprint(places.blueprint(store, config), url_prefix="/places")
    app.register_blueprint(openai.blueprint(store, config), url_prefix="/openai")
    app.register_blueprint(airtable.pages_blueprint(store, config))
    app.register_blueprint(twilio.pages_blueprint(store, config))
    app.register_blueprint(pages.blueprint(store, config))
    app.register_blueprint(control.blueprint(store, config))
    app.register_blueprint(airtable.control_blueprint(store))
    return app


class SandboxServer:
    """The sandbox on a loopback port (0 picks a free one), with its worker thread."""

    def __init__(
        self, store: Store, config: SandboxConfig, port: int = 0, host: str = "127.0.0.1"
    ) -> None:
        """Bind the port at once; OSError when it is taken."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((host, port))
        except OSError:
            self._socket.close()
            raise
        self._socket.listen(128)
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://{host}:{self.port}"
        self.store = store
        self.config = replace(config, public_url=config.public_url or self.url)
        self.worker = Worker(store, self.config)
        self._server: BaseWSGIServer = make_server(
            host,
            self.port,
            create_app(store, self.config),
            threaded=True,
            request_handler=_Handler,
            fd=self._socket.fileno(),
        )
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def start(self) -> "SandboxServer":
        """Serve from a thread; returns itself."""
        self._thread.start()
        self.worker.start()
        return self

    def stop(self) -> None:
        """Stop serving, stop the worker and free the port."""
        self.worker.stop()
        self._server.shutdown()
        self._thread.join(timeout=5)
        self._server.server_close()
        self._socket.close()
