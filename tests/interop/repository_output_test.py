#!/usr/bin/env python3
"""What bulkhead's verbs tell while they work and afterwards, on a terminal, in plain lines and as
JSON; and the options and variables that say which repository and key are meant."""
import json
import os
import pty
import re
import select
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from repository_peers import (BULKHEAD, ENVIRONMENT, PASSWORD, RESTIC, back_up, bulkhead, init,
                              json_lines, lines, restic, run, same)

# As often as anything is told at all.
EAGER = {"RESTIC_PROGRESS_FPS": "10000"}
# "[0:01]  walking snapshots:  12 of 30+ folders, 400/s"
PROGRESS = re.compile(r"\[\d+:\d\d\]  (?P<stage>[a-z ]+:)?.*\d+ of \d+\+? [a-z]+")


def with_variables(variables, *arguments, status=0):
    done = subprocess.run([BULKHEAD, "repo", *map(str, arguments)], capture_output=True,
                          env={**ENVIRONMENT, **variables})
    if done.returncode != status:
        sys.exit(f"{arguments} with {variables}: status {done.returncode}: {done.stderr.decode()}")
    return done


def on_terminal(*arguments):
    """What a person sees, in one string."""
    process, terminal = pty.fork()
    if process == 0:
        os.environ.update({**ENVIRONMENT, **EAGER})
        os.execv(BULKHEAD, [BULKHEAD, "repo", *map(str, arguments)])
    seen = b""
    while select.select([terminal], [], [], 60)[0]:
        try:
            part = os.read(terminal, 65536)
        except OSError:
            break
        if not part:
            break
        seen += part
    _, status = os.waitpid(process, 0)
    if status != 0:
        sys.exit(f"{arguments} on a terminal: {status}: {seen.decode()}")
    return seen.decode()


def make_source(source):
    for folder in range(40):
        (source / f"{folder}").mkdir(parents=True)
        for file in range(20):
            (source / f"{folder}/{file}").write_bytes(os.urandom(500 + 60_000 * (file == 7)))


def long_verbs(work, source):
    """(verb and arguments, the stage that it tells of)."""
    def repository(name):
        made = init(work / name)
        back_up(made, source / "1")
        back_up(made, source)
        return made

    one, other = repository("one"), init(work / "other")
    flags = ["--from-repo", one]
    yield ["copy", "-r", other, *flags], None
    yield ["check", "-r", one, "--read-data"], None
    yield ["rewrite", "-r", one, "--exclude", "7", "--forget"], "reading snapshots"
    yield ["forget", "-r", one, "--keep-last", "1", "--group-by", ""], "removing"
    yield ["prune", "-r", one, "--max-unused", "0", "--keep-delete", "0h"], "packing anew"
    yield ["parity", "-r", one], "making parity"
    yield ["repair", "index", "-r", one, "--read-all-packs"], "looking into packs"
    yield ["repair", "packs", "-r", one], "reading packs"
    yield ["repair", "snapshots", "-r", one], "checking snapshots"
    yield ["restore", "-r", one, "latest", "-t", work / "restored"], None
    yield ["backup", "-r", one, source, "--force"], None


def progress_is_told(work, source):
    for form in ("terminal", "lines", "json", "quiet"):
        folder = work / form
        folder.mkdir()
        for verb, stage in long_verbs(folder, source):
            what = f"{form}: {verb[:2]}"
            if form == "terminal":
                seen = on_terminal(*verb)
                parts = [p for p in seen.split("\r") if PROGRESS.search(p)]
                assert parts, f"{what}: no progress in {seen}"
                assert stage is None or any(f"{stage}:" in p for p in parts), f"{what}: {seen}"
                assert max(len(p.rstrip("\n")) for p in parts) < 80, f"{what}: a line wraps"
            elif form == "lines":
                told = with_variables(EAGER, *verb).stderr.decode().splitlines()
                assert any(PROGRESS.match(l) for l in told), f"{what}: {told}"
            elif form == "quiet":
                done = with_variables({}, *verb, "--quiet")
                assert not done.stderr, f"{what}: {done.stderr}"
            else:
                told = json_lines(with_variables(EAGER, *verb, "--json").stdout)
                status = [o for o in told if isinstance(o, dict)
                          and o.get("message_type") == "status"]
                # forget prints one document, as restic's does.
                assert bool(status) == (verb[0] != "forget"), f"{what}: {told[:3]}"
                for one in status:
                    assert 0 <= one["percent_done"] <= 1 and "seconds_elapsed" in one, one
    print("progress is told on a terminal, in lines and as JSON")


# The keys that restic 0.19 documents (its "Scripting" page), of each verb that it has JSON for.
SNAPSHOT = {"time", "tree", "paths", "hostname", "username", "id", "short_id", "program_version",
            "summary"}
NODE = {"name", "type", "path", "uid", "gid", "mode", "permissions", "mtime", "atime", "ctime",
        "inode", "message_type", "struct_type"}
FOUND = {"path", "permissions", "type", "atime", "mtime", "ctime", "user", "group", "inode", "mode",
         "device_id", "uid", "gid"}
BACKUP = {"message_type", "files_new", "files_changed", "files_unmodified", "dirs_new",
          "dirs_changed", "dirs_unmodified", "data_blobs", "tree_blobs", "data_added",
          "data_added_packed", "total_files_processed", "total_bytes_processed", "backup_start",
          "backup_end", "total_duration", "snapshot_id"}
RESTORE = {"message_type", "seconds_elapsed", "total_files", "files_restored", "files_skipped",
           "files_deleted", "total_bytes", "bytes_restored", "bytes_skipped"}
RESTORE_STATUS = {"message_type", "seconds_elapsed", "percent_done", "total_files",
                  "files_restored", "total_bytes", "bytes_restored"}
AMOUNTS = {"used", "duplicate", "unused", "total", "repack", "repack_remove", "remove",
           "remove_total", "remaining"}
BYTES = AMOUNTS | {"unreferenced", "uncompressed", "remaining_unused"}
PACKFILES = {"used", "unused", "partly_used", "unreferenced", "total", "keep", "repack", "remove",
             "remove_total"}
GROUP = {"tags", "host", "paths", "keep", "remove", "reasons"}
DIFFERENCE = {"message_type", "source_snapshot", "target_snapshot", "changed_files", "added",
              "removed"}
COUNTS = {"files", "dirs", "others", "data_blobs", "tree_blobs", "bytes"}
RAW = {"total_size", "total_uncompressed_size", "compression_ratio", "compression_progress",
       "compression_space_saving", "total_blob_count", "snapshots_count"}


def require(keys, entry, what):
    if not isinstance(entry, dict) or not keys <= entry.keys():
        sys.exit(f"{what}: lacks {sorted(keys - set(entry))} in {entry}")


def last(output, message_type="summary"):
    told = json_lines(output)
    if told[-1].get("message_type") != message_type:
        sys.exit(f"no {message_type} at the end: {told[-1]}")
    return told[-1]


def json_of_looking(repository, first, second):
    at = ["-r", repository, "--json"]
    for entry in json.loads(bulkhead("snapshots", *at)):
        require(SNAPSHOT, entry, "snapshots")
    grouped = json.loads(bulkhead("snapshots", *at, "--group-by", "host"))
    require({"group_key", "snapshots"}, grouped[0], "snapshots by group")
    told = json_lines(bulkhead("ls", *at, first))
    require(SNAPSHOT | {"message_type", "struct_type"}, told[0], "ls")
    for entry in told[1:]:
        require(NODE | ({"size"} if entry["type"] == "file" else set()), entry, "ls")
    found = json.loads(bulkhead("find", *at, "7"))
    require({"matches", "hits", "snapshot"}, found[0], "find")
    for entry in found[0]["matches"]:
        require(FOUND, entry, "find")
    theirs = json.loads(restic("-r", repository, "find", "--json", "7"))
    # The order of snapshots is nobody's promise.
    by_id = {entry["snapshot"]: entry for entry in found}
    for entry in theirs:
        mine = by_id[entry["snapshot"]]
        same(mine["hits"], entry["hits"], "find: hits")
        for one, other in zip(mine["matches"], entry["matches"], strict=True):
            other.pop("name", None)
            if not other.get("size"):
                other.pop("size", None)
            # Times may be written in other zones.
            times = {"atime", "mtime", "ctime"}
            same({k: one.get(k) for k in other if k not in times},
                 {k: v for k, v in other.items() if k not in times}, "find: match")
    assert json.loads(bulkhead("find", *at, "there is no such file")) == []
    blob = json.loads(bulkhead("list", *at, "blobs").splitlines()[0])
    require({"type", "id"}, blob, "list blobs")
    kind = "--blob" if blob["type"] == "data" else "--tree"
    for entry in json.loads(bulkhead("find", *at, kind, blob["id"][:12])):
        require({"object_type", "id", "path", "snapshot", "time"}, entry, "find blob")
    told = json_lines(bulkhead("diff", *at, first, second))
    require({"message_type", "path", "modifier"}, told[0], "diff")
    require(DIFFERENCE, told[-1], "diff")
    require(COUNTS, told[-1]["added"], "diff")
    stats = json.loads(bulkhead("stats", *at, "--mode", "raw-data"))
    require(RAW, stats, "stats raw-data")
    theirs = json.loads(restic("-r", repository, "stats", "--json", "--mode", "raw-data"))
    for key in RAW & theirs.keys():
        assert abs(stats[key] - theirs[key]) <= 1e-9 * abs(theirs[key]), (key, stats, theirs)
    for mode in ("restore-size", "files-by-contents", "blobs-per-file"):
        require({"total_size", "total_file_count", "snapshots_count"},
                json.loads(bulkhead("stats", *at, "--mode", mode)), mode)
    for kind in ("packs", "index", "snapshots", "keys", "locks"):
        assert isinstance(json.loads(bulkhead("list", *at, kind)), list), kind
    for what in (["config"], ["masterkey"], ["snapshot", first], ["tree", first],
                 ["key", json.loads(bulkhead("list", *at, "keys"))[0]],
                 ["index", json.loads(bulkhead("list", *at, "index"))[0]]):
        json.loads(bulkhead("cat", *at, *what))
    for entry in json.loads(bulkhead("cache", *at)):
        require({"id", "last_used", "old", "size"}, entry, "cache")
    assert json.loads(bulkhead("cache", *at, "--cleanup")) == []
    require({"current", "id", "userName", "hostName", "created"},
            json.loads(bulkhead("key", "list", *at))[0], "key list")


def json_of_changing(work, repository, first, second):
    at = ["-r", repository, "--json"]
    told = json_lines(with_variables(EAGER, "restore", *at, first, "-t", work / "r").stdout)
    require(RESTORE_STATUS, told[0], "restore status")
    require(RESTORE, told[-1], "restore")
    again = last(bulkhead("restore", *at, first, "-t", work / "r", "--verify"), "verification")
    require({"files_checked", "bytes_checked", "differences"}, again, "restore --verify")
    told = json_lines(bulkhead("tag", *at, "--add", "seen", first))
    require({"message_type", "old_snapshot_id", "new_snapshot_id"}, told[0], "tag")
    same(told[-1], {"message_type": "summary", "changed_snapshots": 1}, "tag")
    first = told[0]["new_snapshot_id"]
    told = json_lines(bulkhead("rewrite", *at, "--forget", "--exclude", "7", first))
    require({"message_type", "old_snapshot_id", "new_snapshot_id", "changed", "excluded"}, told[0],
            "rewrite")
    copied = init(work / "of the copy")
    told = last(bulkhead("copy", "-r", copied, "--json", "--from-repo", repository))
    require({"blobs_copied", "data_added", "data_added_packed"}, told, "copy")
    checked = last(bulkhead("check", *at, "--read-data"))
    require({"num_errors", "broken_packs", "suggest_repair_index", "suggest_prune"}, checked,
            "check")
    assert (checked["num_errors"], checked["broken_packs"]) == (0, []), checked
    groups = json.loads(bulkhead("forget", *at, "--keep-last", "1", "--group-by", ""))
    require(GROUP, groups[0], "forget")
    require({"snapshot", "matches"}, groups[0]["reasons"][0], "forget")
    assert not bulkhead("forget", *at, groups[0]["keep"][0]["id"][:8], "--dry-run")
    dry = last(bulkhead("prune", *at, "--dry-run", "--max-unused", "0"))
    said = restic("-r", repository, "prune", "--dry-run", "--max-unused", "0", "-vv").decode()
    number = lambda name: int(re.search(rf"^{name}: +(\d+)", said, re.M)[1])
    same((dry["blobs"]["used"], dry["blobs"]["unused"], dry["blobs"]["total"]),
         (number("used"), number("unused"), number("total")), "prune: blobs")
    pruned = last(bulkhead("prune", *at, "--max-unused", "0"))
    require({"blobs", "bytes", "packfiles", "hidden", "deleted", "waiting"}, pruned, "prune")
    require(AMOUNTS, pruned["blobs"], "prune: blobs")
    require(BYTES, pruned["bytes"], "prune: bytes")
    require(PACKFILES, pruned["packfiles"], "prune: packfiles")
    same(pruned["blobs"]["total"],
         sum(pruned["blobs"][k] for k in ("used", "unused", "duplicate")), "prune: the sum")
    after = last(bulkhead("prune", *at, "--max-unused", "0"))
    same((after["blobs"]["unused"], after["blobs"]["remaining"], after["bytes"]["unreferenced"] > 0),
         (0, pruned["blobs"]["remaining"], True), "prune: afterwards")
    require({"packs", "made", "bytes_made", "damaged"}, last(bulkhead("parity", *at), "parity"),
            "parity")
    for verb, keys in (("index", {"packs", "added", "corrected", "removed"}),
                       ("packs", {"read", "rebuilt", "salvaged", "blobs_lost"}),
                       ("snapshots", {"checked", "repaired"})):
        require(keys, last(bulkhead("repair", verb, *at), f"repair_{verb}"), verb)
    require({"removed"}, last(bulkhead("unlock", *at)), "unlock")
    password = work / "new password"
    password.write_text("new")
    added = json.loads(bulkhead("key", "add", *at, "--new-password-file", password))
    same(added["message_type"], "key_added", "key add")
    same(json.loads(bulkhead("key", "remove", *at, added["id"]))["message_type"], "key_removed",
         "key remove")
    same(json.loads(bulkhead("key", "passwd", *at, "--new-password-file", password))
         ["message_type"], "password_changed", "key passwd")


def verbs_speak_json(work, source):
    ENVIRONMENT["XDG_CACHE_HOME"] = str(work / "cache")
    repository = work / "of json"
    made = json.loads(bulkhead("init", "-r", repository, "--json"))
    require({"message_type", "id", "repository"}, made, "init")
    told = json_lines(with_variables({}, "backup", "-r", repository, "--json", "-vv",
                                     source).stdout)
    require({"message_type", "action", "item", "data_size"}, told[0], "backup -vv")
    require(BACKUP, told[-1], "backup")
    (source / "3/new").write_text("new")
    second = back_up(repository, source)
    dry = back_up(repository, "--dry-run", source)
    assert dry["dry_run"] and "snapshot_id" not in dry, dry
    json_of_looking(repository, told[-1]["snapshot_id"], second["snapshot_id"])
    json_of_changing(work, repository, told[-1]["snapshot_id"], second["snapshot_id"])
    print("every verb speaks JSON, with restic's keys")


def failures_speak_json(work, source):
    """Each line on standard error is an object; what ends a verb says with which status."""
    repository = init(work / "to fail")
    snapshot = back_up(repository, source / "1")["snapshot_id"]

    def refused(status, *arguments, message=""):
        done = with_variables({}, *arguments, "--json", status=status)
        said = json_lines(done.stderr)
        same({k: said[-1][k] for k in ("message_type", "code")},
             {"message_type": "exit_error", "code": status}, f"{arguments}")
        assert message in said[-1]["message"], said
        return said[:-1]

    refused(1, "ls", "-r", repository, "abcdef", message="abcdef")
    refused(10, "snapshots", "-r", work / "nowhere", message="nowhere")
    wrong = work / "wrong password"
    wrong.write_text("wrong")
    refused(12, "snapshots", "-r", repository, "-p", wrong)
    refused(1, "backup", "-r", repository, work / "nowhere", message="nowhere")
    refused(1, "stats", "-r", repository, "--mode", "of some kind", message="of some kind")
    # What does not end it.
    pack = next(p for p in (repository / "data").rglob("*") if p.is_file())
    whole = pack.read_bytes()
    pack.chmod(0o600)
    pack.write_bytes(whole[:-1])
    done = with_variables({}, "check", "-r", repository, "--read-data", "--json", status=1)
    for entry in json_lines(done.stderr):
        require({"message_type", "message"}, entry, "check")
    same(last(done.stdout)["broken_packs"], [pack.name], "check: broken packs")
    pack.write_bytes(b"x" * len(whole))
    target = work / "of the damaged"
    done = with_variables({}, "restore", "-r", repository, snapshot, "-t", target, "--json",
                          status=1)
    for entry in json_lines(done.stderr):
        assert entry["message_type"] in ("error", "exit_error"), entry
    print("failures speak JSON")


def keys_and_places(work, source):
    one, other = work / "first of two", work / "second of two"
    passwords = {}
    for name in ("one", "other"):
        passwords[name] = work / f"password of {name}"
        passwords[name].write_text(f"of {name}\n")
    bulkhead("init", "-r", one, "-p", passwords["one"])
    run([BULKHEAD, "repo", "backup", "-q", "-r", one, "-p", passwords["one"], source / "1"])
    place = work / "place"
    place.write_text(f"{one}\n")
    hint = lines(bulkhead("list", "keys", "-r", one, "-p", passwords["one"]))[0][:10]
    command = f"cat '{passwords['one']}'"
    no_password = {"RESTIC_PASSWORD": ""}

    def of_other(variables=(), *arguments):
        return with_variables({**no_password, **dict(variables)}, "copy", "--json", "-r", other,
                              "-p", passwords["other"], *arguments)

    with_variables(no_password, "init", "-r", other, "-p", passwords["other"], "--from-repo", one,
                   "--from-password-file", passwords["one"], "--from-key-hint", hint,
                   "--copy-chunker-params")
    polynomials = [json.loads(run([BULKHEAD, "repo", "cat", "config", "-r", r, "-p", p]))
                   ["chunker_polynomial"] for r, p in ((one, passwords["one"]),
                                                       (other, passwords["other"]))]
    assert polynomials[0] == polynomials[1], polynomials
    of_other((), "--from-repo", one, "--from-password-command", command)
    of_other((), "--from-repository-file", place, "--from-password-file", passwords["one"])
    of_other({"RESTIC_FROM_REPOSITORY": str(one), "RESTIC_FROM_PASSWORD": "of one",
              "RESTIC_FROM_KEY_HINT": hint})
    of_other({"RESTIC_FROM_REPOSITORY_FILE": str(place),
              "RESTIC_FROM_PASSWORD_FILE": str(passwords["one"])})
    of_other({"RESTIC_FROM_REPOSITORY_FILE": str(place),
              "RESTIC_FROM_PASSWORD_COMMAND": command})
    same(len(lines(run([BULKHEAD, "repo", "list", "snapshots", "-r", other, "-p",
                        passwords["other"]]))), 1, "the copies")
    for variables in ({"RESTIC_REPOSITORY": str(one), "RESTIC_PASSWORD": "of one"},
                      {"RESTIC_REPOSITORY_FILE": str(place), "RESTIC_KEY_HINT": hint,
                       "RESTIC_PASSWORD_COMMAND": command},
                      {"RESTIC_REPOSITORY_FILE": str(place),
                       "RESTIC_PASSWORD_FILE": str(passwords["one"])}):
        with_variables({**no_password, **variables}, "snapshots")
    print("repositories and passwords are found by flags and variables")


def hosts(work, source):
    repository = init(work / "hosts")
    for host in ("london", "geneva"):
        bulkhead("backup", "-q", "-r", repository, "--host", host, source / "1")

    def chosen(variables, *arguments):
        shown = with_variables(variables, "snapshots", "--json", "-r", repository, *arguments)
        return [s["hostname"] for s in json.loads(shown.stdout)]

    same(chosen({}), ["london", "geneva"], "without a host")
    same(chosen({"RESTIC_HOST": "geneva"}), ["geneva"], "by the variable")
    same(chosen({"RESTIC_HOST": "geneva"}, "--host", "london"), ["london"], "by the flag")
    same(chosen({"RESTIC_HOST": "geneva"}, "--host", ""), ["london", "geneva"], "all")
    # -H is a number here, as with restic.
    kept = json.loads(bulkhead("forget", "-r", repository, "-H", "1", "--group-by", "", "--json",
                               "--dry-run"))
    theirs = json.loads(restic("-r", repository, "forget", "-H", "1", "--group-by", "", "--json",
                               "--dry-run"))
    same(sorted(s["id"] for g in kept for s in g["keep"]),
         sorted(s["id"] for g in theirs for s in g["keep"]), "forget -H 1")
    print("hosts are chosen by flag and variable")


def no_password(work):
    repository = work / "open to all"
    none = {"RESTIC_PASSWORD": ""}
    with_variables(none, "init", "-r", repository, status=1)
    with_variables(none, "init", "-r", repository, "--insecure-no-password")
    with_variables(none, "snapshots", "-r", repository, status=1)
    with_variables(none, "snapshots", "-r", repository, "--insecure-no-password")
    with_variables({}, "snapshots", "-r", repository, "--insecure-no-password", status=1)
    password = work / "a real one"
    password.write_text("a real one")
    with_variables(none, "key", "passwd", "-r", repository, "--insecure-no-password",
                   "--new-password-file", password)
    with_variables(none, "snapshots", "-r", repository, "--insecure-no-password", status=12)
    with_variables(none, "key", "passwd", "-r", repository, "-p", password,
                   "--new-insecure-no-password")
    with_variables(none, "snapshots", "-r", repository, "--insecure-no-password")
    print("an empty password is one that was asked for")


def main():
    if RESTIC is None:
        print("restic is not installed")
        sys.exit(77)
    ENVIRONMENT["RESTIC_FROM_PASSWORD"] = PASSWORD
    with tempfile.TemporaryDirectory(prefix="bulkhead-output-") as work:
        work = Path(work)
        source = work / "source"
        make_source(source)
        progress_is_told(work, source)
        verbs_speak_json(work, source)
        failures_speak_json(work, source)
        keys_and_places(work, source)
        hosts(work, source)
        no_password(work)


main()
