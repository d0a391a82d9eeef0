"""bulkhead and restic as commands on one repository, and an odd tree to exchange."""
import json
import os
import shutil
import stat
import subprocess
import sys
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


def lines(output):
    return output.decode("utf-8", "surrogateescape").splitlines()


def json_lines(output):
    return [json.loads(line) for line in output.splitlines()]


def same_of_theirs(ours, theirs, what):
    """Ours may say more than restic 0.14 knows."""
    for one, other in zip(ours, theirs, strict=True):
        same({key: one.get(key) for key in other}, other, what)


def same(ours, theirs, what):
    if ours != theirs:
        sys.exit(f"{what}:\nours:   {ours}\nrestic: {theirs}")


def init(repository):
    bulkhead("init", "-r", repository)
    return repository


def back_up(repository, *arguments, cwd=None):
    return summary(bulkhead("backup", "-r", repository, "--json", *arguments, cwd=cwd))


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


def expect_same(wanted, restored, what, attribute_name=lambda name: name):
    """`attribute_name`: of the name as it was restored, the one that it had."""
    (entries, groups), (other_entries, other_groups) = describe(wanted), describe(restored)
    for entry in other_entries.values():
        if "attributes" in entry:
            entry["attributes"] = {attribute_name(n): v for n, v in entry["attributes"].items()}
    for path in sorted(entries.keys() | other_entries.keys()):
        one, two = entries.get(path), other_entries.get(path)
        if one != two:
            differing = [k for k in one or {} if (two or {}).get(k) != one[k]] if two else "missing"
            sys.exit(f"{what}: {path} differs: {differing}")
    if groups != other_groups:
        sys.exit(f"{what}: hard links differ: {groups} {other_groups}")
