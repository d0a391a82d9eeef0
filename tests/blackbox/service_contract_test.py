"""The service contract (docs/service-contract.md) as the supervisor and the gateway see it: a real
service program on a Unix socket, with audit datagrams, started and stopped as in an estate."""
import http.client
import json
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

BIN = Path(os.environ["BULKHEAD_BIN"])
SOURCE = Path(os.environ["BULKHEAD_SOURCE"])
DEADLINE_S = 20


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("meetings.example", timeout=DEADLINE_S)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(DEADLINE_S)
        self.sock.connect(self.path)


class Contract(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="service-contract-")
        self.addCleanup(self.folder.cleanup)
        root = Path(self.folder.name)
        self.data = root / "data"
        self.data.mkdir()
        sessions = SOURCE / "estates/imo/content/meetings/sessions.toml"
        (self.data / "sessions.toml").write_bytes(sessions.read_bytes())
        self.socket = root / "service.sock"
        self.config = root / "meetings.toml"
        self.config.write_text('[site]\norganisation = "Contract Test"\n')
        self.log = open(root / "log", "w+")
        self.addCleanup(self.log.close)

    def start(self, *extra):
        process = subprocess.Popen(
            [BIN / "bulkhead-meetings", "--socket", self.socket, "--data", self.data,
             "--config", self.config, *extra], stderr=self.log)
        self.addCleanup(self.end, process)
        deadline = time.monotonic() + DEADLINE_S
        while not self.listens():
            self.assertIsNone(process.poll(), "it ended instead of listening")
            self.assertLess(time.monotonic(), deadline, "it does not listen")
            time.sleep(0.01)
        return process

    def listens(self):
        # The file alone says little: it may have been left behind, or be just replaced.
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self.socket)) == 0

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.kill()
        process.wait()

    def ask(self, method, path, headers=None):
        connection = UnixConnection(self.socket)
        connection.request(method, path, headers=headers or {})
        response = connection.getresponse()
        body = response.read()
        connection.close()
        return response, body

    def test_answers_the_supervisor(self):
        self.start()
        self.assertEqual(self.ask("GET", "/livez")[0].status, 200)
        ready, body = self.ask("GET", "/readyz")
        self.assertEqual(ready.status, 200)
        self.assertEqual(json.loads(body), {"ready": True, "checks": {"sessions": "ok"}})
        self.assertEqual(self.ask("POST", "/quiesce")[0].status, 200)
        self.assertEqual(self.ask("GET", "/integrity")[0].status, 200)
        metrics = self.ask("GET", "/metrics")[1].decode()
        self.assertIn('bulkhead_requests_total{service="meetings",route="/readyz"', metrics)

    def test_is_not_ready_with_damaged_data(self):
        self.start()
        (self.data / "sessions.toml").write_bytes(os.urandom(4096))
        self.assertEqual(self.ask("GET", "/readyz")[0].status, 503)
        self.assertEqual(self.ask("GET", "/integrity")[0].status, 500)
        self.assertEqual(self.ask("GET", "/livez")[0].status, 200)

    def test_uses_what_the_gateway_says(self):
        self.start()
        response, body = self.ask("GET", "/en", {"X-Request-Id": "from-the-gateway",
                                                 "X-Bulkhead-Exposure": "read-only"})
        self.assertEqual(response.headers["X-Request-Id"], "from-the-gateway")
        self.assertIn(b"Read-only:", body)
        self.assertIn(b"Contract Test", body)
        self.assertIn("default-src 'none'", response.headers["Content-Security-Policy"])

    def test_keeps_the_floor_going(self):
        self.start()
        first = json.loads(self.ask("GET", "/floor.json")[1])["count"]
        deadline = time.monotonic() + DEADLINE_S
        while json.loads(self.ask("GET", "/floor.json")[1])["count"] < first + 3:
            self.assertLess(time.monotonic(), deadline, "the floor does not advance")

    def test_stops_gracefully_on_sigterm(self):
        process = self.start()
        stop = threading.Event()
        failures = []

        def visit():
            while not stop.is_set():
                try:
                    if self.ask("GET", "/fr")[0].status != 200:
                        failures.append("not 200")
                except (ConnectionRefusedError, FileNotFoundError):
                    return  # no longer listening: nothing was promised
                except (http.client.HTTPException, OSError) as error:
                    # A connection that was accepted and then dropped without its answer.
                    if not isinstance(error, (http.client.RemoteDisconnected, BrokenPipeError,
                                              ConnectionResetError)):
                        failures.append(repr(error))
                    return

        visitors = [threading.Thread(target=visit) for _ in range(4)]
        for visitor in visitors:
            visitor.start()
        self.ask("GET", "/livez")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(DEADLINE_S), 0)
        stop.set()
        for visitor in visitors:
            visitor.join()
        self.assertEqual(failures, [])

    def test_starts_again_over_a_socket_that_was_left_behind(self):
        process = self.start()
        process.kill()
        process.wait()
        self.assertTrue(self.socket.exists())
        self.start()
        self.assertEqual(self.ask("GET", "/livez")[0].status, 200)

    def test_says_what_is_wrong_with_its_command_line(self):
        program = BIN / "bulkhead-meetings"
        result = subprocess.run([program, "--data", self.data], capture_output=True, text=True)
        self.assertEqual(result.returncode, 2)
        self.assertIn("--socket is missing", result.stderr)
        self.config.write_text("[site]\norganization = 'misspelt'\n")
        result = subprocess.run([program, "--socket", self.socket, "--data", self.data,
                                 "--config", self.config], capture_output=True, text=True,
                                timeout=DEADLINE_S)
        self.assertEqual(result.returncode, 1)
        self.assertIn("organization", result.stderr)


if __name__ == "__main__":
    unittest.main()
