#!/usr/bin/env python3
"""What no client of good will sends: the vault answers each with a clear status, logs one line, keeps
what it has, and goes on."""
import hashlib
import http.client
import json
import os
import pathlib
import random
import select
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

BIN = pathlib.Path(os.environ["BULKHEAD_BIN"])


def name_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def bytes_in(folder: pathlib.Path) -> int:
    """A busy vault keeps a few empty files for what comes next, and removes what has failed."""
    def size_of(file):
        try:
            return file.stat().st_size
        except FileNotFoundError:
            return 0
    return sum(size_of(file) for file in folder.iterdir())


class Served:
    """bulkhead-vault by rest-server's flags, in the clear, so that bytes can be sent by hand."""

    def __init__(self, folder: pathlib.Path, *flags, log_file: pathlib.Path = None):
        self.folder = folder
        self.log_file = log_file or folder.parent / f"{folder.name}.log"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        with self.log_file.open("w") as log:
            self.process = subprocess.Popen(
                [BIN / "bulkhead-vault", "serve", "--path", folder, "--no-auth", "--listen",
                 f"127.0.0.1:{self.port}", *flags], stdin=subprocess.DEVNULL, stderr=log)
        end = time.monotonic() + 30
        while True:
            try:
                self.connect().close()
                break
            except OSError:
                if time.monotonic() > end or self.process.poll() is not None:
                    raise RuntimeError(self.log_file.read_text()) from None
                time.sleep(0.05)
        assert self.ask("POST", "/r/?create=true") == 200

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), 30)

    def ask(self, method, path, body=b"", headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            answer.read()
            return answer.status
        finally:
            connection.close()

    def raw(self, *pieces, close_early=False):
        """Sends the pieces; what came back until the peer closed."""
        with self.connect() as peer:
            for piece in pieces:
                peer.sendall(piece)
            if close_early:
                peer.shutdown(socket.SHUT_WR)
            received = b""
            while True:
                try:
                    piece = peer.recv(65536)
                except ConnectionResetError:
                    return received
                if not piece:
                    return received
                received += piece

    def logged(self, needle):
        return [json.loads(l) for l in self.log_file.read_text().splitlines() if needle in l]

    def stop(self):
        self.process.terminate()
        assert self.process.wait(60) == 0


class BadInput(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        temporary = tempfile.TemporaryDirectory(prefix="vault-bad-")
        cls.addClassCleanup(temporary.cleanup)
        cls.folder = pathlib.Path(temporary.name) / "data"
        cls.server = Served(cls.folder)
        cls.addClassCleanup(cls.server.stop)

    def post_head(self, content, length):
        return (f"POST /r/data/{name_of(content)} HTTP/1.1\r\nHost: v\r\n"
                f"Content-Length: {length}\r\n\r\n").encode()

    def nothing_left(self):
        end = time.monotonic() + 30
        while bytes_in(self.folder / "r" / "incoming"):
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)

    def test_names_and_paths_that_are_none(self):
        good = name_of(b"x")
        for path in (f"/r/data/{good[:-1]}", f"/r/data/{good}0", f"/r/data/{good.upper()}",
                     f"/r/data/../keys/{good}x", "/r/%00/data/", "//",
                     f"/r/data/{good}/", f"/r/index/{good}/x", "/r/nothing/", "/../../etc/passwd",
                     f"/r/data/{good}%00", "/.vault/clock.json", "/r/.vault/x",
                     "/r/incoming/", "/r/receipts.jsonl", "/a/b/c/config"):
            self.assertIn(self.server.ask("POST", path, b"x"), (400, 404, 405), path)
            self.assertIn(self.server.ask("GET", path), (400, 404, 405), path)
        self.assertFalse((self.folder / "a").exists())
        # Each refusal is one line; a file that is not there is none.
        unknown = name_of(b"never stored")
        self.assertEqual(self.server.ask("GET", f"/r/data/{unknown[:-1]}"), 404)
        self.assertEqual(self.server.ask("GET", f"/r/data/{unknown}"), 404)
        self.assertEqual([l["status"] for l in self.server.logged(unknown[:-1] + '"')], ["404"])
        self.assertEqual(self.server.logged(unknown), [])

    def test_a_length_that_lies(self):
        content = b"bytes" * 1000
        answer = self.server.raw(self.post_head(content, len(content) + 5), content,
                                 close_early=True)
        self.assertNotIn(b"200 OK", answer[:20])
        # Shorter than what comes: the rest is no body of ours, and no request either.
        answer = self.server.raw(self.post_head(content, 5), content)
        self.assertIn(b" 400 ", answer[:20])
        for length in ("-1", "x", "18446744073709551616", "1, 2", ""):
            answer = self.server.raw(self.post_head(content, length))
            self.assertIn(b" 4", answer[:13], length)
        self.assertIn(b" 413 ", self.server.raw(self.post_head(content, 1 << 40))[:20])
        self.assertIn(b" 411 ", self.server.raw(
            f"POST /r/data/{name_of(content)} HTTP/1.1\r\nHost: v\r\n"
            "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n".encode(), close_early=True)[:20])
        self.assertEqual(self.server.ask("HEAD", f"/r/data/{name_of(content)}"), 404)
        self.nothing_left()

    def test_one_refusal_is_one_line_in_the_log(self):
        content = b"for the log"
        self.assertEqual(self.server.ask("POST", f"/r/data/{name_of(content)}", b"other"), 400)
        lines = self.server.logged(name_of(content))
        self.assertEqual([l["message"] for l in lines], ["refused"])
        self.assertIn("do not hash to this name", lines[0]["why"])

    def test_what_is_no_request_is_one_line_in_the_log_too(self):
        # A vault of its own: what other tests left unfinished is logged when it is given up.
        temporary = tempfile.TemporaryDirectory(prefix="vault-log-")
        self.addCleanup(temporary.cleanup)
        server = Served(pathlib.Path(temporary.name) / "data")
        self.addCleanup(server.stop)
        content = b"never stored"
        head = f"POST /r/data/{name_of(content)} HTTP/1.1\r\nHost: v\r\n"
        for raw, status in ((b"\x16\x03\x01\x02\x00\x01", b"400"), (b"nonsense\r\n\r\n", b"400"),
                            (f"{head}Content-Length: -1\r\n\r\n".encode(), b"400"),
                            (self.post_head(content, 1 << 40), b"413"),
                            (b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n", b"431"),
                            (b"GET /../../etc/passwd HTTP/1.1\r\nHost: v\r\n\r\n", b"400"),
                            (b"GET /r/config HTTP/1.1\r\nHost: v\r\nHost: w\r\n\r\n", b"400"),
                            (f"{head}Content-Length: 500\r\n\r\nhalf".encode(), b"503")):
            before = len(server.logged('"refused"'))
            self.assertIn(status, server.raw(raw, close_early=True)[:13], raw[:60])
            lines = server.logged('"refused"')[before:]
            self.assertEqual([l["status"].encode() for l in lines], [status], raw[:60])

    def test_interleaved_uploads_of_one_name(self):
        content = random.Random(1).randbytes(1_000_000)
        with self.server.connect() as first, self.server.connect() as second:
            for peer in (first, second):
                peer.sendall(self.post_head(content, len(content)))
            for at in range(0, len(content), 100_000):
                for peer in (first, second):
                    peer.sendall(content[at:at + 100_000])
            for peer in (first, second):
                self.assertIn(b" 200 ", peer.recv(65536)[:20])
        stored = self.folder / "r/data" / name_of(content)[:2] / name_of(content)
        self.assertEqual(stored.read_bytes(), content)
        # One of the file, and another where both were received before either had its name.
        receipts = (self.folder / "r/receipts.jsonl").read_text().count(name_of(content))
        self.assertIn(receipts, (1, 2))

    def test_many_of_one_name_at_once(self):
        content = random.Random(2).randbytes(200_000)
        statuses = []
        threads = [threading.Thread(target=lambda: statuses.append(
            self.server.ask("POST", f"/r/data/{name_of(content)}", content))) for _ in range(24)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(statuses, [200] * 24)

    def test_a_client_that_stops_in_the_middle_holds_nobody_up(self):
        content = b"slow" * 10_000
        held = [self.server.connect() for _ in range(8)]
        for peer in held:
            peer.sendall(self.post_head(content, len(content)) + content[:10])
        self.assertEqual(self.server.ask("POST", f"/r/data/{name_of(b'quick')}", b"quick"), 200)
        for peer in held:
            peer.close()
        self.nothing_left()
        self.assertEqual(self.server.ask("POST", f"/r/data/{name_of(content)}", content), 200)

    def test_slow_clients_of_one_repository_hold_up_no_other(self):
        """More of them than the vault has workers."""
        self.assertEqual(self.server.ask("POST", "/other/?create=true"), 200)
        content = b"slow" * 10_000
        held = [self.server.connect() for _ in range(200)]
        for peer in held:
            peer.sendall(self.post_head(content, len(content)) + content[:10])
        # Those that would take the last workers are told to come again.
        answers = [peer for peer in held if select.select([peer], [], [], 0.2)[0]]
        self.assertGreater(len(answers), 50)
        for peer in answers:
            self.assertIn(b" 503 ", peer.recv(65536)[:20])
        for i in range(20):
            quick = f"quick {i}".encode()
            self.assertEqual(self.server.ask("POST", f"/other/data/{name_of(quick)}", quick), 200)
        for peer in held:
            peer.close()
        self.nothing_left()


class FullDisk(unittest.TestCase):
    def test_a_full_disk_is_507_and_harms_nothing(self):
        temporary = tempfile.TemporaryDirectory(prefix="vault-full-")
        self.addCleanup(temporary.cleanup)
        disk = pathlib.Path(temporary.name) / "disk"
        disk.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100m", "tmpfs", disk],
                                 capture_output=True)
        if mounted.returncode != 0:
            self.skipTest("mounting a tmpfs needs root")
        self.addCleanup(subprocess.run, ["umount", disk], check=True)
        # Not on the full disk, where its lines would be lost. Besides, who holds it open keeps the
        # disk from being unmounted: a sanitizer's addr2line does, which ends a little after us.
        log_file = pathlib.Path(temporary.name) / "vault.log"
        server = Served(disk / "data", log_file=log_file)
        self.addCleanup(server.stop)
        source = random.Random(5)
        stored, refused = [], 0
        for _ in range(20):
            content = source.randbytes(5_000_000)
            status = server.ask("POST", f"/r/data/{name_of(content)}", content)
            self.assertIn(status, (200, 507))
            if status == 200:
                stored.append(name_of(content))
            else:
                refused += 1
        self.assertGreater(len(stored), 2)
        self.assertGreater(refused, 2)
        for name in stored:
            self.assertEqual(server.ask("GET", f"/r/data/{name}"), 200)
        self.assertEqual(bytes_in(disk / "data/r/incoming"), 0)
        # Filled by somebody else to the last byte, in the middle of an upload.
        with (disk / "filler").open("wb") as filler:
            try:
                while True:
                    filler.write(b"\0" * 65536)
                    filler.flush()
            except OSError:
                pass
        self.assertEqual(server.ask("POST", f"/r/data/{name_of(b'z')}", b"z"), 507)
        self.assertIn("507", [l.get("status") for l in server.logged(name_of(b"z"))])
        (disk / "filler").unlink()
        self.assertEqual(server.ask("POST", f"/r/locks/{name_of(b'l')}", b"l"), 200)


if __name__ == "__main__":
    sys.exit(0 if unittest.main(verbosity=2, exit=False).result.wasSuccessful() else 1)
