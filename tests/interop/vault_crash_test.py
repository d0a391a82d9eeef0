#!/usr/bin/env python3
"""The vault is killed while restic backs up: what it acknowledged is there, and it goes on."""
import hashlib
import pathlib
import random
import subprocess
import tempfile
import unittest

from vault_process import Vault


class VaultKilled(unittest.TestCase):
    def test_acknowledged_files_survive_and_the_next_backup_succeeds(self):
        with tempfile.TemporaryDirectory(prefix="vault-crash-") as name:
            folder = pathlib.Path(name)
            vault = Vault(folder / "vault")
            password = vault.add_credential("imo")
            tree = folder / "tree"
            tree.mkdir()
            source = random.Random(3)
            for i in range(60):
                (tree / f"file{i}").write_bytes(source.randbytes(500_000))
            restic = ["restic", "--cacert", str(vault.folder / "ca.crt")]

            def run(*arguments):
                return subprocess.run([*restic, *arguments], capture_output=True, text=True,
                                      timeout=120, env=vault.restic_environment("imo", password))

            vault.start()
            self.addCleanup(vault.kill)
            self.assertEqual(run("init").returncode, 0)
            backup = subprocess.Popen([*restic, "backup", str(tree)], stdin=subprocess.DEVNULL,
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                      env=vault.restic_environment("imo", password))
            # The moment is known by what has arrived, not by the clock.
            data = vault.folder / "data" / "imo"
            while not any((data / "data").glob("*/*")) and backup.poll() is None:
                pass
            vault.kill()
            backup.kill()
            backup.wait()

            stored = [file for kind in ("data", "index", "keys", "snapshots")
                      for file in (data / kind).rglob("*") if file.is_file()]
            self.assertTrue(stored)
            receipts = (data / "receipts.jsonl").read_text()
            for file in stored:
                self.assertEqual(hashlib.sha256(file.read_bytes()).hexdigest(), file.name)
                self.assertIn(file.name, receipts)

            vault.start()
            self.assertEqual(run("unlock", "--remove-all").returncode, 0)
            self.assertEqual(list((data / "incoming").iterdir()), [])
            done = run("backup", str(tree))
            self.assertEqual(done.returncode, 0, done.stderr)
            checked = run("check", "--read-data")
            self.assertIn("no errors were found", checked.stdout, checked.stderr)
            self.assertEqual(vault.stop(), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
