#!/usr/bin/env python3
"""The same requests to bulkhead-vault and to another server of restic's REST protocol: status,
headers that clients read, and bodies of what succeeds are compared, one by one.

The other server is rest-server where it is installed, else `rclone serve restic` of Debian 12.
Where we differ on purpose, or the other does, the table names it with its reason."""
import hashlib
import http.client
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

BIN = pathlib.Path(os.environ["BULKHEAD_BIN"])
V1 = "application/vnd.x.restic.rest.v1"
V2 = "application/vnd.x.restic.rest.v2"
COMPARED = ("content-range", "content-length")

# Name of a request below -> (status of the other, ours, why). A list's media type is compared too.
DIFFERENCES = {
    "rclone": {
        "list v1": ((400,), 200, "rclone lists in version 2 only"),
        "same bytes again": ((403,), 200, "a client that did not see the answer sends again"),
        "same config again": ((403,), 200, "as above"),
        "delete repository": ((405,), 403, "both refuse; restic takes either"),
        "wrong bytes": ((200, 500), 400, "rclone does not compare the bytes with the name"),
        "read wrong bytes": ((200,), 404, "as above"),
        "range past the end": ((206,), 416, "rclone answers with no bytes; rest-server with 416"),
        "unknown type": ((200, 403, 404, 405), 404, "rclone stores any path"),
        "short name": ((200, 403, 404, 405), 404, "rclone stores any name"),
        "upper-case name": ((200, 403, 404, 405), 404, "rclone stores any name"),
        "put": ((405,), 405, ""),
        "delete missing lock": ((404, 200, 500), 404, "the kind of failure differs"),
        "delete config": ((403, 405), 403, ""),
        "list without slash": ((404, 400, 200), 200, "restic always sends the slash"),
        "key after snapshot": ((200,), 403, "keys are frozen after the first snapshot"),
    },
    "rest-server": {
        "same bytes again": ((403,), 200, "a client that did not see the answer sends again"),
        "same config again": ((403,), 200, "as above"),
        "delete repository": ((405,), 403, "both refuse; restic takes either"),
        "unknown type": ((404, 405), 404, ""),
        "short name": ((404, 405), 404, ""),
        "upper-case name": ((404, 405), 404, ""),
        "list without slash": ((404, 405, 301), 200, "restic always sends the slash"),
        "key after snapshot": ((200,), 403, "keys are frozen after the first snapshot"),
    },
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def name_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class Server:
    def __init__(self, arguments, port):
        self.port = port
        self.process = subprocess.Popen([str(a) for a in arguments], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                if time.monotonic() > end or self.process.poll() is not None:
                    raise RuntimeError(f"{arguments[0]} did not start") from None
                time.sleep(0.05)

    def ask(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            content = answer.read()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, content
        finally:
            connection.close()

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


def requests():
    """Name, method, path, body, headers; in order, since each builds on those before."""
    pack, key, index, snapshot, lock = b"p" * 5000, b"key", b"index", b"snapshot", b"lock"
    d, k, i, s, l = map(name_of, (pack, key, index, snapshot, lock))
    v1, v2 = {"Accept": V1}, {"Accept": V2}
    yield "no config yet", "HEAD", "/r/config", None, {}
    yield "create", "POST", "/r/?create=true", b"", {}
    yield "create again", "POST", "/r/?create=true", b"", {}
    yield "empty list", "GET", "/r/data/", None, v2
    yield "config", "POST", "/r/config", b"the config", {}
    yield "head config", "HEAD", "/r/config", None, {}
    yield "get config", "GET", "/r/config", None, {}
    yield "same config again", "POST", "/r/config", b"the config", {}
    yield "other config", "POST", "/r/config", b"other", {}
    yield "key", "POST", f"/r/keys/{k}", key, {}
    yield "pack", "POST", f"/r/data/{d}", pack, {}
    yield "same bytes again", "POST", f"/r/data/{d}", pack, {}
    yield "wrong bytes", "POST", f"/r/data/{name_of(b'x')}", b"y", {}
    yield "read wrong bytes", "GET", f"/r/data/{name_of(b'x')}", None, {}
    yield "index", "POST", f"/r/index/{i}", index, {}
    yield "lock", "POST", f"/r/locks/{l}", lock, {}
    yield "snapshot", "POST", f"/r/snapshots/{s}", snapshot, {}
    yield "key after snapshot", "POST", f"/r/keys/{name_of(b'key 2')}", b"key 2", {}
    yield "list v2", "GET", "/r/snapshots/", None, v2
    yield "list keys v2", "GET", "/r/index/", None, v2
    yield "list v1", "GET", "/r/snapshots/", None, v1
    yield "list without slash", "GET", "/r/snapshots", None, v2
    yield "head pack", "HEAD", f"/r/data/{d}", None, {}
    yield "head missing", "HEAD", f"/r/data/{name_of(b'none')}", None, {}
    yield "get missing", "GET", f"/r/data/{name_of(b'none')}", None, {}
    yield "get pack", "GET", f"/r/data/{d}", None, {}
    for header in ("bytes=0-", "bytes=0-0", "bytes=10-99", "bytes=4990-", "bytes=-10",
                   "bytes=4990-9999"):
        yield f"range {header}", "GET", f"/r/data/{d}", None, {"Range": header}
    yield "range past the end", "GET", f"/r/data/{d}", None, {"Range": "bytes=5000-"}
    yield "head with range", "HEAD", f"/r/keys/{k}", None, {}
    yield "delete pack", "DELETE", f"/r/data/{d}", None, {}
    yield "delete snapshot", "DELETE", f"/r/snapshots/{s}", None, {}
    yield "delete config", "DELETE", "/r/config", None, {}
    yield "delete repository", "DELETE", "/r/", None, {}
    yield "delete lock", "DELETE", f"/r/locks/{l}", None, {}
    yield "delete missing lock", "DELETE", f"/r/locks/{l}", None, {}
    yield "lock is gone", "HEAD", f"/r/locks/{l}", None, {}
    yield "unknown type", "POST", f"/r/else/{d}", b"x", {}
    yield "short name", "POST", "/r/data/abc", b"x", {}
    yield "upper-case name", "POST", f"/r/data/{d.upper()}", b"x", {}
    yield "still there", "GET", f"/r/data/{d}", None, {}


class SameProtocol(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="vault-protocol-")
        cls.addClassCleanup(cls.temporary.cleanup)
        folder = pathlib.Path(cls.temporary.name)
        port, other_port = free_port(), free_port()
        cls.ours = Server([BIN / "bulkhead-vault", "serve", "--path", folder / "ours", "--listen",
                           f"127.0.0.1:{port}", "--no-auth", "--append-only"], port)
        cls.addClassCleanup(cls.ours.stop)
        (folder / "other").mkdir()
        if shutil.which("rest-server"):
            cls.oracle = "rest-server"
            command = ["rest-server", "--path", folder / "other", "--listen",
                       f"127.0.0.1:{other_port}", "--no-auth", "--append-only"]
        else:
            cls.oracle = "rclone"
            command = ["rclone", "serve", "restic", "--config", "/dev/null", "--addr",
                       f"127.0.0.1:{other_port}", "--append-only", folder / "other"]
        cls.other = Server(command, other_port)
        cls.addClassCleanup(cls.other.stop)

    def compare(self, name, ours, other):
        ours_status, ours_headers, ours_body = ours
        status, headers, body = other
        difference = DIFFERENCES[self.oracle].get(name)
        if difference:
            self.assertIn(status, difference[0], "the other server's status")
            self.assertEqual(ours_status, difference[1], "our status")
        else:
            self.assertEqual(ours_status, status)
        if ours_status != status or status >= 300:
            return
        is_list = headers.get("content-type") in (V1, V2)
        for header in COMPARED:
            # White space in JSON is anybody's own.
            if header in headers and not (is_list and header == "content-length"):
                self.assertEqual(ours_headers.get(header), headers[header], header)
        if is_list:
            self.assertEqual(ours_headers["content-type"], headers["content-type"])
            key = lambda entry: entry["name"] if isinstance(entry, dict) else entry
            self.assertEqual(sorted(json.loads(ours_body), key=key),
                             sorted(json.loads(body), key=key))
        else:
            self.assertEqual(ours_body, body)

    def test_request_by_request(self):
        compared = 0
        for name, method, path, body, headers in requests():
            with self.subTest(name):
                self.compare(name, self.ours.ask(method, path, body, headers),
                             self.other.ask(method, path, body, headers))
                compared += 1
        print(f"{compared} requests compared with {self.oracle}")


if __name__ == "__main__":
    if not shutil.which("rest-server") and not shutil.which("rclone"):
        print("skipped: neither rest-server nor rclone is installed")
        sys.exit(77)
    unittest.main(verbosity=2)
