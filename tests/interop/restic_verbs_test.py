"""Every verb of `bulkhead repo` beside restic's of the same name, on the same repository: the same
answers, and the same effects."""
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

import repository_peers
from repository_peers import (BULKHEAD, ENVIRONMENT, PASSWORD, RESTIC, bulkhead, describe,
                              expect_same, make_tree, restic, run, summary)


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


def entries(repository, snapshot="latest"):
    return lines(bulkhead("ls", "-r", repository, snapshot))


def selection(work):
    """What each way of choosing takes, by both programs from the same folder."""
    source = work / "selection"
    for path, content in {
        "docs/a.txt": "a", "docs/B.TXT": "b", "docs/c.bin": "c" * 5000, "docs/[x].txt": "x",
        "cache/CACHEDIR.TAG": "Signature: 8a477f597d28d172789f06886806bc55\n# by a test",
        "cache/file": "x", "skip/.nobackup": "", "skip/deep/file": "x", "other/ä.txt": "x",
        "other/keep.log": "x", "other/drop.log": "x", "$HOME/file": "x",
    }.items():
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_text(content)
    patterns = work / "patterns"
    patterns.write_text("# a comment\n\n  *.bin  \n$BULKHEAD_TEST_NAME/?.txt\n!keep.log\n")
    any_case = work / "any case"
    any_case.write_text("*.TxT\n")
    repository_peers.ENVIRONMENT["BULKHEAD_TEST_NAME"] = "other"
    names = work / "names"
    names.write_text(f"# comment\n{source}/doc*\n\n{source}/other/ä.txt\n{source}/nothing*\n")
    verbatim = work / "verbatim"
    verbatim.write_text(f"{source}/docs/[x].txt\n{source}/$HOME\n")
    raw = work / "raw"
    raw.write_bytes(f"{source}/docs/a.txt\0{source}/cache\0".encode())
    whole = [str(source)]
    for arguments in (
        whole, ["--exclude", "*.txt", *whole], ["--iexclude", "*.txt", *whole],
        ["-e", "docs/*", "-e", "!docs/a.txt", *whole], ["-e", f"{source}/other", *whole],
        ["-e", "**/deep", "-e", "[ab].txt", *whole], ["-e", "?.txt", *whole],
        ["--exclude-caches", *whole], ["--exclude-if-present", ".nobackup", *whole],
        ["--exclude-if-present", "CACHEDIR.TAG:Signature: 8a", *whole],
        ["--exclude-if-present", "CACHEDIR.TAG:Nothing", *whole],
        ["--exclude-larger-than", "4k", *whole],
        ["-e", "*.log", "--exclude-file", patterns, *whole], ["--iexclude-file", any_case, *whole],
        ["--one-file-system", *whole],
        ["--files-from", names], ["--files-from-verbatim", verbatim], ["--files-from-raw", raw],
        ["--files-from", names, f"{source}/cache"],
    ):
        ours, theirs = init(work / "by us"), init(work / "by restic")
        bulkhead("backup", "-r", ours, *arguments)
        restic("-r", theirs, "backup", *arguments)
        same(entries(ours), entries(theirs), f"backup {arguments}")
        shutil.rmtree(ours)
        shutil.rmtree(theirs)
    bulkhead("backup", "-r", init(work / "by us"), "--exclude", "[a", source, status=1)
    shutil.rmtree(work / "by us")
    print("backup takes what restic takes")


def streams(work):
    repository = init(work / "streams")
    content = os.urandom(3_000_000)
    subprocess.run([BULKHEAD, "repo", "backup", "-r", repository, "--stdin", "--stdin-filename",
                    "dumps/all.sql"], input=content, env=ENVIRONMENT, check=True,
                   stdout=subprocess.DEVNULL)
    assert restic("-r", repository, "dump", "latest", "/dumps/all.sql") == content
    made = back_up(repository, "--stdin-from-command", "--stdin-filename", "said", "--",
                   "sh", "-c", "printf '%s' \"${RESTIC_PASSWORD:-no password}\"")
    assert restic("-r", repository, "dump", made["snapshot_id"], "said") == b"no password"
    before = len(lines(bulkhead("list", "snapshots", "-r", repository)))
    bulkhead("backup", "-r", repository, "--stdin-from-command", "--", "sh", "-c",
             "echo half; exit 3", status=1)
    assert len(lines(bulkhead("list", "snapshots", "-r", repository))) == before
    restic("-r", repository, "check", "--read-data")
    print("streams become files, and programs that fail no snapshots")


def backup_flags(work, source):
    repository = init(work / "flags")
    files = lambda: sorted(p for p in repository.rglob("*") if p.is_file())
    empty = files()
    dry = back_up(repository, "--dry-run", source)
    assert dry["files_new"] > 0 and "snapshot_id" not in dry and files() == empty, dry
    first = back_up(repository, "--tag", "x", "--host", "london", source)
    assert dry["data_added"] == first["data_added"], (dry, first)
    skipped = back_up(repository, "--host", "london", "--skip-if-unchanged", source)
    assert "snapshot_id" not in skipped, skipped
    other = back_up(repository, "--host", "geneva", source)
    assert other["files_new"] == first["files_new"]
    grouped = back_up(repository, "--host", "paris", "--group-by", "paths", source)
    assert grouped["files_new"] == 0 and grouped["files_changed"] == 0, grouped
    # Verbs take the options of all verbs in front, as restic does.
    by_front = run([BULKHEAD, "repo", "-r", repository, "--json", "snapshots"])
    assert len(json.loads(by_front)) == 3
    # A password from a command.
    environment = {k: v for k, v in ENVIRONMENT.items() if k != "RESTIC_PASSWORD"}
    environment["RESTIC_PASSWORD_COMMAND"] = f"printf '%s' '{PASSWORD}'"
    environment["RESTIC_REPOSITORY"] = str(repository)
    subprocess.run([BULKHEAD, "repo", "snapshots"], env=environment, check=True,
                   stdout=subprocess.DEVNULL)
    spoken = lines(bulkhead("backup", "-r", repository, "-vv", "--host", "london", source))
    assert any(line.startswith("unchanged") for line in spoken), spoken
    restic("-r", repository, "check")
    print("dry runs, parents and groups")


def restore_flags(work, source):
    repository = init(work / "restored")
    back_up(repository, ".", cwd=source)
    for arguments in (["--include", "*.txt"], ["-i", "deep"], ["-i", "/folder/large"],
                      ["--iinclude", "FOLDER"], ["-e", "folder"], ["--iexclude", "FOLDER/Deep"],
                      ["-e", "*", "-e", "!link"]):
        ours, theirs = work / "to us", work / "to restic"
        bulkhead("restore", "-r", repository, "latest", "-t", ours, *arguments)
        restic("-r", repository, "restore", "latest", "-t", theirs, *arguments)
        files = lambda root: sorted(str(p.relative_to(root)) for p in root.rglob("*")
                                    if not p.is_dir() or p.is_symlink())
        same(files(ours), files(theirs), f"restore {arguments}")
        shutil.rmtree(ours)
        shutil.rmtree(theirs, ignore_errors=True)
    target = work / "in place"
    bulkhead("restore", "-r", repository, "latest", "-t", target)
    expect_same(source, target, "restore")
    (target / "folder/large").write_bytes(b"damaged")
    (target / "extra").mkdir()
    (target / "extra/file").write_text("x")
    (target / "empty").unlink()
    told = json_lines(bulkhead("restore", "-r", repository, "latest", "-t", target, "--dry-run",
                               "--delete", "-v", "--json"))
    # The second name of a hard link is always made anew.
    assert {"deleted": ["/extra"], "updated": ["/folder/large"],
            "restored": ["/empty", "/folder/deep/another"]} == {
        action: [t["item"] for t in told if t.get("action") == action]
        for action in ("deleted", "updated", "restored")}, told
    assert (target / "extra/file").exists()
    done = summary(bulkhead("restore", "-r", repository, "latest", "-t", target, "--delete",
                            "--json"))
    assert done["files_skipped"] > 50 and done["files_deleted"] == 2, done
    expect_same(source, target, "restore in place")
    bulkhead("restore", "-r", repository, "latest", "-t", "/", "--delete", "--dry-run", status=1)
    bulkhead("restore", "-r", repository, "latest", "-t", target, "--verify", "--overwrite",
             "if-changed")
    print("restores in place")


def as_another_user(work, source):
    """Somebody who is not root restores what root owns: it is his then, and all else is equal."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        return print("not root: restoring as another user is left out")
    repository = init(work / "of root")
    plain = source / "folder"
    os.chmod(plain / "random", 0o644)
    back_up(repository, ".", cwd=plain)
    for path in (repository, *repository.rglob("*")):
        os.chown(path, 65534, 65534)
    target = work / "of nobody"
    target.mkdir()
    os.chown(target, 65534, 65534)
    os.chmod(work, 0o755)
    run(["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", BULKHEAD, "repo",
         "restore", "-r", repository, "latest", "-t", target, "--verify"])
    ours, theirs = describe(plain)[0], describe(target)[0]
    for path, entry in theirs.items():
        assert entry.pop("owner") == (65534, 65534), path
        ours[path].pop("owner")
    same(ours, theirs, "restored as nobody")
    print("another user restores")


def odd_attributes(work):
    """Access lists, capabilities and user attributes there and back, as a tar too."""
    source = work / "attributes"
    source.mkdir()
    (source / "file").write_text("x")
    (source / "folder").mkdir()
    wanted = {"user.note": b"\0\xff"}
    # Version 2; rwx for the owner, user 12345 and the mask, r for others.
    entry = lambda tag, perm, who=0xffffffff: (
        tag.to_bytes(2, "little") + perm.to_bytes(2, "little") + who.to_bytes(4, "little"))
    access = ((2).to_bytes(4, "little") + entry(1, 6) + entry(2, 7, 12345) + entry(4, 4) +
              entry(16, 7) + entry(32, 4))
    wanted["system.posix_acl_access"] = access
    if os.geteuid() == 0:
        # cap_net_bind_service=ep, revision 2.
        wanted["security.capability"] = bytes.fromhex("0100000200040000000000000000000000000000")
    for name, value in list(wanted.items()):
        try:
            os.setxattr(source / "file", name, value)
        except OSError as error:
            print(f"{name} is left out: {error}")
            del wanted[name]
    repository = init(work / "attributes repository")
    back_up(repository, ".", cwd=source)
    target = work / "attributes restored"
    bulkhead("restore", "-r", repository, "latest", "-t", target)
    for name, value in wanted.items():
        same(os.getxattr(target / "file", name), value, name)
    tar = tarfile.open(fileobj=io.BytesIO(bulkhead("dump", "-r", repository, "latest", "/")))
    headers = tar.getmember("file").pax_headers
    if "system.posix_acl_access" in wanted:
        assert "12345" in headers["SCHILY.acl.access"], headers
    print("attributes, access lists and capabilities")


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
    expect_same(source, target, "dump and tar", without=("attributes",))
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
        selection(work)
        streams(work)
        backup_flags(work, source)
        restore_flags(work, source)
        odd_attributes(work)
        repository, first = look(work, source)
        find_blobs(repository)
        count(repository, first)
        dump(work, repository, source)
        keys(work)
        unlock(work)
        copy(work, source)
        rewrite(work, source)
        as_another_user(work, source)


main()
