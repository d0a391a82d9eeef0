#!/usr/bin/env python3
"""The same requests to bulkhead-vault and to another server of restic's REST protocol: status,
headers that clients read, and bodies of what succeeds are compared, one by one.

The other server is rest-server where it is installed, else `rclone serve restic` of Debian 12.
Where we differ on purpose, or the other does, the table names it with its reason."""
import base64
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
        "delete missing lock": ((404, 200, 500), 200, "what is gone is gone"),
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


CONTENT = bytes(range(256)) * 20
NAME = hashlib.sha256(CONTENT).hexdigest()
NONE = hashlib.sha256(b"none").hexdigest()
LOCK = hashlib.sha256(b"a lock").hexdigest()

# Name, method, path, body, headers, rest-server's status (0.14.0), ours, why they differ. What
# rest-server answers is held to this table where it is installed; our part is always.
EDGES = [
    ("no such repository", "GET", "/none/data/", None, {"Accept": V2}, 404, 404, ""),
    ("nothing where none was created", "POST", f"/none/data/{NAME}", CONTENT, {}, 200, 404,
     "repositories are created by ?create=true only"),
    ("create without saying so", "POST", "/edge/", b"", {}, 400, 400, ""),
    ("create, but not", "POST", "/edge/?create=false", b"", {}, 400, 400, ""),
    ("get a repository", "GET", "/edge/", None, {}, 405, 405, ""),
    ("head of a list", "HEAD", "/edge/data/", None, {}, 405, 200, "HEAD is where GET is"),
    ("post to a list", "POST", "/edge/data/", b"x", {}, 405, 405, ""),
    ("put", "PUT", f"/edge/data/{NAME}", CONTENT, {}, 405, 405, ""),
    ("patch the config", "PATCH", "/edge/config", b"x", {}, 405, 405, ""),
    ("list with no Accept", "GET", "/edge/data/", None, {}, 200, 200, ""),
    ("list with any Accept", "GET", "/edge/data/", None, {"Accept": "*/*"}, 200, 200, ""),
    ("list with two in Accept", "GET", "/edge/data/", None, {"Accept": f"{V2}, */*"}, 200, 200, ""),
    ("empty list, version 1", "GET", "/edge/locks/", None, {"Accept": V1}, 200, 200, ""),
    ("config is no folder", "GET", "/edge/config/", None, {}, 404, 404, ""),
    ("a repository in a folder", "POST", "/one/two/?create=true", b"", {}, 200, 200, ""),
    ("its config", "POST", "/one/two/config", b"config", {}, 200, 200, ""),
    ("its config again", "GET", "/one/two/config", None, {}, 200, 200, ""),
    ("three deep", "POST", "/one/two/three/?create=true", b"", {}, 404, 404, ""),
    ("the root itself", "POST", "/?create=true", b"", {}, 200, 200, ""),
    ("the root's config", "POST", "/config", b"config", {}, 200, 200, ""),
    ("the root's list", "GET", "/keys/", None, {"Accept": V2}, 200, 200, ""),
    ("the root's pack", "POST", f"/data/{NAME}", CONTENT, {}, 200, 200, ""),
    ("up and down", "GET", "/edge/../edge/config", None, {}, 301, 200, "it names the same"),
    ("up and down, encoded", "GET", "/edge/%2e%2e/edge/config", None, {}, 301, 200, "likewise"),
    ("out of the root", "GET", "/../../etc/passwd", None, {}, 301, 400, "both give nothing"),
    ("two slashes", "GET", "//edge//config", None, {}, 301, 200, "restic sends them, and follows"),
    ("an encoded letter", "GET", "/%65dge/config", None, {}, 200, 200, ""),
    ("63 digits", "GET", f"/edge/data/{NAME[1:]}", None, {}, 404, 404, ""),
    ("65 digits", "GET", f"/edge/data/{NAME}0", None, {}, 404, 404, ""),
    ("no digits", "GET", f"/edge/data/{NAME[1:]}g", None, {}, 404, 404, ""),
    ("below a file", "GET", f"/edge/data/{NAME}/x", None, {}, 404, 404, ""),
    ("the fan-out", "GET", f"/edge/data/{NAME[:2]}/{NAME}", None, {}, 404, 404, ""),
    ("receipts", "GET", "/edge/receipts.jsonl", None, {}, 404, 405,
     "it reads as a repository's name, and those are only posted to"),
    ("several ranges", "GET", f"/edge/data/{NAME}", None, {"Range": "bytes=0-1,4-5"}, 206, 200,
     "one range at a time; RFC 9110, 14.2 allows the whole"),
    ("a range that is none", "GET", f"/edge/data/{NAME}", None, {"Range": "bytes=a-b"}, 416, 200,
     "likewise"),
    ("a range the wrong way", "GET", f"/edge/data/{NAME}", None, {"Range": "bytes=9-1"}, 416, 200,
     "likewise"),
    ("another unit", "GET", f"/edge/data/{NAME}", None, {"Range": "lines=1-2"}, 416, 200,
     "likewise"),
    ("a range of the config", "GET", "/edge/config", None, {"Range": "bytes=1-3"}, 200, 206,
     "restic takes either"),
    ("delete what is not there", "DELETE", f"/edge/data/{NONE}", None, {}, 403, 403, ""),
    ("a lock without bytes", "POST", f"/edge/locks/{hashlib.sha256(b'').hexdigest()}", b"", {},
     200, 200, ""),
    ("a lock in chunks", "POST", f"/edge/locks/{LOCK}", [b"a ", b"lock"], {}, 200, 411,
     "room is reserved before the first byte, so the length must be known; restic sends it"),
]
USERS = {"anna": "a password of hers", "bert": "another password"}
# By htpasswd -nbB.
HTPASSWD = """anna:$2b$05$jty2WjDckXC26Vm3sr0qK.nTbUuJXDQgi1mM3cDjJsV3KGLaUDHVe
bert:$2b$05$nq3Kix5mZyFYNHwaDPGNnuhU7a6C7QCD/ug.8yt2JfmyDPVPANNVe
"""


def methods_in(allow: str):
    return {method.strip() for method in allow.split(",")}


def protocol_list(body):
    """A list's order is anybody's own; of snapshots we say besides when they were received."""
    entries = json.loads(body)
    for entry in entries:
        if isinstance(entry, dict):
            entry.pop("received", None)
    return sorted(entries, key=str)


def as_set(answer):
    status, headers, body = answer
    if headers.get("content-type") not in (V1, V2):
        return status, body
    return status, headers["content-type"], protocol_list(body)


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
            self.assertEqual(protocol_list(ours_body), protocol_list(body))
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

    def test_edges(self):
        for server in (self.ours, self.other):
            server.ask("POST", "/edge/?create=true", b"")
            server.ask("POST", "/edge/config", b"config")
            server.ask("POST", f"/edge/data/{NAME}", CONTENT)
        for name, method, path, body, headers, status, ours_status, _ in EDGES:
            with self.subTest(name):
                ours = self.ours.ask(method, path, body, headers)
                self.assertEqual(ours[0], ours_status, "our status")
                if self.oracle != "rest-server":
                    continue
                other = self.other.ask(method, path, body, headers)
                self.assertEqual(other[0], status, "rest-server's status")
                if ours[0] == other[0] == 405:
                    self.assertLessEqual(methods_in(other[1]["allow"]),
                                         methods_in(ours[1]["allow"]))
                elif ours[0] == other[0] == 200 and method == "GET":
                    self.assertEqual(as_set(ours), as_set(other))


class SameUsers(unittest.TestCase):
    """With passwords: who may do what, and what is counted."""

    def serve(self, *flags):
        temporary = tempfile.TemporaryDirectory(prefix="vault-users-")
        self.addCleanup(temporary.cleanup)
        folder = pathlib.Path(temporary.name)
        users = folder / "users"
        users.write_text(HTPASSWD)
        programs = {"ours": [BIN / "bulkhead-vault", "serve"]}
        if shutil.which("rest-server"):
            programs["rest-server"] = ["rest-server"]
        servers = {}
        for name, program in programs.items():
            (folder / name).mkdir()
            port = free_port()
            servers[name] = Server([*program, "--path", folder / name, "--listen",
                                    f"127.0.0.1:{port}", "--htpasswd-file", users,
                                    "--append-only", *flags], port)
            self.addCleanup(servers[name].stop)
        return servers

    def ask(self, servers, status, ours_status, method, path, user=None, password=None, body=None):
        headers = {}
        if user:
            both = f"{user}:{password or USERS[user]}".encode()
            headers["Authorization"] = "Basic " + base64.b64encode(both).decode()
        with self.subTest(f"{method} {path} {user}"):
            self.assertEqual(servers["ours"].ask(method, path, body, headers)[0], ours_status)
            if "rest-server" in servers:
                self.assertEqual(servers["rest-server"].ask(method, path, body, headers)[0], status)

    def test_everybody_reaches_everything(self):
        servers = self.serve()
        self.ask(servers, 401, 401, "POST", "/a/?create=true", body=b"")
        self.ask(servers, 401, 401, "POST", "/a/?create=true", "anna", "wrong", b"")
        self.ask(servers, 401, 401, "POST", "/a/?create=true", "nobody", "wrong", b"")
        self.ask(servers, 200, 200, "POST", "/a/?create=true", "anna", body=b"")
        self.ask(servers, 200, 200, "POST", "/a/config", "bert", body=b"config")
        self.ask(servers, 200, 200, "GET", "/a/config", "anna")
        self.ask(servers, 401, 401, "GET", "/a/config")

    def test_private_repositories(self):
        servers = self.serve("--private-repos")
        self.ask(servers, 200, 200, "POST", "/anna/?create=true", "anna", body=b"")
        self.ask(servers, 200, 200, "POST", "/anna/laptop/?create=true", "anna", body=b"")
        self.ask(servers, 200, 200, "POST", "/anna/laptop/config", "anna", body=b"config")
        # With the right password the user is known: another's folder is forbidden, not unknown.
        self.ask(servers, 401, 403, "GET", "/anna/laptop/config", "bert")
        self.ask(servers, 401, 403, "POST", "/annabel/?create=true", "anna", body=b"")
        self.ask(servers, 401, 403, "POST", "/?create=true", "anna", body=b"")
        self.ask(servers, 401, 401, "GET", "/anna/laptop/config")

    def test_metrics(self):
        servers = self.serve("--prometheus", "--prometheus-no-auth")
        self.ask(servers, 200, 200, "POST", "/a/?create=true", "anna", body=b"")
        self.ask(servers, 200, 200, "POST", f"/a/data/{NAME}", "anna", body=CONTENT)
        self.ask(servers, 200, 200, "GET", f"/a/data/{NAME}", "anna")
        lock = name_of(b"lock")
        self.ask(servers, 200, 200, "POST", f"/a/locks/{lock}", "anna", body=b"lock")
        self.ask(servers, 200, 200, "DELETE", f"/a/locks/{lock}", "anna")
        counted = {}
        for name, server in servers.items():
            status, headers, text = server.ask("GET", "/metrics")
            self.assertEqual(status, 200)
            self.assertIn("text/plain", headers["content-type"])
            counted[name] = {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1])
                             for line in text.decode().splitlines()
                             if line.startswith("rest_server_blob_")}
        labels = '{repo="a",type="data",user="anna"}'
        self.assertEqual(counted["ours"][f"rest_server_blob_write_total{labels}"], 1)
        self.assertEqual(counted["ours"][f"rest_server_blob_read_bytes_total{labels}"],
                         len(CONTENT))
        for other in counted.values():
            self.assertEqual(counted["ours"], other)


if __name__ == "__main__":
    if not shutil.which("rest-server") and not shutil.which("rclone"):
        print("skipped: neither rest-server nor rclone is installed")
        sys.exit(77)
    unittest.main(verbosity=2)
