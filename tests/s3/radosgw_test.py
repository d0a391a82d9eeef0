#!/usr/bin/env python3
"""The S3 backend against Ceph's radosgw, a real store with object lock: the contract suite, the
lock, and restic on the same repository. `make test-s3` runs it.

usage: radosgw_test.py (BULKHEAD_BIN names the programs' folder; the packages are kept below it)
"""
import os
import pathlib
import subprocess
import sys
import tempfile

from radosgw import KEY, SECRET, Radosgw, unpack

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
        finally:
            store.stop()
    print("radosgw: the contract, the lock and the exchange with restic hold")
    return 0


sys.exit(main())
