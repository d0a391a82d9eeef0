"""A mounted repository shows what was backed up, whoever backed it up, in restic's layout."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BULKHEAD = str(Path(os.environ["BULKHEAD_BIN"]) / "bulkhead")
RESTIC = shutil.which("restic")
ENVIRONMENT = {**os.environ, "RESTIC_PASSWORD": "a password of the tests", "TZ": "UTC"}


def run(*command, cwd=None):
    done = subprocess.run(list(map(str, command)), cwd=cwd, env=ENVIRONMENT, capture_output=True)
    if done.returncode != 0:
        sys.stderr.buffer.write(done.stdout + done.stderr)
        sys.exit(f"{command}: status {done.returncode}")
    return done.stdout


def can_mount():
    try:
        os.close(os.open("/dev/fuse", os.O_RDWR))
    except OSError:
        return False
    return shutil.which("fusermount3") is not None


def make_tree(root):
    for folder in ("many", "folder/deep", "empty folder"):
        (root / folder).mkdir(parents=True)
    (root / "large").write_bytes(os.urandom(5_000_000) + bytes(7_000_000))
    (root / "empty").write_bytes(b"")
    for i in range(3000):
        (root / "many" / f"file {i}").write_bytes(b"%d\n" % i * (i % 90))
    name = b"not UTF-8 \xff"
    (Path(os.fsdecode(os.fsencode(root) + b"/folder/" + name))).write_bytes(name)
    (root / "folder" / "link").symlink_to("../large")
    os.link(root / "large", root / "folder" / "deep" / "hard link")
    os.mkfifo(root / "fifo")
    os.chmod(root / "empty", 0o4751)
    os.utime(root / "empty", ns=(10**18, 1_600_000_000_123_456_789))
    try:
        os.setxattr(root / "empty", "user.note", b"\0binary\xff")
    except OSError:
        pass


def describe(root):
    found = {}
    root = os.fsencode(root)
    for folder, folders, files in os.walk(root):
        for name in folders + files:
            path = os.path.join(folder, name)
            status = os.lstat(path)
            entry = [status.st_mode, status.st_mtime_ns, status.st_uid, status.st_gid]
            if os.path.islink(path):
                entry.append(os.readlink(path))
            elif os.path.isfile(path):
                entry.append(status.st_size)
                with open(path, "rb") as file:
                    entry.append(file.read())
                entry.append({n: os.getxattr(path, n) for n in os.listxattr(path)})
            found[os.path.relpath(path, root)] = entry
    return found


def expect_same(wanted, found, what):
    for path in sorted(wanted.keys() | found.keys()):
        if wanted.get(path) != found.get(path):
            sys.exit(f"{what}: {path} differs")


def wait_for(condition, what):
    deadline = time.monotonic() + 60
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"waited in vain for {what}")
        time.sleep(0.05)


def check_mount(folder, source, repository):
    mountpoint = folder / "mount"
    mountpoint.mkdir()
    process = subprocess.Popen([BULKHEAD, "repo", "mount", "-r", str(repository), str(mountpoint)],
                               env=ENVIRONMENT, stdout=subprocess.PIPE)
    try:
        if b"snapshots are at" not in process.stdout.readline():
            sys.exit("the mount did not come up")
        if sorted(os.listdir(mountpoint)) != ["hosts", "ids", "snapshots", "tags"]:
            sys.exit(f"the mount shows {os.listdir(mountpoint)}")
        snapshots = json.loads(run(BULKHEAD, "repo", "snapshots", "-r", repository, "--json"))
        wanted = describe(source)
        for snapshot in snapshots:
            expect_same(wanted, describe(mountpoint / "ids" / snapshot["id"][:8]), "ids")
        expect_same(wanted, describe(mountpoint / "snapshots" / "latest"), "latest")
        if not os.readlink(mountpoint / "tags" / "a" / "latest").endswith("Z"):
            sys.exit("the link latest does not lead to a time")
        host = snapshots[0]["hostname"]
        if len(os.listdir(mountpoint / "hosts" / host)) != len(snapshots) + 1:
            sys.exit("not all snapshots of the host are shown")
        # Any part of a large file, in any order.
        with open(mountpoint / "snapshots" / "latest" / "large", "rb") as mounted, \
                open(source / "large", "rb") as file:
            for offset in (11_999_990, 3_000_000, 0, 4_999_999, 6_000_000):
                mounted.seek(offset)
                file.seek(offset)
                if mounted.read(100_000) != file.read(100_000):
                    sys.exit(f"the large file differs at {offset}")
        for refused in (lambda: (mountpoint / "ids" / "new").mkdir(),
                        lambda: (mountpoint / "snapshots" / "latest" / "empty").write_text("x")):
            try:
                refused()
                sys.exit("the mount could be written to")
            except OSError:
                pass
        # A new snapshot shows by itself.
        before = len(os.listdir(mountpoint / "ids"))
        (source / "new").write_text("new")
        run(BULKHEAD, "repo", "backup", "-r", repository, ".", cwd=source)
        wait_for(lambda: len(os.listdir(mountpoint / "ids")) == before + 1, "the new snapshot")
        wait_for(lambda: (mountpoint / "snapshots" / "latest" / "new").exists(), "its file")
    finally:
        process.terminate()
        process.wait(timeout=60)
    if os.path.ismount(mountpoint):
        sys.exit("it is still mounted")
    if process.returncode != 0:
        sys.exit(f"the mount ended with status {process.returncode}")


def paths_above_snapshots(mountpoint, folder):
    for name in os.listdir(mountpoint / folder):
        path = os.path.join(folder, name)
        if (mountpoint / path).is_symlink():
            yield path, os.readlink(mountpoint / path)
        elif (mountpoint / path / "large").exists():
            yield path, "a snapshot"
        else:
            yield path, "a folder"
            yield from paths_above_snapshots(mountpoint, path)


def check_templates(folder, repository):
    """The paths that restic's mount gives for the same templates."""
    templates = ["--path-template", "by tag/%t/%i", "--path-template", "%h/%T", "--path-template",
                 "%u-%I", "--time-template", "2006/01-02 15:04:05.999 Mon"]
    shown = {}
    for program in ("ours", "restic"):
        mountpoint = folder / f"templates of {program}"
        mountpoint.mkdir()
        command = [BULKHEAD, "repo"] if program == "ours" else [RESTIC, "--no-cache"]
        process = subprocess.Popen([*command, "mount", "-r", str(repository), *templates,
                                    str(mountpoint)], env={**ENVIRONMENT, "TZ": "UTC"},
                                   stdout=subprocess.DEVNULL)
        try:
            wait_for(lambda: os.path.ismount(mountpoint), "the mount")
            shown[program] = set(paths_above_snapshots(mountpoint, ""))
        finally:
            # restic 0.14 unmounts for this signal alone.
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)
    if shown["ours"] != shown["restic"]:
        sys.exit(f"templates: only ours {shown['ours'] - shown['restic']}, "
                 f"only restic's {shown['restic'] - shown['ours']}")
    refused = subprocess.run([BULKHEAD, "repo", "mount", "-r", str(repository), "--path-template",
                              "../%i", str(folder)], env=ENVIRONMENT, capture_output=True)
    if refused.returncode != 1 or b"../%i" not in refused.stderr:
        sys.exit(f"a path outside was not refused: {refused}")


def main():
    if RESTIC is None or not can_mount():
        print("restic or /dev/fuse is not there")
        sys.exit(77)
    with tempfile.TemporaryDirectory(prefix="bulkhead-mount-") as folder:
        folder = Path(folder)
        source, repository = folder / "source", folder / "repository"
        source.mkdir()
        make_tree(source)
        run(BULKHEAD, "repo", "init", "-r", repository)
        run(BULKHEAD, "repo", "backup", "-r", repository, "--tag", "a", ".", cwd=source)
        run(RESTIC, "--no-cache", "backup", "-r", repository, ".", cwd=source)
        check_mount(folder, source, repository)
        check_templates(folder, repository)


main()
