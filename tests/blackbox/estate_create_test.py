"""Making and checking an estate, without running it."""
import os
import stat
import subprocess
import unittest

from running_estate import BIN, DESCRIPTION, SOURCE, RunningEstate


class EstateCreateTest(unittest.TestCase):
    def setUp(self):
        self.estate = RunningEstate()
        self.addCleanup(self.estate.__exit__)

    def test_makes_secrets_that_nobody_else_reads(self):
        self.estate.create()
        secrets = self.estate.folder / "secrets"
        self.assertEqual(stat.S_IMODE(secrets.stat().st_mode), 0o700)
        names = {path.name for path in secrets.iterdir()}
        self.assertLessEqual({"ca.key", "gateway.pem", "pass.key", "repository.password",
                              "vault.password"}, names)
        for path in secrets.iterdir():
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600, path)
        self.assertEqual(os.readlink(self.estate.folder / "datasets/alpha/current"), "g1")
        canary = self.estate.folder / "datasets/alpha/g1/archive/passwords.csv"
        self.assertIn("secret", canary.read_text())
        self.assertFalse((self.estate.folder / ".drill-estate").exists())

    def test_every_estate_has_secrets_of_its_own(self):
        self.estate.create()
        other = RunningEstate()
        self.addCleanup(other.__exit__)
        other.create()
        for name in ("ca.key", "pass.key", "repository.password"):
            self.assertNotEqual((self.estate.folder / "secrets" / name).read_bytes(),
                                (other.folder / "secrets" / name).read_bytes(), name)

    def test_refuses_a_folder_that_holds_something(self):
        self.estate.folder.mkdir(parents=True)
        (self.estate.folder / "mine").write_text("x")
        result = self.estate.bulkhead("estate", "create", "--from", DESCRIPTION, "--at",
                                      self.estate.folder, check=False, estate=False)
        self.assertEqual(result.returncode, 1)
        self.assertIn("is there already and not empty", result.stderr)
        self.assertEqual(os.listdir(self.estate.root), ["estate"])

    def test_a_mistake_leaves_nothing_behind_and_is_named_with_its_line(self):
        description = self.estate.root / "description"
        description.mkdir()
        text = (DESCRIPTION / "estate.toml").read_text()
        (description / "estate.toml").write_text(text.replace("hostnames", "hostname", 1))
        result = self.estate.bulkhead("estate", "create", "--from", description, "--at",
                                      self.estate.folder, check=False, estate=False)
        self.assertEqual(result.returncode, 1)
        self.assertIn("estate.toml:", result.stderr)
        self.assertIn("hostnames", result.stderr)
        self.assertEqual(os.listdir(self.estate.root), ["description"])

    def test_a_description_is_not_run_and_stays_as_it_is(self):
        description = self.estate.root / "description"
        description.mkdir()
        text = (DESCRIPTION / "estate.toml").read_text()
        (description / "estate.toml").write_text(text)
        done = subprocess.run([BIN / "bulkheadd", "--estate", description], capture_output=True,
                              text=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"{description} was not made by bulkhead estate create", done.stderr)
        self.assertIn("bulkhead estate create --from", done.stderr)
        self.assertEqual(os.listdir(description), ["estate.toml"])

    def test_help_is_a_verb_too(self):
        for words, expected in (((), "drill"), (("incident", "recover"), "--expose")):
            asked = self.estate.bulkhead("help", *words, estate=False).stdout
            self.assertIn(expected, asked)
            self.assertEqual(asked, self.estate.bulkhead(*words, "--help", estate=False).stdout)

    def test_the_example_estate_is_in_order(self):
        result = self.estate.bulkhead("estate", "check", "--estate", SOURCE / "estates/imo",
                                      estate=False)
        self.assertIn("is in order", result.stdout)

    def test_nobody_running_is_said_with_what_to_do(self):
        self.estate.create()
        result = self.estate.bulkhead("estate", "status", check=False)
        self.assertEqual(result.returncode, 1)
        self.assertIn("bulkhead estate start", result.stderr)
        self.assertTrue((BIN / "bulkheadd").exists())


if __name__ == "__main__":
    unittest.main(verbosity=2)
