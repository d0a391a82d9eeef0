"""Starts bulkhead-vault with a certificate of its own on a free port, for tests."""
import json
import os
import pathlib
import subprocess
import time

BIN = pathlib.Path(os.environ["BULKHEAD_BIN"])


def make_certificate(folder: pathlib.Path) -> None:
    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", "ca.key", "-out", "ca.crt", "-days", "2", "-subj", "/CN=Test authority")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", "vault.key", "-out", "vault.csr", "-subj", "/CN=vault")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1,DNS:vault.localhost\n")
    openssl("x509", "-req", "-in", "vault.csr", "-CA", "ca.crt", "-CAkey", "ca.key",
            "-CAcreateserial", "-days", "2", "-extfile", "names", "-out", "vault.crt")


class Vault:
    """A running vault; `folder` holds its configuration, certificate, credentials and data."""

    def __init__(self, folder: pathlib.Path, limits: str = ""):
        self.folder = folder
        self.configuration = folder / "vault.toml"
        folder.mkdir(parents=True, exist_ok=True)
        make_certificate(folder)
        self.configuration.write_text(
            'address = "127.0.0.1"\nport = 0\ndata = "data"\ncertificate = "vault.crt"\n'
            'key = "vault.key"\ncredentials = "credentials.toml"\nmetrics_socket = "local.sock"\n'
            + limits)
        self.process = None
        self.port = 0

    def add_credential(self, repository: str, *more: str) -> str:
        """The new password, as the program prints it once."""
        done = subprocess.run(
            [BIN / "bulkhead-vault", "credential", "add", "--config", self.configuration, *more,
             repository], check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def start(self, under=()) -> None:
        """`under`: a command that runs the vault, such as strace."""
        log = self.folder / "vault.log"
        with log.open("a") as out:
            begin = out.tell()
            self.process = subprocess.Popen(
                [*under, BIN / "bulkhead-vault", "serve", "--config", self.configuration],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=out)
        end = time.monotonic() + 30
        while time.monotonic() < end and self.process.poll() is None:
            for line in log.read_text()[begin:].splitlines(keepends=True):
                # Why it does not start is said in words, not in an object.
                said = json.loads(line) if line.startswith("{") and line.endswith("\n") else {}
                if said.get("message") == "serving":
                    self.port = int(said["port"])
                    return
            time.sleep(0.02)
        raise RuntimeError("the vault did not start: " + log.read_text()[begin:])

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(30)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(30)

    def restic_environment(self, repository: str, password: str, path: str = "") -> dict:
        user = repository.replace("/", "%2F")
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "RESTIC_REPOSITORY":
                f"rest:https://{user}:{password}@127.0.0.1:{self.port}/{path or repository}/",
            "RESTIC_PASSWORD": "the repository's own password",
            "RESTIC_CACHE_DIR": str(self.folder / "cache"),
            "RESTIC_PROGRESS_FPS": "0.01",
        }
