"""The whole rehearsal: bulkhead drill imo-2020 makes an estate, attacks it, recovers it, proves it;
and does so again on what the first one left."""
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest
from pathlib import Path

BIN = Path(os.environ["BULKHEAD_BIN"])
SOURCE = Path(os.environ["BULKHEAD_SOURCE"])
DRILL_SECONDS_MAX = 240


class DrillTest(unittest.TestCase):
    def setUp(self):
        self.root = Path(tempfile.mkdtemp(prefix="bulkhead-drill-"))
        self.addCleanup(shutil.rmtree, self.root, ignore_errors=True)
        self.estate = self.root / "estate"

    def drill(self, *options):
        return subprocess.run(
            [BIN / "bulkhead", "drill", "imo-2020", "--estate", self.estate, "--from",
             SOURCE / "estates/imo", "--free-ports", *options],
            capture_output=True, text=True, timeout=DRILL_SECONDS_MAX)

    def look_into_the_generations(self, service):
        """How many files of the one in use the one before it lacks or holds otherwise; and how many
        of those are readable as they must be, in the one in use. Not what the service writes."""
        def content(generation):
            files = {p.relative_to(generation): p.read_bytes()
                     for p in generation.rglob("*") if p.is_file()}
            return {path: held for path, held in files.items()
                    if not path.name.startswith(".drill") and path.parts[0] != ".quiesced" and
                    ".sqlite" not in path.name and not {"index", "search"} & set(path.parts)}
        folder = self.estate / "datasets" / service
        current = (folder / "current").resolve()
        clean = content(current)
        attacked = content(folder / f"g{int(current.name[1:]) - 1}")
        damaged = [path for path, held in clean.items() if attacked.get(path) != held]
        source = SOURCE / "estates/imo/content" / service
        recovered = [path for path in damaged
                     if not (source / path).is_file() or
                     (source / path).read_bytes() == clean[path]]
        return len(damaged), len(recovered)

    def check_report(self, file):
        report = json.loads(file.read_text())
        self.assertEqual(report["result"], "passed")
        self.assertEqual(report["probes_lost"], 0)
        self.assertGreater(report["probes_sent"], 50)
        self.assertIsNotNone(report["seal_ms"])
        self.assertGreater(len(report["timeline"]), 50)
        services = {s["name"]: s for s in report["services"]}
        self.assertEqual(set(services), {"website", "gisis", "imodocs", "publications"})
        damaged, recovered = self.look_into_the_generations("website")
        self.assertGreater(damaged, 0)
        self.assertEqual(services["website"]["files_damaged"], damaged)
        self.assertEqual(services["website"]["files_recovered"], recovered)
        for service in services.values():
            self.assertIsNotNone(service["rto_ms"])
            self.assertIsNotNone(service["rpo_ms"])
        self.assertEqual(services["gisis"]["seals"], 2)
        self.assertEqual(services["website"]["seals"], 1)
        self.assertGreater(report["escapes_tried"], 5)
        found = {check["name"]: check["found"] for check in report["checks"]}
        self.assertIn("cosigned by bulkhead-vault/",
                      found["The ledger is as it was signed, and the vault has seen it"])
        self.assertIn("The ledger holds every step of the incident", found)
        page = file.with_suffix(".html").read_text()
        self.assertIn("<svg", page)
        self.assertNotIn("<script", page)

    def check_ledger(self):
        """All that the timeline of the last incident tells is in the ledger, which verifies."""
        def ledger(*arguments):
            done = subprocess.run([BIN / "bulkhead", "ledger", *arguments, "--estate", self.estate],
                                  capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            return done.stdout
        ledger("verify")
        events = [json.loads(line) for line in
                  ledger("show", "--json", "--from", "0", "--count", "1000000").splitlines()]
        incident = sorted((self.estate / "incidents").iterdir())[-1]
        recorded = [e["details"].get("message") for e in events
                    if e["details"].get("incident") == incident.name]
        for line in (incident / "timeline.jsonl").read_text().splitlines():
            self.assertIn(json.loads(line)["message"], recorded)
        self.assertIn("exposure.changed", {e["action"] for e in events})

    def test_rehearsal_passes_twice_in_the_same_estate(self):
        for _ in range(2):
            done = self.drill()
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertNotIn("\x1b", done.stdout, "colours are for terminals")
            self.check_report(self.estate / "reports/imo-2020.json")
            self.check_ledger()
        if shutil.which("restic"):
            environment = dict(os.environ, RESTIC_PASSWORD_FILE=str(
                self.estate / "secrets/repository.password"))
            subprocess.run(["restic", "-r", self.estate / "vault/data/imo", "--no-lock",
                            "--no-cache", "check", "--read-data"], env=environment, check=True,
                           capture_output=True, timeout=120)

    def test_drill_that_was_interrupted_is_cleared_up_by_the_next(self):
        first = subprocess.Popen(
            [BIN / "bulkhead", "drill", "imo-2020", "--estate", self.estate, "--from",
             SOURCE / "estates/imo", "--free-ports"], stdout=subprocess.PIPE, text=True)
        with first.stdout as story:
            for line in story:
                if line.startswith("Three come back"):
                    first.send_signal(signal.SIGINT)
        self.assertEqual(first.wait(timeout=DRILL_SECONDS_MAX), 130)
        done = self.drill()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.check_report(self.estate / "reports/imo-2020.json")

    def test_port_that_is_in_use_is_named(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            subprocess.run([BIN / "bulkhead", "estate", "create", "--drill", "--from",
                            SOURCE / "estates/imo", "--at", self.estate, "--free-ports",
                            "--https-port", str(port)], check=True, capture_output=True)
            done = self.drill()
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("Address already in use", done.stderr)
        self.assertIn(f"127.0.0.1:{port}", done.stderr)
        self.assertIn(f"another port in {self.estate}/estate.toml", done.stderr)

    def test_estate_that_no_drill_made_is_left_alone(self):
        subprocess.run([BIN / "bulkhead", "estate", "create", "--from", SOURCE / "estates/imo",
                        "--at", self.estate, "--free-ports"], check=True, capture_output=True)
        before = (self.estate / "estate.toml").read_bytes()
        done = self.drill()
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("no drill made", done.stderr)
        self.assertEqual((self.estate / "estate.toml").read_bytes(), before)


if __name__ == "__main__":
    unittest.main(verbosity=2)
