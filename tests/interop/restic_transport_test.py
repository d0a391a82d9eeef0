"""What `bulkhead repo` is told of servers and of its cache: whom to trust, what to show, how fast to
go, what to keep. Both servers are vaults of ours."""
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from repository_peers import BULKHEAD, PASSWORD, expect_same, make_tree, same
from vault_process import BIN, Vault


class Client:
    """`bulkhead repo` on a repository of a vault."""

    def __init__(self, work, vault, password):
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": str(work), "LC_ALL": "C.UTF-8",
            "RESTIC_REPOSITORY": f"rest:https://127.0.0.1:{vault.port}/imo/",
            "RESTIC_REST_USERNAME": "imo", "RESTIC_REST_PASSWORD": password,
            "RESTIC_PASSWORD": PASSWORD, "RESTIC_CACHE_DIR": str(work / "cache"),
        }

    def __call__(self, *arguments, status=0, **environment):
        """`status` None: any but success."""
        done = subprocess.run([BULKHEAD, "repo", *map(str, arguments)], capture_output=True,
                              env={**self.environment, **environment})
        if done.returncode != status if status is not None else done.returncode == 0:
            sys.stderr.buffer.write(done.stdout + done.stderr)
            sys.exit(f"{' '.join(map(str, arguments))}: {done.returncode}, wanted {status}")
        return done.stdout.decode(), done.stderr.decode()


def trust(client, vault, source):
    authority = vault.folder / "ca.crt"
    _, error = client("init", status=None)
    assert "certificate" in error, error
    client("init", "--cacert", authority)
    client("backup", source, RESTIC_CACERT=str(authority))
    client("snapshots", status=1)
    listed, _ = client("snapshots", "--insecure-tls", "--json")
    same(len(json.loads(listed)), 1, "snapshots behind an unknown certificate")
    print("a server is trusted for its certificate, or blindly where that was said")


def limits(client, vault, source, work):
    """How long it takes is told by storage's own tests; here: that everything arrives."""
    known = ("--cacert", vault.folder / "ca.crt")
    client("backup", "-f", "--limit-upload", 20_000, "--tag", "slow", *known, source)
    client("restore", "latest", "--tag", "slow", "--limit-download", 20_000, *known,
           "--target", work / "slow")
    expect_same(source, work / "slow" / str(source).lstrip("/"), "restored at a limited rate")
    client("check", "--read-data", "--limit-download", 50_000, *known)
    client("snapshots", "--limit-download", 1 << 60, *known, status=1)
    client("snapshots", "--limit-download", "fast", *known, status=2)
    # What is given once is meant for both repositories.
    client("init", "-r", work / "copy", *known)
    client("copy", "-r", work / "copy", "--from-repo", client.environment["RESTIC_REPOSITORY"],
           "--limit-download", 50_000, *known, RESTIC_FROM_PASSWORD=PASSWORD)
    client("check", "-r", work / "copy")
    print("everything arrives at a limited rate")


def certificates(work):
    vault = Vault(work / "with certificates",
                  'client_certificates = "required"\nclient_authority = "clients.crt"\n')
    password = vault.add_credential("imo")
    shown = work / "london.pem"
    subprocess.run([BIN / "bulkhead", "vault", "enrol", "client", "imo", "--config",
                    vault.configuration, "--user", "london", "--out", shown], check=True,
                   stdout=subprocess.DEVNULL)
    vault.start()
    try:
        client = Client(work, vault, password)
        known = ("--cacert", vault.folder / "ca.crt")
        client("init", *known, status=None)
        client("init", *known, "--tls-client-cert", shown)
        client("snapshots", *known, RESTIC_TLS_CLIENT_CERT=str(shown))
    finally:
        vault.stop()
    print("a certificate is shown to servers that ask for one")


def caches(work):
    """Many blobs, since of few nothing is kept."""
    source = work / "many"
    source.mkdir()
    for i in range(2500):
        (source / str(i)).write_text(str(i))
    environment = {"PATH": os.environ["PATH"], "HOME": str(work), "RESTIC_PASSWORD": PASSWORD}

    def repo(*arguments, status=0):
        done = subprocess.run([BULKHEAD, "repo", *map(str, arguments)], env=environment,
                              capture_output=True, text=True)
        assert done.returncode == status, (arguments, done.stdout, done.stderr)
        return done.stdout

    assert "nothing" in repo("cache")
    repo("init", "-r", work / "local")
    repo("backup", "-r", work / "local", source)
    repo("stats", "-r", work / "local", "--mode", "raw-data")
    id = json.loads(repo("cat", "-r", work / "local", "config"))["id"]
    kept, = json.loads(repo("cache", "--json"))
    folder = work / ".cache" / "bulkhead" / id
    same((kept["id"], kept["size"], kept["old"]),
         (id, sum(path.stat().st_size for path in folder.iterdir()), False), "what is kept")
    table = repo("cache")
    assert id[:10] in table and "KiB" in table, table
    assert "KiB" not in repo("cache", "--no-size")
    repo("cache", "--cleanup")
    same(len(json.loads(repo("cache", "--json"))), 1, "after nothing was old")

    old = 1_500_000_000
    for path in folder.iterdir():
        os.utime(path, (old, old))
    same(json.loads(repo("cache", "--json"))[0]["old"], True, "old")
    # It is of use again, and so no longer old.
    repo("stats", "-r", work / "local", "--mode", "raw-data")
    same(json.loads(repo("cache", "--json"))[0]["old"], False, "used again")
    for path in folder.iterdir():
        os.utime(path, (old, old))
    same(json.loads(repo("cache", "--json", "--cleanup"))[0]["id"], id, "removed")
    assert not folder.exists()
    repo("stats", "-r", work / "local", "--mode", "raw-data")
    for path in folder.iterdir():
        os.utime(path, (old, old))
    repo("snapshots", "-r", work / "local", "--cleanup-cache")
    same(json.loads(repo("cache", "--json")), [], "after --cleanup-cache")
    repo("cache", "--no-cache", status=1)
    print("what is kept between runs is listed and cleaned")


def main():
    with tempfile.TemporaryDirectory(prefix="restic-transport-") as name:
        work = Path(name)
        source = work / "source"
        source.mkdir()
        make_tree(source)
        vault = Vault(work / "vault")
        password = vault.add_credential("imo")
        vault.start()
        try:
            client = Client(work, vault, password)
            trust(client, vault, source)
            limits(client, vault, source, work)
        finally:
            vault.stop()
        certificates(work)
        caches(work)


if __name__ == "__main__":
    main()
