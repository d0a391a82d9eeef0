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
    ENVIRONMENT["RESTIC_FROM_PASSWORD"] = PASSWORD
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
    with tempfile.TemporaryDirectory(prefix="bulkhead-output-") as work:
        work = Path(work)
        source = work / "source"
        make_source(source)
        progress_is_told(work, source)
        keys_and_places(work, source)
        hosts(work, source)
        no_password(work)


main()
