"""The ledger of a running estate: what is recorded, that it verifies, and that a change shows."""
import hashlib
import json
import re
import shutil
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

from running_estate import BIN, DESCRIPTION, RunningEstate, wait_until


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


class WitnessedLedgerTest(unittest.TestCase):
    """The vault as the ledger's witness, which London cannot make forget."""

    def setUp(self):
        folder = Path(tempfile.mkdtemp(prefix="bulkhead-witness-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        description = folder / "description"
        shutil.copytree(DESCRIPTION, description)
        file = description / "estate.toml"
        file.write_text(file.read_text().replace('repository = "test"',
                                                 'repository = "test"\nrun_here = true', 1))
        self.estate = self.enterContext(RunningEstate(description))
        self.ledger = self.estate.folder / "ledger"

    def verified(self, *options, check=True):
        return json.loads(self.estate.bulkhead("ledger", "verify", "--json", *options,
                                               check=check).stdout)

    def witnessed(self, size):
        """Verified, once the vault has cosigned so many events and says so itself."""
        def asked():
            found = self.verified()
            witness = found["witness"]
            return found if witness.get("asked") and witness["size"] >= size else None
        return wait_until(asked, f"{size} events are cosigned")

    def start_vault(self):
        """Geneva by itself, while London is down."""
        vault = subprocess.Popen(
            [BIN / "bulkhead-vault", "serve", "--config", self.estate.folder / "vault/vault.toml"],
            stderr=subprocess.DEVNULL)
        self.addCleanup(vault.wait)
        self.addCleanup(vault.kill)
        wait_until(lambda: self.verified(check=False)["witness"].get("asked"), "the vault answers")
        return vault

    def end(self, vault):
        vault.terminate()
        vault.wait(timeout=30)

    def alarms(self):
        file = self.estate.folder / "vault/data/.vault/alarms.jsonl"
        lines = file.read_text().splitlines() if file.exists() else []
        return [alarm["text"] for alarm in map(json.loads, filter(None, lines))
                if alarm["kind"] == "ledger-changed"]

    def timeline(self, kind):
        lines = (self.estate.folder / "state/events.jsonl").read_text().splitlines()
        return [e["message"] for e in map(json.loads, lines) if e["kind"] == kind]

    def replace_ledger(self, by):
        shutil.rmtree(self.ledger)
        shutil.copytree(by, self.ledger, symlinks=True)

    def test_vault_cosigns_catches_up_and_is_asked_by_verify(self):
        found = self.witnessed(1)
        self.assertTrue(found["good"])
        self.assertTrue(found["witness"]["by"].startswith("bulkhead-vault/"))
        shown = self.estate.bulkhead("ledger", "verify").stdout
        self.assertRegex(shown, r"witnessed by bulkhead-vault/\S+ at \S+: \d+ events, "
                                r"as the vault says now")
        # The last events of a supervisor that ends are cosigned, too.
        self.estate.stop()
        size = self.verified()["size"]
        self.assertEqual(self.verified("--offline")["witness"]["size"], size)
        self.assertFalse(self.verified("--offline")["witness"]["asked"])
        # Without its vault London records and verifies, and says that nobody was heard.
        config = self.estate.folder / "vault/vault.toml"
        good = config.read_text()
        config.write_text("broken")
        self.estate.start()
        self.estate.bulkhead("seal", "alpha", "--reason", "while the vault is down")
        wait_until(lambda: self.verified()["size"] > size, "the ledger grows")
        found = self.verified()
        self.assertTrue(found["good"])
        self.assertEqual(found["witness"]["size"], size)
        self.assertIn("problem", found["witness"])
        size = found["size"]
        config.write_text(good)
        self.assertTrue(self.witnessed(size)["good"])
        self.assertEqual(self.alarms(), [])

    def test_roll_back_and_fork_are_refused_by_the_vault_and_named(self):
        self.estate.stop()
        older = self.estate.root / "older"
        shutil.copytree(self.ledger, older)
        older_size = self.verified("--offline")["size"]
        self.estate.start()
        self.witnessed(older_size + 1)
        self.estate.stop()
        size = self.verified("--offline")["size"]
        newest = self.estate.root / "newest"
        shutil.copytree(self.ledger, newest)

        # London puts the older copy back, and what it kept of the vault's cosignatures away.
        self.replace_ledger(older)
        (self.estate.folder / "ledger.cosigned").unlink()
        self.assertTrue(self.verified("--offline")["good"])
        vault = self.start_vault()
        bad = self.estate.bulkhead("ledger", "verify", check=False)
        self.assertEqual(bad.returncode, 1)
        self.assertIn("rolled back: bulkhead-vault/", bad.stdout)
        self.assertIn(f"has seen {size} entries, here are {older_size}", bad.stdout)
        self.end(vault)

        # It goes on from there, signing with its own key: first shorter than what the vault has
        # seen, then longer.
        self.estate.start()
        wait_until(lambda: self.timeline("ledger.forked") or self.timeline("ledger.rolled_back"),
                   "the timeline tells that the vault disagrees")
        while self.verified("--offline")["size"] <= size:
            self.estate.bulkhead("seal", "alpha", "--reason", "to make it longer")
            self.estate.expose("alpha", "public")
        told = wait_until(lambda: self.timeline("ledger.forked"), "the fork is told of")
        self.assertIn("refuses to cosign", told[0])
        bad = self.estate.bulkhead("ledger", "verify", check=False)
        self.assertEqual(bad.returncode, 1)
        self.assertRegex(bad.stdout, re.compile(
            rf"forked: the first {size} entries are not those that bulkhead-vault/\S+ .*has seen"))
        self.assertTrue([text for text in self.alarms() if "was forked" in text])
        self.assertEqual(self.estate.get("alpha.localhost").status, 200)
        self.assertEqual(self.timeline("ledger.forked"), told, "told once")
        self.estate.stop()

        # What the vault has seen is still there, and goes on.
        self.replace_ledger(newest)
        self.estate.start()
        found = self.witnessed(size + 1)
        self.assertTrue(found["good"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
