"""Every verb of `bulkhead repo` that looks at a repository or changes what is in it, beside restic's of
the same name: the same answers, and the same effects."""
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import urllib.parse
import zipfile
from pathlib import Path

from repository_peers import (BULKHEAD, ENVIRONMENT, PASSWORD, RESTIC, back_up, bulkhead,
                              expect_same, init, json_lines, lines, make_tree, restic, run, same,
                              same_of_theirs)


def look(work, source):
    repository = init(work / "looked at")
    first = back_up(repository, ".", cwd=source)["snapshot_id"]
    (source / "text").chmod(0o600)
    (source / "folder/deep/003").write_text("changed")
    (source / "folder/deep/004").unlink()
    (source / "new folder").mkdir()
    (source / "new folder/new").write_text("new")
    os.symlink("x", source / "new folder/link")
    (source / "empty folder").rmdir()
    (source / "empty folder").write_text("a file now")
    second = back_up(repository, ".", cwd=source)["snapshot_id"]

    for arguments in (["/folder"], ["/folder", "--recursive"], ["/folder/deep", "/sticky"]):
        ours = lines(bulkhead("ls", "-r", repository, "latest", *arguments))
        theirs = [l for l in lines(restic("-r", repository, "ls", "latest", "-q", *arguments))
                  if l.startswith("/")]
        same(ours, theirs, f"ls {arguments}")
    ours = json_lines(bulkhead("ls", "-r", repository, "latest", "--json"))
    theirs = json_lines(restic("-r", repository, "ls", "latest", "--json"))
    assert len(ours) == len(theirs)
    same(ours[0]["id"], theirs[0]["id"], "ls --json, the snapshot")
    for one, other in zip(ours[1:], theirs[1:]):
        for key in ("name", "type", "path", "uid", "gid", "size", "mode", "mtime", "ctime"):
            # restic leaves out what is 0.
            same(one.get(key) or None, other.get(key) or None, f"ls --json {one['path']} {key}")

    for arguments in (["--latest", "1"], [first], []):
        same_of_theirs(json.loads(bulkhead("snapshots", "-r", repository, "--json", *arguments)),
                       json.loads(restic("-r", repository, "snapshots", "--json", *arguments)),
                       f"snapshots {arguments}")
    grouped = ("snapshots", "--json", "--group-by", "host")
    ours, theirs = json.loads(bulkhead("-r", repository, *grouped)), json.loads(
        restic("-r", repository, *grouped))
    same([g["group_key"] for g in ours], [g["group_key"] for g in theirs], "snapshots by host")
    same_of_theirs(ours[0]["snapshots"], theirs[0]["snapshots"], "snapshots by host")

    for arguments in ([], ["--metadata"]):
        ours = json_lines(bulkhead("diff", "-r", repository, "--json", first, second, *arguments))
        theirs = json_lines(restic("-r", repository, "diff", "--json", first, second, *arguments))
        same(ours, theirs, f"diff {arguments}")
    same(lines(bulkhead("diff", "-r", repository, first, second))[2:],
         lines(restic("-r", repository, "diff", first, second))[2:], "diff as text")

    for arguments in (["deep"], ["00?"], ["-i", "TEXT"], ["*", "--newest", "2017-07-14 02:40:00"],
                      ["/folder/**/00[1-3]"], ["text", "-s", first]):
        ours = json.loads(bulkhead("find", "-r", repository, "--json", *arguments))
        theirs = json.loads(restic("-r", repository, "find", "--json", *arguments))
        keep = lambda found: sorted((f["snapshot"], f["hits"],
                                     sorted(m["path"] for m in f["matches"])) for f in found)
        same(keep(ours), keep(theirs), f"find {arguments}")
    print("ls, snapshots, diff and find answer as restic does")
    return repository, first


def find_blobs(repository):
    listed = [line.split() for line in lines(bulkhead("list", "blobs", "-r", repository))]
    same(sorted(map(tuple, listed)),
         sorted(tuple(l.split()) for l in lines(restic("-r", repository, "list", "blobs"))),
         "list blobs")
    for kind in ("packs", "index", "snapshots", "keys"):
        same(sorted(lines(bulkhead("list", kind, "-r", repository))),
             sorted(lines(restic("-r", repository, "list", kind))), f"list {kind}")
    keep = lambda found: sorted((f["object_type"], f["id"], f["path"], f["snapshot"])
                                for f in found)
    data = next(i for t, i in listed if t == "data")
    for arguments in (["--blob", data], ["--blob", data[:8]]):
        same(keep(json.loads(bulkhead("find", "-r", repository, "--json", *arguments))),
             keep(json.loads(restic("-r", repository, "find", "--json", *arguments))),
             f"find {arguments}")
    tree = [i for t, i in listed if t == "tree"][0]
    found = json.loads(bulkhead("find", "-r", repository, "--json", "--tree", tree))
    assert found and all(f["id"] == tree for f in found), found
    pack = lines(bulkhead("list", "packs", "-r", repository))[0]
    found = json.loads(bulkhead("find", "-r", repository, "--json", "--pack", pack[:10]))
    assert {f["id"] for f in found} <= {i for _, i in listed} and found
    by_blob = bulkhead("find", "-r", repository, "--show-pack-id", "--blob", data)
    assert b"Object belongs to pack" in by_blob, by_blob

    for kind, name in (("config", None), ("masterkey", None),
                       ("key", lines(bulkhead("list", "keys", "-r", repository))[0]),
                       ("index", lines(bulkhead("list", "index", "-r", repository))[0]),
                       ("snapshot", lines(bulkhead("list", "snapshots", "-r", repository))[0])):
        names = [name] if name else []
        ours = json.loads(bulkhead("cat", kind, *names, "-r", repository))
        theirs = json.loads(restic("-r", repository, "cat", kind, *names))
        if kind == "masterkey":
            # restic prints r as Poly1305 clamps it, we as it is stored.
            del ours["mac"]["r"], theirs["mac"]["r"]
        if kind == "index":
            same(ours, theirs, "cat index")
        else:
            same_of_theirs([ours], [theirs], f"cat {kind}")
    for kind, name in (("blob", data), ("blob", tree), ("pack", pack)):
        same(bulkhead("cat", kind, name, "-r", repository),
             restic("-r", repository, "cat", kind, name), f"cat {kind}")
    bulkhead("cat", "blob", "0" * 64, "-r", repository, status=1)
    print("list, cat and find --blob answer as restic does")


def count(repository, first):
    for mode in ("restore-size", "files-by-contents", "blobs-per-file", "raw-data"):
        for which in ([], [first]):
            ours = json.loads(bulkhead("stats", "-r", repository, "--json", "--mode", mode, *which))
            theirs = json.loads(restic("-r", repository, "stats", "--json", "--mode", mode, *which))
            for key in ("total_size", "snapshots_count", "total_blob_count",
                        "total_uncompressed_size"):
                if key in theirs:
                    same(ours.get(key), theirs[key], f"stats {mode} {which} {key}")
            if mode != "raw-data":
                same(ours["total_file_count"], theirs["total_file_count"], f"stats {mode} files")
    print("stats counts as restic does")


def dump(work, repository, source):
    for path in ("/text", "folder/large", "/empty"):
        same(bulkhead("dump", "-r", repository, "latest", path),
             restic("-r", repository, "dump", "latest", path), f"dump {path}")
    for path in ("/", "/folder"):
        ours = tarfile.open(fileobj=io.BytesIO(bulkhead("dump", "-r", repository, "latest", path)))
        theirs = tarfile.open(fileobj=io.BytesIO(restic("-r", repository, "dump", "latest", path)))
        clean = lambda archive: {m.name.strip("/"): m for m in archive.getmembers()}
        one, other = clean(ours), clean(theirs)
        same(sorted(one), sorted(other), f"dump {path}: names")
        for name, member in one.items():
            peer = other[name]
            # restic writes devices and fifos as empty files.
            if member.isdev():
                continue
            same(member.mode, peer.mode & 0o7777, f"dump {name}: mode")
            same((member.uid, member.gid), (peer.uid, peer.gid), f"dump {name}: owner")
            if peer.isfile():
                same(ours.extractfile(member).read(), theirs.extractfile(peer).read(),
                     f"dump {name}: content")
    archive = work / "all.tar"
    bulkhead("dump", "-r", repository, "latest", "/", "--target", archive)
    target = work / "untarred"
    target.mkdir()
    run(["tar", "--acls", "--xattrs", "--xattrs-include=*", "-xpf", archive, "-C", target])
    # libarchive writes a space in an attribute's name as %20, which GNU tar leaves so.
    expect_same(source, target, "dump and tar", attribute_name=urllib.parse.unquote)
    zipped = zipfile.ZipFile(io.BytesIO(bulkhead("dump", "-r", repository, "latest", "/folder",
                                                 "--archive", "zip")))
    assert zipped.testzip() is None
    assert zipped.read("folder/large") == (source / "folder/large").read_bytes()
    print("dump gives files, tar and zip")


def keys(work):
    repository = init(work / "keys")
    other = work / "other password"
    other.write_text("another one\n")
    bulkhead("key", "add", "-r", repository, "--new-password-file", other, "--user", "purser",
             "--host", "geneva")
    with_other = ["-r", repository, "-p", other]
    ours = json.loads(bulkhead("key", "list", "--json", *with_other))
    theirs = json.loads(restic(*with_other, "key", "list", "--json"))
    # restic shortens the ids.
    keep = lambda keys: sorted((k["id"][:8], k["current"], k["userName"], k["hostName"])
                               for k in keys)
    same(keep(ours), keep(theirs), "key list")
    assert {k["userName"] for k in ours} >= {"purser"}
    current = next(k["id"] for k in ours if k["current"])
    bulkhead("key", "remove", current, *with_other, status=1)
    third = work / "third password"
    third.write_text("the third")
    bulkhead("key", "passwd", *with_other, "--new-password-file", third)
    bulkhead("snapshots", *with_other, status=12)
    restic("-r", repository, "-p", third, "snapshots")
    first = next(k["id"] for k in ours if not k["current"])
    bulkhead("key", "remove", first[:12], "-r", repository, "-p", third)
    bulkhead("snapshots", "-r", repository, status=12)
    restic("-r", repository, "-p", third, "check")
    print("keys come and go")


def unlock(work):
    repository = init(work / "locked")
    lock = subprocess.Popen([BULKHEAD, "repo", "backup", "-r", repository, "--stdin"],
                            env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    try:
        locks = repository / "locks"
        while not list(locks.iterdir()):
            assert lock.poll() is None
        bulkhead("unlock", "-r", repository)
        assert list(locks.iterdir()), "a lock that is held stays"
        lock.kill()
        lock.wait()
        bulkhead("unlock", "-r", repository)
        assert not list(locks.iterdir()), "one that nobody holds goes"
    finally:
        lock.kill()
    # Ctrl-C gives the lock back, and says so by the status.
    stopped = subprocess.Popen([BULKHEAD, "repo", "backup", "-r", repository, "--stdin"],
                               env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    while not list(locks.iterdir()):
        assert stopped.poll() is None
    stopped.send_signal(2)
    stopped.stdin.close()
    assert stopped.wait() == 130
    assert not list(locks.iterdir())
    print("locks are given back and removed")


def copy(work, source):
    repository = init(work / "copied from")
    back_up(repository, "--tag", "one", ".", cwd=source)
    back_up(repository, "--tag", "two", source / "folder")
    target = work / "copied to"
    environment = ENVIRONMENT
    environment["RESTIC_FROM_PASSWORD"] = PASSWORD
    bulkhead("init", "-r", target, "--from-repo", repository, "--copy-chunker-params")
    copied = json_lines(bulkhead("copy", "-r", target, "--from-repo", repository, "--json"))
    assert [c["skipped"] for c in copied[:-1]] == [False, False], copied
    again = json_lines(bulkhead("copy", "-r", target, "--from-repo", repository, "--json"))
    assert [c["skipped"] for c in again[:-1]] == [True, True], again
    assert again[-1]["blobs_copied"] == 0
    restic("-r", target, "check", "--read-data")
    restic("-r", target, "restore", copied[0]["snapshot_id"], "-t", work / "of the copy")
    expect_same(source, work / "of the copy", "the copy")
    # What we copied restic takes for copied, and the other way round.
    password = work / "from password"
    password.write_text(PASSWORD)
    text = restic("-r", target, "copy", "--from-repo", repository, "--from-password-file", password)
    assert text.count(b"skipping source snapshot") == 2, text
    # The same polynomial: a backup into the copy finds everything there.
    made = back_up(target, "--force", ".", cwd=source)
    assert made["data_blobs"] == 0, made
    back = init(work / "copied by restic")
    restic("-r", back, "copy", "--from-repo", repository, "--from-password-file", password)
    ours = json_lines(bulkhead("copy", "-r", back, "--from-repo", repository, "--json"))
    assert [c["skipped"] for c in ours[:-1]] == [True, True], ours
    bulkhead("copy", "-r", repository, "--from-repo", repository, status=1)
    print("copies")


def rewrite(work, source):
    repository = init(work / "rewritten")
    first = back_up(repository, "--tag", "kept", ".", cwd=source)["snapshot_id"]
    bulkhead("rewrite", "-r", repository, "--dry-run", "--exclude", "deep")
    assert len(lines(bulkhead("list", "snapshots", "-r", repository))) == 1
    said = json_lines(bulkhead("rewrite", "-r", repository, "--exclude", "deep", "--new-host",
                               "elsewhere", "--json"))[0]
    assert said["excluded"] == ["/folder/deep"] and said["changed"], said
    made = json.loads(restic("-r", repository, "cat", "snapshot", said["new_snapshot_id"]))
    assert made["original"] == first and made["hostname"] == "elsewhere", made
    assert made["tags"] == ["kept", "rewrite"], made
    restic("-r", repository, "restore", said["new_snapshot_id"], "-t", work / "rewritten tree")
    assert not (work / "rewritten tree/folder/deep").exists()
    assert (work / "rewritten tree/folder/large").exists()
    none = json_lines(bulkhead("rewrite", "-r", repository, "--exclude", "deep", "--json",
                               said["new_snapshot_id"]))[0]
    assert not none["changed"]
    bulkhead("rewrite", "-r", repository, "--forget", "--exclude", "folder", first)
    assert len(lines(bulkhead("list", "snapshots", "-r", repository))) == 2
    bulkhead("tag", "-r", repository, "--add", "seen", "--remove", "kept")
    tags = [s["tags"] for s in json.loads(restic("-r", repository, "snapshots", "--json"))]
    assert all("seen" in t and "kept" not in t for t in tags), tags
    restic("-r", repository, "check", "--read-data")
    packs = len(lines(bulkhead("list", "packs", "-r", repository)))
    for part, read in (("1/1", packs), ("100%", packs), ("10G", packs), ("0.001%", 1)):
        said = json_lines(bulkhead("check", "-r", repository, "--json", "--read-data-subset", part))
        assert said[-1]["packs_read"] == read and said[-1]["num_errors"] == 0, (part, said)
    print("snapshots are rewritten and tagged")


def main():
    if RESTIC is None:
        print("restic is not installed")
        sys.exit(77)
    ENVIRONMENT["TZ"] = "UTC"
    with tempfile.TemporaryDirectory(prefix="restic-verbs-") as folder:
        work = Path(folder).resolve()
        source = work / "source"
        source.mkdir()
        make_tree(source)
        repository, first = look(work, source)
        find_blobs(repository)
        count(repository, first)
        dump(work, repository, source)
        keys(work)
        unlock(work)
        copy(work, source)
        rewrite(work, source)


main()
