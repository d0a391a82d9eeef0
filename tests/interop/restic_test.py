"""restic and bulkhead read and write the same repositories, both ways, byte for byte."""
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from repository_peers import (BULKHEAD, ENVIRONMENT, PASSWORD, RESTIC, bulkhead, expect_same,
                              make_tree, restic, summary)


def ours_for_restic(work, source):
    repository = work / "ours"
    bulkhead("init", "-r", repository)
    made = summary(bulkhead("backup", "-r", repository, "--json", "--tag", "a,b", ".", cwd=source))
    restic("-r", repository, "check", "--read-data")
    restic("-r", repository, "restore", made["snapshot_id"], "--target", work / "by restic")
    expect_same(source, work / "by restic", "restic's restore of ours")
    shown = json.loads(restic("-r", repository, "snapshots", "--json", "--tag", "a,b"))
    assert [s["id"] for s in shown] == [made["snapshot_id"]], shown
    assert shown[0]["paths"] == [str(source)], shown

    # The same chunks and the same trees, to the byte: restic finds nothing to add.
    again = summary(restic("-r", repository, "backup", "--force", "--json", ".", cwd=source))
    assert (again["data_blobs"], again["tree_blobs"]) == (0, 0), again

    # Where clocks are not set to UTC, too: restic writes times of files with the local offset.
    for zone in ("Asia/Tokyo", "America/St_Johns"):
        ENVIRONMENT["TZ"] = zone
        theirs = summary(restic("-r", repository, "backup", "--force", "--json", ".", cwd=source))
        ours = summary(bulkhead("backup", "-r", repository, "--force", "--json", ".", cwd=source))
        assert theirs["tree_blobs"] > 0, (zone, theirs)
        assert (ours["data_blobs"], ours["tree_blobs"]) == (0, 0), (zone, ours)
    del ENVIRONMENT["TZ"]

    # What restic rearranges, we still read.
    restic("-r", repository, "forget", "--keep-last", "1", "--prune")
    bulkhead("check", "-r", repository, "--read-data")
    bulkhead("restore", "-r", repository, "latest", "--target", work / "after prune", "--verify")
    expect_same(source, work / "after prune", "our restore after restic's prune")
    print("restic reads ours")


def restics_for_us(work, source, version):
    repository = work / f"restic {version}"
    restic("-r", repository, "init", "--repository-version", version)
    restic("-r", repository, "backup", ".", cwd=source)
    bulkhead("check", "-r", repository, "--read-data")
    target = work / f"by us {version}"
    bulkhead("restore", "-r", repository, "latest", "--target", target, "--verify")
    expect_same(source, target, f"our restore of restic's version {version}")
    again = summary(bulkhead("backup", "-r", repository, "--force", "--json", ".", cwd=source))
    assert (again["data_blobs"], again["tree_blobs"]) == (0, 0), again

    # And goes on in it.
    (source / "later").write_text("written later")
    made = summary(bulkhead("backup", "-r", repository, "--json", ".", cwd=source))
    assert made["files_new"] == 1 and made["files_changed"] == 0, made
    restic("-r", repository, "check", "--read-data")
    restic("-r", repository, "restore", made["snapshot_id"], "--target", work / f"on {version}")
    expect_same(source, work / f"on {version}", f"restic's restore of ours in version {version}")
    (source / "later").unlink()
    print(f"we read restic's, version {version}")


def paths_and_statuses(work, source):
    repository = work / "paths"
    bulkhead("init", "-r", repository)
    bulkhead("init", "-r", repository, status=1)
    bulkhead("snapshots", "-r", work / "nowhere", status=10)
    password = work / "other password"
    password.write_text("wrong\n")
    bulkhead("snapshots", "-r", repository, "--password-file", password, status=12)
    password.write_text(PASSWORD + "\n")
    # Absolute paths stay whole; several go together; what cannot be read makes it incomplete.
    bulkhead("backup", "-r", repository, "-p", password, source / "folder", source / "text",
             "--exclude", "random", "--host", "london", "--time", "2020-09-30 06:15:00")
    listed = bulkhead("ls", "-r", repository, "latest").decode().splitlines()
    assert f"{source}/text" in listed and f"{source}/folder/large" in listed, listed
    assert f"{source}/folder/random" not in listed, listed
    assert listed == [line for line in restic("-r", repository, "ls", "latest", "-q")
                      .decode().splitlines() if line.startswith("/")], "ls differs from restic's"
    shown = json.loads(bulkhead("snapshots", "-r", repository, "--json", "--host", "london"))
    assert shown[0]["time"].startswith("2020-09-30T06:15:00"), shown
    bulkhead("backup", "-r", repository, source / "text", source / "not there", status=3)
    restic("-r", repository, "check")
    print("paths, filters and statuses")


def survives_kill(work, source):
    repository = work / "killed"
    bulkhead("init", "-r", repository)
    big = work / "big"
    big.mkdir()
    for i in range(12):
        (big / str(i)).write_bytes(os.urandom(5_000_000))
    for packs in (1, 2, 3):
        process = subprocess.Popen([BULKHEAD, "repo", "backup", "-r", repository, "--pack-size",
                                    "4", "--force", str(big)], env=ENVIRONMENT,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        before = len(list(repository.glob("data/*/*")))
        # A busy look at what is there, so that the kill falls into the midst of the work.
        while len(list(repository.glob("data/*/*"))) < before + packs and process.poll() is None:
            pass
        process.send_signal(signal.SIGKILL)
        process.wait()
        restic("-r", repository, "unlock")
        restic("-r", repository, "check", "--read-data")
        bulkhead("check", "-r", repository)
    bulkhead("backup", "-r", repository, ".", cwd=big)
    bulkhead("restore", "-r", repository, "latest", "-t", work / "after kill", "--verify")
    expect_same(big, work / "after kill", "restore after kills")
    restic("-r", repository, "check", "--read-data")
    print("a backup that is killed leaves the repository whole")


def main():
    if RESTIC is None:
        print("restic is not installed")
        sys.exit(77)
    with tempfile.TemporaryDirectory(prefix="restic-interop-") as folder:
        work = Path(folder).resolve()
        source = work / "source"
        source.mkdir()
        make_tree(source)
        ours_for_restic(work, source)
        for version in ("2", "1"):
            restics_for_us(work, source, version)
        paths_and_statuses(work, source)
        survives_kill(work, source)


main()
