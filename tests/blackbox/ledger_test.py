"""The ledger of a running estate: what is recorded, that it verifies, and that a change shows."""
import hashlib
import json
import signal
import subprocess
import unittest

from running_estate import RunningEstate, wait_until


class LedgerTest(unittest.TestCase):
    def setUp(self):
        self.estate = self.enterContext(RunningEstate())
        self.ledger = self.estate.folder / "ledger"

    def events(self):
        shown = self.estate.bulkhead("ledger", "show", "--from", 0, "--count", 100000, "--json")
        return [json.loads(line) for line in shown.stdout.splitlines()]

    def verified(self, *options):
        return json.loads(self.estate.bulkhead("ledger", "verify", "--json", *options).stdout)

    def test_events_are_recorded_proven_and_kept_over_a_kill(self):
        self.estate.bulkhead("seal", "alpha", "--reason", "a test of the ledger")
        self.estate.expose("alpha", "public")
        sealed = wait_until(
            lambda: [e for e in self.events() if e["action"] == "exposure.changed"
                     and "a test of the ledger" in e["details"]["message"]], "the seal's event")[0]
        self.assertEqual(sealed["actor"], "supervisor")
        self.assertEqual(sealed["object"], "alpha")
        said = wait_until(lambda: [e for e in self.events() if e["action"] == "audit"],
                          "a service's audit event")[0]
        self.assertTrue(said["actor"].startswith("service:"))
        self.assertTrue(self.verified()["good"])

        # What the timeline has, the ledger has, in spite of a kill.
        before = self.verified()["size"]
        self.estate.stop(signal.SIGKILL)
        self.estate.start()
        wait_until(lambda: self.verified()["size"] > before, "the ledger goes on")
        self.estate.stop()
        numbers = [e["details"]["number"] for e in self.events()
                   if e["actor"] == "supervisor" and "number" in e["details"]]
        timeline = (self.estate.folder / "state/events.jsonl").read_text().splitlines()
        self.assertEqual(sorted(numbers), [json.loads(line)["number"] for line in timeline])
        self.assertTrue(self.verified()["good"])

    def test_proof_and_copy_are_checked_without_the_estate(self):
        self.estate.stop()
        key = (self.estate.folder / "ledger.vkey").read_text().strip()
        proof = self.estate.root / "event.tlog-proof"
        proof.write_text(self.estate.bulkhead("ledger", "prove", 1).stdout)
        self.assertTrue(proof.read_text().startswith("c2sp.org/tlog-proof@v1\n"))
        done = self.estate.bulkhead("ledger", "verify", "--proof", proof, "--key", key,
                                    estate=False)
        self.assertIn("Event 1 of", done.stdout)
        copy = self.estate.root / "copy"
        self.estate.bulkhead("ledger", "export", copy)
        self.estate.bulkhead("ledger", "verify", "--folder", copy, "--key", copy / "ledger.vkey",
                             estate=False)
        lines = (copy / "events.jsonl").read_bytes().splitlines()
        self.assertEqual(len(lines), self.verified()["size"])
        # A bundle is lengths and entries, a leaf is SHA-256 of a zero byte and the entry.
        bundle = (copy / f"tile/entries/000.p/{len(lines)}").read_bytes()
        at = 0
        leaves = b""
        for line in lines:
            self.assertEqual(bundle[at:at + 2 + len(line)],
                             len(line).to_bytes(2, "big") + line)
            at += 2 + len(line)
            leaves += hashlib.sha256(b"\0" + line).digest()
        self.assertEqual((copy / f"tile/0/000.p/{len(lines)}").read_bytes(), leaves)
        changed = proof.read_text().replace("index 1\n", "index 0\n")
        proof.write_text(changed)
        refused = self.estate.bulkhead("ledger", "verify", "--proof", proof, "--key", key,
                                       check=False, estate=False)
        self.assertNotEqual(refused.returncode, 0)

    def test_changes_show_and_keep_no_service_down(self):
        self.estate.stop()
        size = self.verified()["size"]
        remembered = self.estate.root / "remembered"
        remembered.write_bytes((self.ledger / "checkpoint").read_bytes())
        older = self.estate.root / "older"
        subprocess.run(["cp", "-a", self.ledger, older], check=True)
        bundle = self.ledger / f"tile/entries/000.p/{size}"
        good = bundle.read_bytes()
        bundle.write_bytes(good.replace(b"has started", b"has Started", 1))
        bad = self.estate.bulkhead("ledger", "verify", check=False)
        self.assertEqual(bad.returncode, 1)
        self.assertIn(f"tile/entries/000.p/{size}, entry 0", bad.stdout)
        bundle.write_bytes(good)

        # Rolled back to what it was, behind what somebody remembers.
        self.estate.start()
        self.estate.stop()
        self.assertGreater(self.verified("--remembered", remembered)["size"], size)
        remembered.write_bytes((self.ledger / "checkpoint").read_bytes())
        subprocess.run(["rm", "-r", self.ledger], check=True)
        subprocess.run(["cp", "-a", older, self.ledger], check=True)
        self.assertTrue(self.verified()["good"])
        bad = self.estate.bulkhead("ledger", "verify", "--remembered", remembered, check=False)
        self.assertEqual(bad.returncode, 1)
        self.assertIn("rolled back", bad.stdout)

        # A ledger that cannot be continued is told, and the services run.
        checkpoint = self.ledger / "checkpoint"
        checkpoint.write_bytes(checkpoint.read_bytes().replace(b"\n", b"x\n", 1))
        self.estate.start()
        timeline = (self.estate.folder / "state/events.jsonl").read_text()
        self.assertIn("ledger.refused", timeline)
        self.assertEqual(self.estate.get("alpha.localhost").status, 200)


if __name__ == "__main__":
    unittest.main(verbosity=2)
