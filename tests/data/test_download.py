"""Downloads go on where they stopped, and nothing unverified or outside the folder is ever left behind."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from bench.data.download import fetch
from bench.dataset import Source
from bench.errors import DataError

CONTENT = np.random.default_rng(0).bytes(300_000)
DIGEST = sha256(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves `content` at every path but /missing; may ignore Range, and may cut the first answers short."""

    daemon_threads = True

    def __init__(self, content: bytes = CONTENT, ranges: bool = True, cuts: int = 0, busy: int = 0) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.ranges, self.cuts, self.busy = content, ranges, cuts, busy
        self.asked: list[str | None] = []
        self.length = ""  # what it says of its answer's

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/set.zip"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        server = self.server
        server.asked.append(self.headers.get("Range"))
        if self.path == "/missing":
            return self.send_error(404)
        if server.busy:
            server.busy -= 1
            return self.send_error(503)
        start = int((self.headers.get("Range") or "bytes=0-")[6:-1]) if server.ranges else 0
        if start >= len(server.content):
            return self.send_error(416)
        body = server.content[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", server.length or str(len(body)))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(server.content) - 1}/{len(server.content)}")
        self.end_headers()
        if server.cuts:
            server.cuts -= 1
            body = body[: len(body) // 2]
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def get(server: Server, target: Path, digest: str | None = DIGEST, size: int | None = len(CONTENT)) -> None:
    fetch(Source(server.url, size, digest), target, pause=0.0)


def test_whole_file_arrives_with_progress(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    with serving(Server()) as server:
        fetch(Source(server.url, len(CONTENT), DIGEST), tmp_path / "f", lambda *now: seen.append(now), pause=0.0)
    assert (tmp_path / "f").read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT)) and seen == sorted(seen)


@pytest.mark.parametrize("length", ["9" * 5000, "\N{SUPERSCRIPT TWO}", "-1"])
def test_a_length_that_is_no_number_is_none(length: str, tmp_path: Path) -> None:
    with serving(Server()) as server:
        server.length = length
        get(server, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == CONTENT


@pytest.mark.parametrize("ranges", [True, False])
def test_cut_connection_is_taken_up_again(ranges: bool, tmp_path: Path) -> None:
    with serving(Server(ranges=ranges, cuts=2)) as server:
        get(server, tmp_path / "f")
        assert len(server.asked) == 3
        assert server.asked[1] == "bytes=150000-"
    assert (tmp_path / "f").read_bytes() == CONTENT


def test_download_goes_on_where_a_killed_one_stopped(tmp_path: Path) -> None:
    (tmp_path / "f.part").write_bytes(CONTENT[:1234])
    with serving(Server()) as server:
        get(server, tmp_path / "f")
        assert server.asked == ["bytes=1234-"]
    assert (tmp_path / "f").read_bytes() == CONTENT


@pytest.mark.parametrize("left", [b"x" * 1234, b"x" * len(CONTENT), b"x" * (len(CONTENT) + 5)])
def test_wrong_beginning_is_thrown_away(left: bytes, tmp_path: Path) -> None:
    (tmp_path / "f.part").write_bytes(left)
    with serving(Server()) as server:
        get(server, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == CONTENT


def test_beginning_is_not_trusted_where_no_digest_can_check_the_end(tmp_path: Path) -> None:
    (tmp_path / "f.part").write_bytes(b"x" * 1234)
    with serving(Server(cuts=1)) as server:
        get(server, tmp_path / "f", digest=None, size=None)
        assert server.asked == [None, "bytes=150000-"]
    assert (tmp_path / "f").read_bytes() == CONTENT


def test_complete_file_is_not_fetched_again(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(CONTENT)
    with serving(Server()) as server:
        get(server, tmp_path / "f")
        assert server.asked == []


@pytest.mark.parametrize("content", [CONTENT[:-1] + b"?", CONTENT[:-1], CONTENT + b"?"])
def test_other_file_than_the_published_is_refused(content: bytes, tmp_path: Path) -> None:
    with serving(Server(content)) as server, pytest.raises(DataError, match=r"has (the SHA-256|\d+ bytes)"):
        get(server, tmp_path / "f")
    assert not (tmp_path / "f").exists() and not (tmp_path / "f.part").exists()


def test_busy_server_is_asked_again_and_an_absent_file_is_not(tmp_path: Path) -> None:
    with serving(Server(busy=2)) as server:
        get(server, tmp_path / "f")
        assert len(server.asked) == 3
        with pytest.raises(DataError, match="404"):
            fetch(Source(server.url.replace("set.zip", "missing")), tmp_path / "g", pause=0.0)
        assert len(server.asked) == 4


def test_mirror_is_used_when_the_first_address_fails(tmp_path: Path) -> None:
    with serving(Server()) as server:
        missing = server.url.replace("set.zip", "missing")
        fetch(Source(missing, len(CONTENT), DIGEST, mirrors=(server.url,)), tmp_path / "f", pause=0.0)
    assert (tmp_path / "f").read_bytes() == CONTENT


def test_address_of_another_scheme_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    with pytest.raises(DataError, match="not an http address"):
        fetch(Source((tmp_path / "secret").as_uri()), tmp_path / "f", pause=0.0)
