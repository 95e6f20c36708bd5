"""A witness as c2sp.org/tlog-witness wants it: a real server, which remembers one checkpoint for each log."""

from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread

from petition.log import notes, tree
from petition.log.errors import LogError
from petition.log.note_keys import LogKey

TIME = 1_790_000_000


class Witness(ThreadingHTTPServer):
    """`seen`: the size and root of each origin that it has signed. `broken`: what it answers in place of all this."""

    def __init__(self, key: LogKey, logs: dict[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.key, self.logs, self.lock = key, logs, Lock()
        self.seen: dict[str, tuple[int, bytes]] = {}
        self.asked: list[bytes] = []
        self.broken: tuple[int, bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/w1"

    def add_checkpoint(self, body: bytes) -> tuple[int, bytes]:
        above, _, note = body.decode().partition("\n\n")
        first, *proof = above.split("\n")
        old, head = int(first.removeprefix("old ")), notes.parse_head(notes.split_note(note)[0])
        if head.origin not in self.logs:
            return 404, b""
        try:
            notes.open_note(note, [self.logs[head.origin]])
        except LogError:
            return 403, b""
        with self.lock:
            size, root = self.seen.get(head.origin, (0, tree.EMPTY))
            if old > head.size:
                return 400, b""
            if old != size:
                return 409, f"{size}\n".encode()
            if not tree.is_consistent(old, head.size, root, head.root, [b64decode(line) for line in proof]):
                return 422, b""
            self.seen[head.origin] = head.size, head.root
        return 200, self.key.cosign(notes.head_text(head), TIME).encode()


class _Handler(BaseHTTPRequestHandler):
    server: Witness

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append(body)
        status, answer = self.server.broken or (404, b"")
        if self.path == "/w1/add-checkpoint" and self.server.broken is None:
            status, answer = self.server.add_checkpoint(body)
        self.send_response(status)
        if status == 409:
            self.send_header("Content-Type", "text/x.tlog.size")
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def running(key: LogKey, logs: dict[str, str]) -> Iterator[Witness]:
    with Witness(key, logs) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
