"""Runs one service of ours on a Unix socket, on a copy of the sample estate's content."""
import http.client
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

SOURCE = pathlib.Path(os.environ["BULKHEAD_SOURCE"])
BIN = pathlib.Path(os.environ["BULKHEAD_BIN"])
START_TIMEOUT_S = 30


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, host):
        super().__init__(host, timeout=30)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(30)
        self.sock.connect(str(self.path))


class Service:
    """with Service("website") as service: service.get("/en")"""

    def __init__(self, name):
        self.name = name
        self.folder = tempfile.TemporaryDirectory(prefix=f"bulkhead-{name}-")
        self.data = pathlib.Path(self.folder.name) / "data"
        self.socket = pathlib.Path(self.folder.name) / "service.sock"
        shutil.copytree(SOURCE / "estates/imo/content" / name, self.data)

    def __enter__(self):
        self.process = subprocess.Popen(
            [BIN / f"bulkhead-{self.name}", "--socket", self.socket, "--data", self.data],
            stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            assert self.process.poll() is None, f"{self.name} ended with {self.process.returncode}"
            try:
                if self.get("/readyz")[0] == 200:
                    return self
            except (FileNotFoundError, ConnectionRefusedError):
                pass
            assert time.monotonic() < deadline, f"{self.name} is not ready"
            time.sleep(0.02)

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        finally:
            self.process.kill()
            self.folder.cleanup()

    def get(self, target, host=None, headers=None):
        """(status, headers, body) of one request."""
        connection = UnixConnection(self.socket, host or f"{self.name}.localhost")
        try:
            connection.request("GET", target, headers=headers or {})
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()
