"""restic and bulkhead take turns on one repository, at random, and restic checks every byte after
each step; every snapshot that is left restores, by either, to what was backed up.

BULKHEAD_RANDOM_STEPS (20; `make test-random` does hundreds) and BULKHEAD_RANDOM_SEED choose the run.
"""
import filecmp
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

BULKHEAD = str(Path(os.environ["BULKHEAD_BIN"]) / "bulkhead")
RESTIC = shutil.which("restic")
ENVIRONMENT = {**os.environ, "RESTIC_PASSWORD": "a password of the tests", "TZ": "UTC"}
STEPS = int(os.environ.get("BULKHEAD_RANDOM_STEPS", "20"))
SEED = int(os.environ.get("BULKHEAD_RANDOM_SEED", "2020"))


class Run:
    def __init__(self, folder):
        self.choice = random.Random(SEED)
        self.folder = folder
        self.source = folder / "source"
        self.repository = folder / "repository"
        self.trees = {}  # snapshot id -> a copy of what was backed up
        self.log = []
        self.source.mkdir()
        self.tool("bulkhead", "init")

    def fail(self, text):
        sys.exit(f"seed {SEED}, after {self.log[-12:]}: {text}")

    def tool(self, name, *arguments, cwd=None):
        command = ([BULKHEAD, "repo", arguments[0], "-r", self.repository, *arguments[1:]]
                   if name == "bulkhead" and arguments[0] != "repair" else
                   [BULKHEAD, "repo", "repair", arguments[1], "-r", self.repository, *arguments[2:]]
                   if name == "bulkhead" else
                   [RESTIC, "--no-cache", "-r", self.repository, *arguments])
        done = subprocess.run(list(map(str, command)), cwd=cwd, env=ENVIRONMENT,
                              capture_output=True)
        if done.returncode != 0:
            sys.stderr.buffer.write(done.stdout[-4000:] + done.stderr[-4000:])
            self.fail(f"{' '.join(map(str, command))}: status {done.returncode}")
        return done.stdout

    def either(self):
        return self.choice.choice(["restic", "bulkhead"])

    # What is backed up changes.
    def change_files(self):
        files = sorted(path for path in self.source.rglob("*") if path.is_file())
        for path in files:
            if self.choice.random() < 0.25:
                path.unlink()
        for _ in range(self.choice.randrange(1, 8)):
            folder = self.source / self.choice.choice([".", "a", "b", "a/deep", "c"])
            folder.mkdir(parents=True, exist_ok=True)
            size = self.choice.choice([0, 10, 3000, 200_000, 2_500_000])
            (folder / f"file{self.choice.randrange(30)}").write_bytes(self.choice.randbytes(size))

    def backup(self):
        self.change_files()
        tags = self.choice.choice([[], ["--tag", "a"], ["--tag", "b"]])
        output = self.tool(self.either(), "backup", "--json", *tags, ".", cwd=self.source)
        name = json.loads(output.splitlines()[-1])["snapshot_id"]
        names = [full for full in self.snapshots() if full.startswith(name)]
        kept = self.folder / "trees" / names[0]
        shutil.copytree(self.source, kept)
        self.trees[names[0]] = kept

    def snapshots(self):
        return {s["id"] for s in json.loads(self.tool(self.either(), "snapshots", "--json")) or []}

    def forget(self):
        policy = self.choice.choice([["--keep-last", "3"], ["--keep-last", "1", "--keep-tag", "a"],
                                     ["--keep-daily", "1", "--keep-last", "2"]])
        self.tool(self.either(), "forget", "--group-by", "", *policy)

    def forget_one(self):
        names = sorted(self.snapshots())
        if names:
            self.tool(self.either(), "forget", self.choice.choice(names))

    def prune(self):
        limit = ["--max-unused", self.choice.choice(["0%", "5%", "unlimited", "1M"])]
        grace = self.choice.choice(["0h", "23h"])
        extra = {"restic": [], "bulkhead": ["--keep-delete", grace]}
        tool = self.either()
        small = self.choice.choice([[], [], ["--repack-small"]])
        self.tool(tool, "prune", *limit, *small, *extra[tool])

    def repair_index(self):
        if self.choice.random() < 0.5:
            index = self.choice.choice(sorted((self.repository / "index").iterdir()))
            index.unlink()
        if self.either() == "restic":
            self.tool("restic", "rebuild-index")
        else:
            self.tool("bulkhead", "repair", "index")

    def damage_and_mend(self):
        self.tool("bulkhead", "parity", "--percent", "15")
        packs = sorted(path for path in (self.repository / "data").rglob("*") if path.is_file())
        pack = self.choice.choice(packs)
        before = pack.read_bytes()
        damaged = bytearray(before)
        if self.choice.random() < 0.5:
            damaged[self.choice.randrange(len(damaged))] ^= 1 << self.choice.randrange(8)
        else:
            del damaged[len(damaged) - min(len(damaged), self.choice.randrange(1, 4000)):]
        pack.chmod(0o600)
        pack.write_bytes(damaged)
        self.tool("bulkhead", "repair", "packs")
        if pack.read_bytes() != before:
            self.fail(f"{pack.name} was not rebuilt")

    def restore_one(self):
        names = sorted(self.snapshots())
        if not names:
            return
        name = self.choice.choice(names)
        target = self.folder / "target"
        shutil.rmtree(target, ignore_errors=True)
        self.tool(self.either(), "restore", name, "--target", target)
        self.expect_same(self.trees[name], target)

    def expect_same(self, wanted, found):
        compared = filecmp.dircmp(wanted, found)
        different = compared.left_only + compared.right_only + compared.funny_files
        _, mismatch, errors = filecmp.cmpfiles(wanted, found, compared.common_files, shallow=False)
        if different + mismatch + errors:
            self.fail(f"{found} is not what was backed up: {different + mismatch + errors}")
        for name in compared.common_dirs:
            self.expect_same(wanted / name, found / name)

    def step(self):
        name = self.choice.choices(
            ["backup", "forget", "forget_one", "prune", "repair_index", "damage_and_mend",
             "restore_one"], [6, 2, 2, 5, 1, 1, 2])[0]
        self.log.append(name)
        getattr(self, name)()
        output = self.tool("restic", "check", "--read-data")
        if b"no errors were found" not in output:
            self.fail(output.decode(errors="replace"))


def main():
    if RESTIC is None:
        print("restic is not installed")
        sys.exit(77)
    with tempfile.TemporaryDirectory(prefix="bulkhead-random-") as folder:
        run = Run(Path(folder))
        run.backup()
        for _ in range(STEPS):
            run.step()
        for name in sorted(run.snapshots()):
            for tool in ("restic", "bulkhead"):
                target = Path(folder) / "last" / tool / name
                run.tool(tool, "restore", name, "--target", target)
                run.expect_same(run.trees[name], target)
        print(f"seed {SEED}: {', '.join(run.log)}")


main()
