"""Policies keep what restic keeps, and no flood of false times makes them drop what is there."""
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

BULKHEAD = str(Path(os.environ["BULKHEAD_BIN"]) / "bulkhead")
RESTIC = shutil.which("restic")
# restic counts days where the snapshot's time was written; both do so in UTC here.
ENVIRONMENT = {**os.environ, "RESTIC_PASSWORD": "a password of the tests", "TZ": "UTC"}


def run(command, cwd=None):
    done = subprocess.run(list(map(str, command)), cwd=cwd, env=ENVIRONMENT, capture_output=True)
    if done.returncode != 0:
        sys.stderr.buffer.write(done.stdout + done.stderr)
        sys.exit(f"{command}: status {done.returncode}")
    return done.stdout


def bulkhead(*arguments, cwd=None):
    return run([BULKHEAD, "repo", *arguments], cwd)


def restic(*arguments, cwd=None):
    return run([RESTIC, "--no-cache", *arguments], cwd)


def kept(groups):
    """Why each snapshot is kept; their times are all different."""
    reasons = {}
    for group in groups:
        for reason in group["reasons"] or []:
            reasons[reason["snapshot"]["time"]] = sorted(reason["matches"])
    return reasons


def random_policy(choice):
    policy = []
    for name in ("last", "hourly", "daily", "weekly", "monthly", "yearly"):
        if choice.random() < 0.4:
            policy += [f"--keep-{name}", str(choice.randrange(1, 9))]
    for name in ("", "-hourly", "-daily", "-weekly", "-monthly", "-yearly"):
        if choice.random() < 0.15:
            policy += [f"--keep-within{name}", choice.choice(["30h", "9d", "2m", "1y1m", "1m3d2h"])]
    if choice.random() < 0.3:
        policy += ["--keep-tag", choice.choice(["a", "b", "a,b"])]
    return policy or ["--keep-last", "3"]


def keeps_what_no_policy_fits(repository):
    def hosts():
        return {s["hostname"] for s in json.loads(bulkhead("snapshots", "-r", repository, "--json"))}

    def refused(*arguments):
        done = subprocess.run([BULKHEAD, "repo", "forget", "-r", repository, *arguments],
                              env=ENVIRONMENT, capture_output=True)
        if done.returncode != 1 or b"--unsafe-allow-remove-all" not in done.stderr:
            sys.exit(f"forget {arguments}: {done}")

    refused("--keep-tag", "misspelt")
    refused("--unsafe-allow-remove-all")
    if hosts() != {"london", "geneva"}:
        sys.exit("a policy that fits nothing removed something")
    bulkhead("forget", "-r", repository, "--unsafe-allow-remove-all", "--host", "geneva")
    if hosts() != {"london"}:
        sys.exit(f"the snapshots of a host that was to go are there: {hosts()}")


def main():
    if RESTIC is None:
        print("restic is not installed")
        sys.exit(77)
    choice = random.Random(20200930)
    with tempfile.TemporaryDirectory(prefix="bulkhead-forget-") as folder:
        folder = Path(folder)
        (folder / "source").mkdir()
        (folder / "source" / "file").write_text("content")
        repository = folder / "repository"
        bulkhead("init", "-r", repository)
        for minute in range(60):
            moment = datetime(2026, 8, 1, tzinfo=timezone.utc) - timedelta(
                hours=choice.choice([1, 24, 24 * 30]) * choice.randrange(24), minutes=minute)
            tags = choice.choice([[], ["--tag", "a"], ["--tag", "a,b"]])
            bulkhead("backup", "-r", repository, "--host", choice.choice(["london", "geneva"]),
                     "--time", moment.strftime("%Y-%m-%d %H:%M:%S"), *tags, ".",
                     cwd=folder / "source")
        for _ in range(25):
            policy = random_policy(choice)
            grouping = choice.choice(["host,paths", "", "host", "tags,paths"])
            arguments = ["forget", "-r", repository, "--dry-run", "--json", "--group-by", grouping,
                         *policy]
            # restic 0.14 removes all where a policy fits nothing.
            ours = kept(json.loads(bulkhead(*arguments, "--unsafe-allow-remove-all")))
            theirs = kept(json.loads(restic(*arguments).splitlines()[0]))
            if ours != theirs:
                different = {k: (ours.get(k), theirs.get(k)) for k in ours.keys() | theirs.keys()
                             if ours.get(k) != theirs.get(k)}
                sys.exit(f"{policy} by {grouping!r}: ours and restic's differ: {different}")

        genuine = json.loads(bulkhead("backup", "-r", repository, "--host", "london", "--json", ".",
                                      cwd=folder / "source").splitlines()[-1])["snapshot_id"]
        for year in range(2031, 2037):
            bulkhead("backup", "-r", repository, "--host", "london", "--time",
                     f"{year}-01-01 00:00:00", ".", cwd=folder / "source")
        bulkhead("forget", "-r", repository, "--keep-last", "2", "--keep-daily", "2")
        left = {s["id"] for s in json.loads(bulkhead("snapshots", "-r", repository, "--json"))}
        if genuine not in left:
            sys.exit("a flood of snapshots from the future displaced the genuine one")
        if len(left) > 9:
            sys.exit(f"{len(left)} snapshots are left")
        bulkhead("forget", "-r", repository, genuine[:12])
        if genuine in {s["id"] for s in json.loads(restic("snapshots", "-r", repository, "--json"))}:
            sys.exit("a named snapshot was not removed")
        restic("check", "-r", repository, "--read-data")
        keeps_what_no_policy_fits(repository)


main()
