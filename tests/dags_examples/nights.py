"""A mailbox, and Airflow's API server with the page "Videos", for the examples that run every night."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import Message
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from plugin.conftest import Login


@contextmanager
def serving(server: socketserver.TCPServer) -> Iterator[int]:
    """Serve on a free port of this machine, whose number is given."""
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield int(server.socket.getsockname()[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def mailbox() -> Iterator[tuple[str, list[Message]]]:
    """An SMTP server: the Airflow connection to it, and the mails that it has taken."""
    mails = list[Message]()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 here\r\n")
            while line := self.rfile.readline().upper():
                if line.startswith(b"DATA"):
                    self.wfile.write(b"354 go on\r\n")
                    mails.append(message_from_bytes(b"".join(iter(self.rfile.readline, b".\r\n")), policy=default))
                self.wfile.write(b"221 bye\r\n" if line.startswith(b"QUIT") else b"250 ok\r\n")

    with serving(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)) as port:
        extra = {"disable_ssl": True, "disable_tls": True}
        yield json.dumps({"conn_type": "smtp", "host": "127.0.0.1", "port": port, "extra": extra}), mails


@contextmanager
def api_server(login: Login) -> Iterator[str]:
    """Airflow's API server, with the page: the Airflow connection to it."""
    client = login("viewer")
    token = client.cookies["_token"]
    client.cookies.clear()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = client.get(
                f"http://testserver{self.path}", headers={"Authorization": self.headers["Authorization"]}
            )
            self.send_response(answer.status_code)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        yield json.dumps({"conn_type": "http", "host": f"http://127.0.0.1:{port}", "password": token})
