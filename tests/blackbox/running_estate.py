"""A running estate for a test: made in a folder of its own on free ports, asked as a visitor would
ask it (curl), as an operator would (bulkhead), and ended whatever happens."""
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
from pathlib import Path

BIN = Path(os.environ["BULKHEAD_BIN"])
SOURCE = Path(os.environ["BULKHEAD_SOURCE"])
DESCRIPTION = SOURCE / "tests/blackbox/estate"
WAIT_SECONDS_MAX = 60


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


class RunningEstate:
    def __init__(self, description=DESCRIPTION, options=()):
        self.root = Path(tempfile.mkdtemp(prefix="bulkhead-test-"))
        self.folder = self.root / "estate"
        self.description = Path(description)
        self.options = list(options)
        self.daemon = None
        self.output = None

    def __enter__(self):
        try:
            self.create()
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.stop()
        self.end_gateway()
        shutil.rmtree(self.root, ignore_errors=True)

    def create(self):
        self.bulkhead("estate", "create", "--from", self.description, "--at", self.folder,
                      "--free-ports", *self.options, estate=False)
        text = (self.folder / "estate.toml").read_text()
        self.port = int(text.split("https_port = ")[1].split()[0])

    def start(self):
        self.output = open(self.root / "bulkheadd.log", "ab")
        self.daemon = subprocess.Popen([BIN / "bulkheadd", "--estate", self.folder],
                                       stdout=self.output, stderr=self.output,
                                       stdin=subprocess.DEVNULL, start_new_session=True)
        self.wait_ready()

    def wait_ready(self):
        def settled():
            if self.daemon.poll() is not None:
                return True
            return self.bulkhead("estate", "status", check=False).returncode == 0
        until = time.monotonic() + WAIT_SECONDS_MAX
        while not settled() and time.monotonic() < until:
            time.sleep(0.1)
        status = self.bulkhead("estate", "status", check=False)
        if status.returncode != 0:
            log = (self.root / "bulkheadd.log").read_text()[-4000:]
            raise AssertionError(f"the estate is not ready:\n{status.stdout}{status.stderr}\n{log}")

    def stop(self, signal_number=signal.SIGTERM):
        if self.daemon and self.daemon.poll() is None:
            self.daemon.send_signal(signal_number)
            self.daemon.wait(timeout=60)
        if self.output:
            self.output.close()
        status = self.daemon.returncode if self.daemon else None
        self.daemon = None
        return status

    def gateway_id(self):
        return int((self.folder / "run/haproxy.pid").read_text())

    def end_gateway(self):
        """What outlives a supervisor that was killed must not outlive the test."""
        try:
            process = self.gateway_id()
            if os.readlink(f"/proc/{process}/cwd") == str(self.folder):
                os.kill(process, signal.SIGKILL)
        except (OSError, ValueError):
            pass

    def bulkhead(self, *arguments, check=True, estate=True):
        environment = dict(os.environ)
        environment.pop("BULKHEAD_ESTATE", None)
        if estate:
            environment["BULKHEAD_ESTATE"] = str(self.folder)
        result = subprocess.run([BIN / "bulkhead", *map(str, arguments)], env=environment,
                                capture_output=True, text=True, timeout=180)
        if check and result.returncode != 0:
            raise AssertionError(f"bulkhead {arguments}: {result.stdout}{result.stderr}")
        return result

    def state(self):
        return json.loads(self.bulkhead("estate", "status", "--json", check=False).stdout)

    def service(self, name):
        return next(s for s in self.state()["services"] if s["name"] == name)

    def expose(self, service, to):
        return self.bulkhead("expose", service, "--to", to)

    def token(self, role, minutes=5):
        return self.bulkhead("pass", "issue", "--role", role, "--minutes", minutes,
                             "--token").stdout.strip()

    def curl(self, host, path, *options):
        """The whole command, for tests that need curl itself."""
        return ["curl", "-s", "--path-as-is", "--max-time", "30", "--cacert",
                str(self.folder / "ca.crt"), "--resolve", f"*:{self.port}:127.0.0.1", *options,
                f"https://{host}:{self.port}{path}"]

    def get(self, host, path="/", *options):
        with tempfile.TemporaryDirectory(dir=self.root) as folder:
            headers = Path(folder) / "headers"
            result = subprocess.run(self.curl(host, path, "-D", headers, *options),
                                    capture_output=True, timeout=60)
            if result.returncode != 0:
                raise AssertionError(f"curl {host}{path}: exit status {result.returncode}")
            lines = headers.read_text().replace("\r", "").strip().split("\n\n")[-1].split("\n")
        fields = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            fields[name.lower()] = value.strip()
        return Answer(int(lines[0].split()[1]), fields, result.stdout.decode())

    def connection(self, host):
        """A connection that stays open between requests (HTTP/1.1)."""
        context = ssl.create_default_context(cafile=self.folder / "ca.crt")
        raw = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        connection = http.client.HTTPSConnection(host, self.port, timeout=30)
        connection.sock = context.wrap_socket(raw, server_hostname=host)
        return connection


def wait_until(condition, what):
    until = time.monotonic() + WAIT_SECONDS_MAX
    while time.monotonic() < until:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"did not happen: {what}")
