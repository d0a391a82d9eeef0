"""restic and bulkhead read and write the same repositories, both ways, byte for byte."""
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

BULKHEAD = str(Path(os.environ["BULKHEAD_BIN"]) / "bulkhead")
RESTIC = shutil.which("restic")
PASSWORD = "a password of the tests"
ENVIRONMENT = {**os.environ, "RESTIC_PASSWORD": PASSWORD, "LC_ALL": "C.UTF-8"}
AS_ROOT = os.geteuid() == 0


def run(command, cwd=None, status=0):
    done = subprocess.run(command, cwd=cwd, env=ENVIRONMENT, capture_output=True)
    if done.returncode != status:
        sys.stderr.buffer.write(done.stdout + done.stderr)
        sys.exit(f"{' '.join(map(str, command))}: status {done.returncode}, wanted {status}")
    return done.stdout


def bulkhead(*arguments, cwd=None, status=0):
    return run([BULKHEAD, "repo", *map(str, arguments)], cwd, status)


def restic(*arguments, cwd=None, status=0):
    return run([RESTIC, "--no-cache", *map(str, arguments)], cwd, status)


def summary(output):
    return json.loads(output.splitlines()[-1])


def make_tree(root):
    """What restic 0.14 keeps, too: no sockets, no link targets that are not UTF-8."""
    root = os.fsencode(root)
    at = lambda name: os.path.join(root, os.fsencode(name))
    for folder in ("folder", "folder/deep", "empty folder", "sticky"):
        os.makedirs(at(folder))

    def write(name, content):
        with open(at(name), "wb") as file:
            file.write(content)

    write("text", b"Bulkhead\n" * 1000)
    write("empty", b"")
    write("folder/large", bytes((i * i >> 7 ^ i >> 3) & 255 for i in range(1 << 20)) * 5)
    write("folder/random", os.urandom(3_000_000))
    for i in range(50):
        write(f"folder/deep/{i:03}", os.urandom(i * 37))
    for name in (b"\xff\xfe not UTF-8", b"quote\"back\\slash", b"new\nline\ttab",
                 "žluťoučký кот 船".encode(), b"zero\xe2\x80\x8bwidth\xc2\xa0", b"<&>'"):
        write(name, name)
    with open(at("sparse"), "wb") as file:
        file.truncate(20 << 20)
        file.seek(10 << 20)
        file.write(b"in the middle")
    os.symlink("text", at("link"))
    os.symlink("../nowhere/ü", at("folder/broken link"))
    os.link(at("text"), at("folder/hard link"))
    os.link(at("text"), at("folder/deep/another"))
    os.mkfifo(at("fifo"), 0o620)
    if AS_ROOT:
        os.mknod(at("device"), 0o640 | stat.S_IFCHR, os.makedev(1, 3))
        os.mknod(at("block"), 0o600 | stat.S_IFBLK, os.makedev(7, 200))
        os.chown(at("empty"), 12345, 54321)
        os.chown(at("link"), 12345, 54321, follow_symlinks=False)
    try:
        os.setxattr(at("text"), "user.note", b"\0binary\xff")
        os.setxattr(at("folder"), "user.on folder", b"x")
    except OSError as error:
        print(f"no extended attributes here: {error}")
    os.chmod(at("text"), 0o6711)
    os.chmod(at("sticky"), 0o1777)
    os.chmod(at("folder/random"), 0o000 if AS_ROOT else 0o400)
    os.utime(at("link"), ns=(10**18, 1_111_111_111_222_333_444), follow_symlinks=False)
    os.utime(at("empty"), ns=(10**18, 999_999_999))
    os.utime(at("folder/deep"), ns=(10**18, 1_600_000_000_000_000_001))


def describe(root):
    """Everything that a restore must bring back, by path."""
    found, links = {}, {}
    root = os.fsencode(root)
    for folder, folders, files in os.walk(root):
        for name in folders + files:
            path = os.path.join(folder, name)
            status = os.lstat(path)
            relative = os.path.relpath(path, root)
            kind = stat.S_IFMT(status.st_mode)
            entry = {"mode": oct(status.st_mode), "mtime": status.st_mtime_ns}
            if AS_ROOT:
                entry["owner"] = (status.st_uid, status.st_gid)
            if kind == stat.S_IFREG:
                with open(path, "rb") as file:
                    entry["content"] = file.read()
                links.setdefault(status.st_ino, []).append(relative)
            if kind == stat.S_IFLNK:
                entry["target"] = os.readlink(path)
            if kind in (stat.S_IFCHR, stat.S_IFBLK):
                entry["device"] = status.st_rdev
            if kind in (stat.S_IFREG, stat.S_IFDIR):
                entry["attributes"] = {n: os.getxattr(path, n) for n in os.listxattr(path)}
            found[relative] = entry
    groups = sorted(sorted(paths) for paths in links.values() if len(paths) > 1)
    return found, groups


def expect_same(wanted, restored, what):
    (entries, groups), (other_entries, other_groups) = describe(wanted), describe(restored)
    for path in sorted(entries.keys() | other_entries.keys()):
        one, two = entries.get(path), other_entries.get(path)
        if one != two:
            differing = [k for k in one or {} if (two or {}).get(k) != one[k]] if two else "missing"
            sys.exit(f"{what}: {path} differs: {differing}")
    if groups != other_groups:
        sys.exit(f"{what}: hard links differ: {groups} {other_groups}")


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
