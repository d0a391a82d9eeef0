#!/usr/bin/env python3
"""What bulkhead's repository verbs say to what cannot be: each names the object and what to do, and
ends with restic's status."""
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from repository_peers import (AS_ROOT, BULKHEAD, ENVIRONMENT, PASSWORD, RESTIC, back_up, bulkhead,
                              init)

SOMEBODY = 65534


def refused(status, *arguments, says=(), variables=None, output=subprocess.PIPE, user=None):
    done = subprocess.run([BULKHEAD, "repo", *map(str, arguments)], stdin=subprocess.DEVNULL,
                          stdout=output, stderr=subprocess.PIPE, user=user, text=True,
                          env={**ENVIRONMENT, **(variables or {})})
    said = done.stderr
    if done.returncode != status or not all(str(word) in said for word in says):
        sys.exit(f"{arguments}: status {done.returncode}, wanted {status} and {says}: {said}")
    if len(said.splitlines()) > 3:
        sys.exit(f"{arguments}: a flood: {said[:2000]}")


def ids(repository, snapshots):
    at = ["-r", repository]
    # Snapshots whose ids begin alike: the first character of some two of seventeen does.
    first = [s[:1] for s in snapshots]
    ambiguous = next(c for c in first if first.count(c) > 1)
    for verb in (["ls"], ["restore", "-t", repository / "x"], ["diff", "latest"], ["forget"],
                 ["tag", "--add", "x"], ["find", "x", "-s"], ["stats"], ["cat", "snapshot"],
                 ["rewrite", "-e", "x"], ["repair", "snapshots"], ["backup", ".", "--parent"],
                 ["snapshots"]):
        refused(1, *verb, "ffffffffffff", *at, says=["ffffffffffff", "snapshots"])
        refused(1, *verb, ambiguous, *at, says=[f"begin with {ambiguous}", "give more"])
    nothing = "f" * 64
    refused(1, "cat", "blob", nothing, *at, says=[nothing])
    refused(1, "cat", "blob", "ff", *at, says=["ff", "64"])
    refused(1, "cat", "pack", "zz", *at, says=["zz"])
    refused(1, "cat", "nothing", *at, says=["nothing", "masterkey"])
    refused(1, "cat", "snapshot", *at, says=["which snapshot"])
    refused(1, "repair", "packs", nothing, *at, says=[nothing])
    refused(1, "key", "remove", "zz", *at, says=["zz"])
    refused(1, "list", "nothing", *at, says=["nothing", "snapshots"])
    for verb in (["ls", "latest", "/nowhere"], ["dump", "latest", "/nowhere"],
                 ["restore", "latest:/nowhere", "-t", repository / "x"],
                 ["dump", "latest:/nowhere", "/"]):
        refused(1, *verb, *at, says=["/nowhere"])
    print("wrong and ambiguous ids are named")


def places(work, repository):
    at = ["-r", repository]
    nowhere = work / "nowhere"
    password = work / "wrong password"
    password.write_text("wrong")
    empty = work / "empty"
    empty.touch()
    verbs = (["snapshots"], ["backup", work], ["check"], ["ls", "latest"], ["forget", "ab"],
             ["restore", "latest", "-t", work / "x"], ["prune"], ["repair", "index"], ["parity"],
             ["copy", "--from-repo", repository], ["tag", "--add", "x"], ["unlock"], ["stats"],
             ["key", "list"], ["list", "packs"], ["cat", "config"], ["find", "x"],
             ["diff", "ab", "cd"], ["dump", "ab", "/"], ["rewrite", "-e", "x"],
             ["mount", work / "x"])
    for verb in verbs:
        refused(10, *verb, "-r", nowhere, says=[nowhere, "init"])
        refused(12, *verb, *at, "-p", password, says=["password"])
    none = {"RESTIC_PASSWORD": ""}
    for verb in (["snapshots"], ["init"]):
        at_once = [*verb, "-r", nowhere if verb == ["init"] else repository]
        refused(1, *at_once, variables=none, says=["--password-file", "RESTIC_PASSWORD"])
        refused(1, *at_once, "-p", nowhere, says=[nowhere])
        refused(1, *at_once, "-p", empty, says=["empty"])
        refused(1, *at_once, "--password-command", "false", says=["password command"])
        refused(1, *at_once, "--password-command", nowhere, says=[nowhere])
    refused(1, "copy", *at, "--from-repo", repository, variables={"RESTIC_FROM_PASSWORD": ""},
            says=["--from-password-file", "RESTIC_FROM_PASSWORD"])
    refused(1, "key", "add", *at, says=["--new-password-file"])
    refused(1, "snapshots", "--repository-file", nowhere, says=[nowhere])
    refused(1, "snapshots", *at, "--repository-file", empty, says=[repository, empty])
    refused(1, "snapshots", says=["-r", "RESTIC_REPOSITORY"])
    refused(1, "init", *at, says=[repository])
    refused(1, "snapshots", "-r", "sftp:host:/r", says=["sftp:", "rest:URL"])
    print("missing repositories and wrong passwords have restic's statuses")


def locks(work, repository):
    """restic's check locks everybody out; here it is stopped while it does."""
    at = ["-r", repository]
    other = init(work / "another")
    holder = subprocess.Popen([RESTIC, "--no-cache", "-r", repository, "check"], env=ENVIRONMENT,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        held = lambda: any(len(p.name) == 64 for p in (repository / "locks").iterdir())
        while not held():
            assert holder.poll() is None
        holder.send_signal(signal.SIGSTOP)
        assert held(), "restic was too quick to be stopped"
        for verb in (["backup", __file__], ["prune"], ["forget", "--keep-last", "1"], ["check"],
                     ["tag", "--add", "x"], ["rewrite", "-e", "x", "--forget"], ["stats"],
                     ["repair", "index"], ["repair", "packs"], ["repair", "snapshots"],
                     ["copy", "--from-repo", other], ["restore", "latest", "-t", work / "x"],
                     ["mount", work], ["find", "x"], ["diff", "latest", "latest"]):
            refused(11, *verb, *at, says=["locked exclusively", "try again"])
        bulkhead("snapshots", *at)
        bulkhead("stats", "--no-lock", *at)
    finally:
        holder.kill()
        holder.wait()
    # Nobody holds it any more.
    bulkhead("stats", *at)
    bulkhead("unlock", *at)
    print("what is locked is said to be")


def targets(work, repository):
    at = ["-r", repository]
    nowhere = work / "nowhere"
    refused(1, "backup", *at, nowhere, says=[nowhere])
    refused(1, "backup", *at, nowhere, work / "nor there", says=[nowhere])
    refused(3, "backup", *at, nowhere, Path(__file__), says=[nowhere])
    refused(1, "backup", *at, says=["nothing was given"])
    for flag in ("--exclude-file", "--files-from", "--files-from-raw", "--iexclude-file"):
        refused(1, "backup", *at, ".", flag, nowhere, says=[nowhere])
    refused(1, "restore", *at, "latest", says=["folder"])
    refused(1, "restore", *at, "latest", "-t", Path(__file__), says=[Path(__file__)])
    refused(1, "mount", *at, nowhere, says=[nowhere])
    for verb in (["ls", "latest"], ["snapshots"], ["stats"], ["list", "packs"], ["key", "list"],
                 ["cat", "config"], ["check"], ["backup", Path(__file__)], ["dump", "latest", "/"],
                 ["prune", "-n"], ["forget", "--keep-last", "9"]):
        with open("/dev/full", "wb") as full:
            refused(1, *verb, *at, output=full, says=["No space left on device"])
    if AS_ROOT:
        work.chmod(0o755)
        for verb in (["snapshots"], ["backup", "."], ["check"]):
            refused(1, *verb, *at, user=SOMEBODY, variables={"HOME": "/"},
                    says=["Permission denied", repository])
    print("what cannot be read or written is named")


def full_disks(work, repository):
    disk = work / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", disk],
                             capture_output=True)
    if mounted.returncode != 0:
        print("no disk can be made here")
        return
    try:
        source = work / "too large"
        source.mkdir()
        for name in range(300):
            (source / str(name)).write_bytes(os.urandom(20_000))
        small = init(disk / "repository")
        refused(1, "backup", "-r", small, source, says=[small, "No space left", "make room"])
        bulkhead("check", "-r", small, "--read-data")
        back_up(small, source / "1")
        back_up(repository, source)
        refused(1, "restore", "-r", repository, "latest", "-t", disk / "target",
                says=[disk / "target", "full", "make room"])
        assert not list((repository / "locks").iterdir()), "the lock is given back"
        # With room it goes on from there.
        subprocess.run(["mount", "-o", "remount,size=30m", disk], check=True)
        bulkhead("restore", "-r", repository, "latest", "-t", disk / "target", "--verify")
    finally:
        subprocess.run(["umount", disk], check=True)
    print("a full disk is named, and nothing is lost by it")


def main():
    if RESTIC is None:
        print("restic is not installed")
        sys.exit(77)
    for name in ("RESTIC_REPOSITORY", "RESTIC_REPOSITORY_FILE"):
        ENVIRONMENT.pop(name, None)
    ENVIRONMENT["RESTIC_FROM_PASSWORD"] = PASSWORD
    with tempfile.TemporaryDirectory(prefix="bulkhead-bad-input-") as work:
        work = Path(work)
        repository = init(work / "repository")
        (work / "file").write_text("content")
        # More of them than there are first characters.
        snapshots = [back_up(repository, work / "file")["snapshot_id"] for _ in range(17)]
        ids(repository, snapshots)
        places(work, repository)
        locks(work, repository)
        targets(work, repository)
        full_disks(work, repository)


main()
