#!/usr/bin/env python3
"""The S3 backend against Ceph's radosgw, a real store with object lock: the contract suite, the
lock, restic on the same repository, and the vault's locked copies. `make test-s3` runs it.

usage: radosgw_test.py (BULKHEAD_BIN names the programs' folder; the packages are kept below it)
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "interop"))
from radosgw import KEY, SECRET, Radosgw, unpack  # noqa: E402
from vault_process import Vault  # noqa: E402

BIN = pathlib.Path(os.environ["BULKHEAD_BIN"])


def contract(store: Radosgw) -> None:
    done = subprocess.run(
        [BIN / "storage_test", "--gtest_filter=S3*"], text=True, capture_output=True,
        env={**os.environ, "BULKHEAD_TEST_S3": f"{store.url} {KEY} {SECRET}"})
    print(done.stdout[-3000:])
    assert done.returncode == 0, "the contract suite failed"
    assert "SKIPPED" not in done.stdout, "a test was left out"


def exchange_with_restic(store: Radosgw, folder: pathlib.Path) -> None:
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET,
                   "RESTIC_PASSWORD": "a test's password",
                   "RESTIC_REPOSITORY": f"s3:{store.url}/exchange/with/restic",
                   "XDG_CACHE_HOME": str(folder / "cache"), "HOME": str(folder)}

    def run(*command: str | pathlib.Path) -> str:
        done = subprocess.run(command, env=environment, text=True, capture_output=True)
        assert done.returncode == 0, f"{command}: {done.stdout[-1000:]}{done.stderr[-1000:]}"
        return done.stdout

    source = folder / "source"
    source.mkdir()
    for number in range(300):
        (source / f"file-{number}").write_bytes(os.urandom(number * 50))
    run(BIN / "bulkhead", "repo", "init")
    run(BIN / "bulkhead", "repo", "backup", source)
    run("restic", "check", "--read-data")
    run("restic", "backup", source)
    run(BIN / "bulkhead", "repo", "check", "--read-data")
    for name, command in (("ours", [BIN / "bulkhead", "repo"]), ("restics", ["restic"])):
        run(*command, "restore", "latest", "--target", folder / name)
        run("diff", "-r", source, folder / name / source.relative_to("/"))


def ask(store: Radosgw, method: str, path: str, *headers: str) -> tuple[int, str]:
    options = [option for header in headers for option in ("-H", header)]
    done = subprocess.run(
        ["curl", "-sS", "-X", method, "--aws-sigv4", "aws:amz:us-east-1:s3", "--user",
         f"{KEY}:{SECRET}", "-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD", *options, "-w", "\\n%{http_code}", f"{store.url}/{path}"],
        text=True, capture_output=True, check=True)
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body


def vault_keeps_locked_copies(store: Radosgw, folder: pathlib.Path) -> None:
    def vault_with(bucket: str) -> Vault:
        place = folder / bucket
        vault = Vault(place, f'[object_store]\nbucket = "{store.url}/{bucket}/geneva"\n'
                             'access = "s3-access"\nretention = "1d"\n')
        (place / "s3-access").write_text(f"{KEY}\n{SECRET}\n")
        return vault

    assert ask(store, "PUT", "plain")[0] == 200
    try:
        vault_with("plain").start()
        raise AssertionError("the vault trusts a bucket without object lock")
    except RuntimeError:
        pass
    assert ask(store, "PUT", "locked", "x-amz-bucket-object-lock-enabled: true")[0] == 200
    vault = vault_with("locked")
    password = vault.add_credential("imo")
    vault.start()
    environment = vault.restic_environment("imo", password)
    restic = ["restic", "--cacert", vault.folder / "ca.crt"]
    try:
        subprocess.run([*restic, "init"], env=environment, check=True, capture_output=True)
        subprocess.run([*restic, "backup", pathlib.Path(__file__).parent], env=environment,
                       check=True, capture_output=True)
    finally:
        vault.stop()
    # The copy is a repository by itself, and nobody with the store's own key deletes from it.
    copy = {**environment, "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET,
            "RESTIC_REPOSITORY": f"s3:{store.url}/locked/geneva/imo"}
    checked = subprocess.run(["restic", "--no-lock", "check", "--read-data"], env=copy, text=True,
                             capture_output=True)
    assert checked.returncode == 0, checked.stderr
    status, listed = ask(store, "GET", "locked?versions=")
    assert status == 200, listed
    versions = re.findall(r"<Key>(geneva/imo/[^<]+)</Key><VersionId>([^<]+)</VersionId>", listed)
    stored = {str(p.relative_to(vault.folder / "data/imo"))
              for kind in ("config", "keys", "snapshots", "index", "data")
              for p in [*(vault.folder / "data/imo").glob(kind),
                        *(vault.folder / "data/imo" / kind).rglob("*")] if p.is_file()}
    assert {key.removeprefix("geneva/imo/") for key, _ in versions} == stored, versions
    for key, version in versions:
        status, said = ask(store, "DELETE", f"locked/{key}?versionId={version}")
        assert status == 403, (key, status, said)


def main() -> int:
    root = unpack(BIN.parent / "radosgw")
    if root is None:
        print("Ceph's packages cannot be had here")
        return 77
    with tempfile.TemporaryDirectory(prefix="radosgw-") as temporary:
        folder = pathlib.Path(temporary)
        store = Radosgw(root, folder / "store")
        try:
            store.start()
            contract(store)
            exchange_with_restic(store, folder)
            vault_keeps_locked_copies(store, folder)
        finally:
            store.stop()
    print("radosgw: the contract, the lock, the exchange with restic and the vault's copies hold")
    return 0


sys.exit(main())
