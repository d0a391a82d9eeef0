#!/usr/bin/env python3
"""The S3 backend against Ceph's radosgw, a real store with object lock: the contract suite, the
lock, restic on the same repository, packs mended from parity, the vault's locked copies, and a vault made again from them.
`make test-s3` runs it.

usage: radosgw_test.py (BULKHEAD_BIN names the programs' folder; the packages are kept below it)
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "interop"))
from radosgw import KEY, SECRET, Radosgw, unpack  # noqa: E402
from vault_process import Vault  # noqa: E402

BIN = pathlib.Path(os.environ["BULKHEAD_BIN"])
ROUND_SECONDS = 60


def ask(store: Radosgw, method: str, path: str, *headers: str,
        content: str | None = None) -> tuple[int, str]:
    options = [option for header in headers for option in ("-H", header)]
    if content is not None:
        options += ["--data-binary", content]
    done = subprocess.run(
        ["curl", "-sS", "-X", method, "--aws-sigv4", "aws:amz:us-east-1:s3", "--user",
         f"{KEY}:{SECRET}", "-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD", *options,
         "-w", "\\n%{http_code}", f"{store.url}/{path}"],
        text=True, capture_output=True, check=True)
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body


def make_locked_bucket(store: Radosgw, name: str) -> None:
    status, said = ask(store, "PUT", name, "x-amz-bucket-object-lock-enabled: true")
    assert status == 200, said


def versions_in(store: Radosgw, bucket: str) -> list[tuple[str, str]]:
    status, listed = ask(store, "GET", f"{bucket}?versions=")
    assert status == 200, listed
    return re.findall(r"<Key>(geneva/imo/[^<]+)</Key><VersionId>([^<]+)</VersionId>", listed)


def files_of(vault: Vault) -> set[str]:
    imo = vault.folder / "data/imo"
    return {str(path.relative_to(imo)) for kind in ("config", "keys", "snapshots", "index", "data")
            for path in [*imo.glob(kind), *(imo / kind).rglob("*")] if path.is_file()}


def object_store(store: Radosgw, bucket: str) -> str:
    return (f'[object_store]\nbucket = "{store.url}/{bucket}/geneva"\naccess = "s3-access"\n'
            'retention = "1d"\n')


def contract(store: Radosgw) -> None:
    make_locked_bucket(store, "contract")
    done = subprocess.run(
        [BIN / "storage_test", "--gtest_filter=S3*:*S3:LockedS3*"], text=True, capture_output=True,
        env={**os.environ, "BULKHEAD_TEST_S3": f"{store.url} {KEY} {SECRET}",
             "BULKHEAD_TEST_S3_LOCKED": f"{store.url}/contract {KEY} {SECRET}"})
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


def parity_mends_packs(store: Radosgw, folder: pathlib.Path) -> None:
    """Of a repository in the store: a flipped byte, a cut off end, and a pack that is gone."""
    place = "mended/repository"
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET,
                   "RESTIC_PASSWORD": "a test's password", "HOME": str(folder),
                   "RESTIC_REPOSITORY": f"s3:{store.url}/{place}"}

    def run(*command: str | pathlib.Path, status: int = 0) -> str:
        done = subprocess.run(command, env=environment, text=True, capture_output=True)
        assert done.returncode == status, (command, done.returncode, done.stdout, done.stderr)
        return done.stdout

    ours = [BIN / "bulkhead", "repo"]
    run(*ours, "init")
    source = folder / "to be mended"
    source.mkdir()
    for number in range(3):
        (source / str(number)).write_bytes(os.urandom(3_000_000))
        run(*ours, "backup", "--no-cache", source)
    # When the store received each snapshot decides, and it tells that.
    assert "does not tell" not in run(*ours, "forget", "--keep-last", "9", "--dry-run")
    made = json.loads(run(*ours, "parity", "--percent", "110", "--json").splitlines()[-1])
    packs = run(*ours, "list", "packs").split()
    assert made["made"] == len(packs) >= 3, made
    again = json.loads(run(*ours, "parity", "--percent", "110", "--json").splitlines()[-1])
    assert again["made"] == 0, again
    flipped, cut, gone = packs[:3]
    whole = {}
    for pack in packs[:3]:
        file = folder / "pack"
        with open(file, "wb") as output:
            subprocess.run([*ours, "cat", "pack", pack], env=environment, stdout=output, check=True)
        whole[pack] = file.read_bytes()
    damaged = folder / "damaged"
    damaged.write_bytes(whole[flipped][:50] + bytes([whole[flipped][50] ^ 1]) + whole[flipped][51:])
    for pack, content in ((flipped, damaged.read_bytes()), (cut, whole[cut][:-100])):
        damaged.write_bytes(content)
        status, said = ask(store, "PUT", f"{place}/data/{pack[:2]}/{pack}", content=f"@{damaged}")
        assert status == 200, said
    assert ask(store, "DELETE", f"{place}/data/{gone[:2]}/{gone}")[0] == 204
    run("restic", "--no-cache", "check", "--read-data", status=1)
    mended = json.loads(run(*ours, "repair", "packs", "--json").splitlines()[-1])
    assert (mended["rebuilt"], mended["blobs_lost"]) == (3, 0), mended
    run("restic", "--no-cache", "check", "--read-data")


def vault_keeps_locked_copies(store: Radosgw, folder: pathlib.Path) -> None:
    def vault_with(bucket: str) -> Vault:
        place = folder / bucket
        vault = Vault(place, object_store(store, bucket))
        (place / "s3-access").write_text(f"{KEY}\n{SECRET}\n")
        return vault

    assert ask(store, "PUT", "plain")[0] == 200
    try:
        vault_with("plain").start()
        raise AssertionError("the vault trusts a bucket without object lock")
    except RuntimeError as refused:
        assert "object lock" in str(refused).lower(), refused
    make_locked_bucket(store, "locked")
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
    versions = versions_in(store, "locked")
    assert {key.removeprefix("geneva/imo/") for key, _ in versions} == files_of(vault), versions
    for key, version in versions:
        status, said = ask(store, "DELETE", f"locked/{key}?versionId={version}")
        assert status == 403, (key, status, said)


def metric(vault: Vault, name: str) -> float:
    text = subprocess.run(["curl", "-sS", "--unix-socket", vault.folder / "local.sock",
                           "http://vault/metrics"], text=True, capture_output=True,
                          check=True).stdout
    return float(re.search(rf"^bulkhead_vault_object_store_{name} (\S+)$", text, re.M)[1])


def vault_comes_back_from_the_store(store: Radosgw, folder: pathlib.Path) -> None:
    vault = Vault(folder / "rebuilt")
    password = vault.add_credential("imo")
    restic = ["restic", "--cacert", vault.folder / "ca.crt"]

    def run(*arguments: str | pathlib.Path) -> None:
        done = subprocess.run([*restic, *arguments], text=True, capture_output=True,
                              env=vault.restic_environment("imo", password))
        assert done.returncode == 0, f"{arguments}: {done.stdout[-1000:]}{done.stderr[-1000:]}"

    source = folder / "source"
    vault.start()
    run("init")
    run("backup", source)
    vault.stop()
    # The store is switched on later: what was there before is copied and locked.
    make_locked_bucket(store, "later")
    vault.configuration.write_text(vault.configuration.read_text() + object_store(store, "later"))
    (vault.folder / "s3-access").write_text(f"{KEY}\n{SECRET}\n")
    vault.start()
    deadline = time.monotonic() + ROUND_SECONDS
    while metric(vault, "complete_as_of_seconds") == 0:
        assert time.monotonic() < deadline, "the round does not end"
        time.sleep(0.1)
    stored = files_of(vault)
    assert metric(vault, "copied_files_total") == len(stored)
    assert {key.removeprefix("geneva/imo/") for key, _ in versions_in(store, "later")} == stored
    run("backup", source)
    vault.stop()
    stored = files_of(vault)
    versions = versions_in(store, "later")
    for key, version in versions:
        status, said = ask(store, "DELETE", f"later/{key}?versionId={version}")
        assert status == 403, (key, status, said)
    # A thief of the store's key hides all of it, and the vault's disk is lost.
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 1))
    while time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()) <= moment:
        time.sleep(0.1)
    for key, _ in versions:
        assert ask(store, "DELETE", f"later/{key}")[0] == 204
    status, said = ask(store, "PUT", f"later/geneva/imo/keys/{'a' * 64}", content="a thief's key")
    assert status == 200, said
    shutil.rmtree(vault.folder / "data")
    rebuilding = [BIN / "bulkhead-vault", "rebuild", "--config", vault.configuration, "--before",
                  moment, "imo"]
    done = subprocess.run(rebuilding, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert f"{len(stored)} files" in done.stdout, done.stdout
    assert "1 left out, 0 lost" in done.stdout, done.stdout
    assert files_of(vault) == stored
    vault.start()
    refused = subprocess.run(rebuilding, text=True, capture_output=True)
    assert refused.returncode == 1 and "another bulkhead-vault" in refused.stderr, refused.stderr
    run("check", "--read-data")
    run("restore", "latest", "--target", folder / "from-the-store")
    subprocess.run(["diff", "-r", source, folder / "from-the-store" / source.relative_to("/")],
                   check=True)
    vault.stop()


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
            parity_mends_packs(store, folder)
            vault_keeps_locked_copies(store, folder)
            vault_comes_back_from_the_store(store, folder)
        finally:
            store.stop()
    print("radosgw: the contract, the lock, the exchange with restic, parity and the vault's "
          "copies hold")
    return 0


sys.exit(main())
