"""`bulkhead repo backup` and `restore` beside restic's: every way of choosing, and every option, takes
and brings back the same."""
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import repository_peers
from repository_peers import (BULKHEAD, ENVIRONMENT, PASSWORD, RESTIC, back_up, bulkhead, describe,
                              expect_same, init, json_lines, lines, make_tree, restic, run, same,
                              summary)


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
    # From inside: the folders above are not in the snapshot, and /tmp changes with every test.
    take = lambda *arguments: back_up(repository, *arguments, ".", cwd=source)
    repository = init(work / "flags")
    files = lambda: sorted(p for p in repository.rglob("*") if p.is_file())
    empty = files()
    dry = take("--dry-run")
    assert dry["files_new"] > 0 and "snapshot_id" not in dry and files() == empty, dry
    first = take("--tag", "x", "--host", "london")
    assert dry["data_added"] == first["data_added"], (dry, first)
    skipped = take("--host", "london", "--skip-if-unchanged")
    assert "snapshot_id" not in skipped, skipped
    other = take("--host", "geneva")
    assert other["files_new"] == first["files_new"]
    grouped = take("--host", "paris", "--group-by", "paths")
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
    spoken = lines(bulkhead("backup", "-r", repository, "-vv", "--host", "london", ".",
                            cwd=source))
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


def main():
    if RESTIC is None:
        print("restic is not installed")
        sys.exit(77)
    ENVIRONMENT["TZ"] = "UTC"
    with tempfile.TemporaryDirectory(prefix="restic-takes-") as folder:
        work = Path(folder).resolve()
        source = work / "source"
        source.mkdir()
        make_tree(source)
        selection(work)
        streams(work)
        backup_flags(work, source)
        restore_flags(work, source)
        odd_attributes(work)
        as_another_user(work, source)


main()
