"""An incident from outside: backups that restic can read, a touched canary that seals, a recovery
that brings back what was, and the end of bulkheadd in the middle of it."""
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path

from running_estate import DESCRIPTION, RunningEstate, wait_until

RULE = """
[[rule]]
when = ["canary", "entropy", "mass-change"]
on = ["group:web"]
seal = ["group:web"]
"""


class IncidentTest(unittest.TestCase):
    def setUp(self):
        folder = Path(tempfile.mkdtemp(prefix="bulkhead-description-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        shutil.copytree(DESCRIPTION, folder / "estate")
        file = folder / "estate/estate.toml"
        text = file.read_text()
        self.assertIn('repository = "test"', text)
        file.write_text(text.replace('repository = "test"', 'repository = "test"\nrun_here = true',
                                     1) + RULE)
        self.estate = self.enterContext(RunningEstate(folder / "estate"))

    def dataset(self, service):
        return (self.estate.folder / "datasets" / service / "current").resolve()

    def incident(self):
        shown = self.estate.bulkhead("incident", "show", "--json", check=False)
        return json.loads(shown.stdout) if shown.returncode == 0 else None

    def attack(self):
        (self.dataset("alpha") / "generation.txt").write_text("damaged")
        (self.dataset("alpha") / "archive/passwords.csv").write_text("damaged")
        return wait_until(lambda: (i := self.incident()) and i["state"] == "contained" and i,
                          "the incident is contained")

    def affected(self, service):
        return next(s for s in self.incident()["services"] if s["name"] == service)

    def test_canary_seals_and_the_recovery_brings_back_what_was(self):
        self.estate.bulkhead("backup")
        before = (self.dataset("alpha") / "generation.txt").read_text()
        incident = self.attack()
        self.assertEqual(self.estate.get("alpha.localhost").status, 503)
        self.assertEqual(self.estate.get("beta.localhost").status, 503)
        self.assertEqual(self.estate.get("gamma.localhost").status, 200)
        refused = self.estate.bulkhead("expose", "alpha", "--to", "public", check=False)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("has not passed its gates", refused.stderr)

        self.estate.bulkhead("incident", "recover")
        self.assertEqual(self.estate.get("alpha.localhost").status, 200)
        self.assertEqual(self.estate.get("beta.localhost").status, 200)
        self.assertEqual((self.dataset("alpha") / "generation.txt").read_text(), before)
        damaged = self.estate.folder / "datasets/alpha/g1/generation.txt"
        self.assertEqual(damaged.read_text(), "damaged", "the damaged generation is kept")
        alpha = self.affected("alpha")
        self.assertEqual(alpha["files_damaged"], 2)  # the two that attack() has written to
        self.assertEqual(alpha["files_recovered"], 2)
        self.assertNotEqual((self.dataset("alpha") / "archive/passwords.csv").read_text(),
                            "damaged")
        self.assertEqual(self.affected("beta")["rpo_ms"], 0)
        evidence = self.estate.folder / "incidents" / incident["id"] / "evidence/alpha"
        self.assertTrue((evidence / "processes.json").exists())

        text = self.estate.bulkhead("incident", "show").stdout
        for word in ("RTO", "RPO", "canary", "restored"):
            self.assertIn(word, text)
        self.estate.bulkhead("incident", "close")
        self.assertIn("closed", self.estate.bulkhead("incident", "list").stdout)

    def test_canary_of_the_restored_generation_is_watched_too(self):
        self.estate.bulkhead("backup")
        self.attack()
        self.estate.bulkhead("incident", "recover")
        (self.dataset("alpha") / "archive/passwords.csv").unlink()
        wait_until(lambda: self.incident()["state"] == "contained", "it is sealed again")
        self.estate.bulkhead("incident", "recover")
        self.assertEqual(self.affected("alpha")["seals"], 2)
        self.assertTrue((self.dataset("alpha") / "archive/passwords.csv").exists())

    def test_change_in_the_clean_room_keeps_the_service_sealed(self):
        (self.dataset("alpha") / "tamper.txt").write_text("the program touches its canary")
        self.estate.bulkhead("backup")
        self.attack()
        for _ in range(2):
            refused = self.estate.bulkhead("incident", "recover", check=False)
            self.assertNotEqual(refused.returncode, 0)
            self.assertIn("changed in the clean room", refused.stdout + refused.stderr)
            self.assertEqual(self.estate.get("alpha.localhost").status, 503)
            self.assertEqual(self.estate.service("alpha")["exposure"], "sealed")
        self.assertEqual(self.dataset("alpha").name, "g1")

    def test_closed_incident_is_on_the_status_page_after_a_restart(self):
        self.estate.bulkhead("incident", "declare", "gamma", "--reason", "a call from the ICC")
        self.estate.bulkhead("incident", "close")
        self.assertEqual(self.estate.stop(), 0)
        self.estate.start()
        wait_until(lambda: "The incident is over" in self.estate.get("status.localhost",
                                                                     "/en/").body,
                   "the status page tells of the closed incident")

    def test_end_of_bulkheadd_in_a_recovery_loses_nothing(self):
        self.estate.bulkhead("backup")
        incident = self.attack()
        steps = ["restore", "start", "promote", "open-members"]
        for step in steps:
            with self.subTest(step=step):
                # It may end by itself when bulkheadd is killed under it.
                recovery = threading.Thread(target=self.estate.bulkhead, kwargs={"check": False},
                                            args=("incident", "recover"))
                recovery.start()
                log = self.estate.folder / "incidents" / incident["id"] / "timeline.jsonl"
                wait_until(lambda: f'"step":"{step}"' in log.read_text(), f"step {step} begins")
                self.estate.stop(signal.SIGKILL)
                recovery.join()
                self.estate.start()
                now = self.incident()
                self.assertEqual(now["id"], incident["id"])
                self.assertNotEqual(now["state"], "closed")
        self.estate.bulkhead("incident", "recover")
        self.assertEqual(self.incident()["state"], "restored")
        self.assertEqual(self.estate.get("alpha.localhost").status, 200)
        self.assertNotEqual((self.dataset("alpha") / "generation.txt").read_text(), "damaged")

    def test_restic_reads_what_was_backed_up(self):
        if shutil.which("restic") is None:
            self.skipTest("restic is not installed")
        self.estate.bulkhead("backup", "gamma")
        repository = self.estate.folder / "vault/data/test"
        environment = dict(os.environ, RESTIC_PASSWORD_FILE=str(
            self.estate.folder / "secrets/repository.password"))
        restic = ["restic", "-r", str(repository), "--no-lock", "--no-cache"]
        subprocess.run([*restic, "check", "--read-data"], env=environment, check=True,
                       capture_output=True, timeout=120)
        with tempfile.TemporaryDirectory() as target:
            subprocess.run([*restic, "restore", "latest", "--tag", "service=gamma", "--target",
                            target], env=environment, check=True, capture_output=True, timeout=120)
            self.assertEqual((Path(target) / "generation.txt").read_text(),
                             (self.dataset("gamma") / "generation.txt").read_text())

    def test_declared_incident_seals_what_it_names(self):
        self.estate.bulkhead("backup", "gamma")
        self.estate.bulkhead("incident", "declare", "gamma", "--reason", "a call from the ICC")
        self.assertEqual(self.estate.get("gamma.localhost").status, 503)
        self.assertEqual(self.estate.get("alpha.localhost").status, 200)
        self.estate.bulkhead("incident", "recover", "--expose", "operators")
        self.assertEqual(self.estate.service("gamma")["exposure"], "operators")
        self.estate.bulkhead("incident", "recover")
        self.assertEqual(self.estate.get("gamma.localhost").status, 200)

    def ask(self, method, path):
        done = subprocess.run(
            ["curl", "-s", "--fail-with-body", "--unix-socket",
             self.estate.folder / "run/control.sock", "-X", method, "-d", "{}", "http://x" + path],
            capture_output=True, check=True, timeout=60)
        return json.loads(done.stdout)

    def vault_process(self):
        return next(int(process.name) for process in Path("/proc").iterdir()
                    if process.name.isdigit() and self.is_vault(process))

    def is_vault(self, process):
        try:
            return f"{self.estate.folder}/vault/vault.toml".encode() in (
                process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            return False

    def test_vault_that_hangs_is_an_alarm_and_the_recovery_waits_for_it(self):
        self.estate.bulkhead("backup")
        vault = self.vault_process()
        os.kill(vault, signal.SIGSTOP)
        try:
            self.attack()  # sealed at once all the same
            # Of two that are asked for, one runs, and the other hears so.
            path = f"/v1/incidents/{self.incident()['id']}/recover"
            jobs = [self.ask("POST", path)["job"] for _ in range(2)]
            wait_until(lambda: any("runs already" in self.ask("GET", f"/v1/jobs/{job}")["message"]
                                   for job in jobs), "one recovery runs")
            closed = self.estate.bulkhead("incident", "close", check=False)
            self.assertEqual(closed.returncode, 1)
            self.assertIn("a recovery runs", closed.stderr)
            self.assertNotEqual(self.incident()["state"], "closed")
            wait_until(lambda: self.estate.state()["alarms"], "an alarm")
            told = self.estate.bulkhead("estate", "status", check=False).stdout
            self.assertIn("ALARM: The vault does not cosign the ledger", told)
            self.assertIn("ALARM:", self.estate.bulkhead("incident", "show").stderr)
        finally:
            os.kill(vault, signal.SIGCONT)
        wait_until(lambda: self.incident()["state"] == "restored", "the recovery goes on")
        wait_until(lambda: not self.estate.state()["alarms"], "the alarm ends")
        wait_until(lambda: self.estate.bulkhead("incident", "close", check=False).returncode == 0,
                   "the incident is closed")

    def test_what_cannot_be_recorded_is_sealed_told_and_recorded_later(self):
        incidents = self.estate.folder / "incidents"
        aside = self.estate.folder / "incidents.aside"
        self.estate.bulkhead("backup")
        incidents.rename(aside)
        incidents.write_text("where no folder can be")
        (self.dataset("alpha") / "archive/passwords.csv").write_text("damaged")
        wait_until(lambda: self.estate.get("alpha.localhost").status == 503, "alpha is sealed")
        alarm, = wait_until(lambda: self.estate.state()["alarms"], "an alarm")
        self.assertIn("canary_touched in alpha", alarm)
        refused = self.estate.bulkhead("expose", "alpha", "--to", "public", check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("is not dealt with", refused.stderr)
        incidents.unlink()
        aside.rename(incidents)
        wait_until(lambda: (i := self.incident()) and i["state"] == "contained",
                   "the incident is recorded")
        wait_until(lambda: not self.estate.state()["alarms"], "the alarm ends")
        self.estate.bulkhead("incident", "recover")
        self.assertEqual(self.estate.get("alpha.localhost").status, 200)


if __name__ == "__main__":
    unittest.main(verbosity=2)
