#!/usr/bin/env python3
"""The vault's systemd unit is as closed as systemd can tell without running it."""
import json
import os
import pathlib
import shutil
import re
import subprocess
import sys
import tempfile
import unittest

from vault_process import BIN, Vault

UNIT = pathlib.Path(os.environ["BULKHEAD_SOURCE"]) / "src/vault/bulkhead-vault.service"
# In tenths of systemd's scale of 10; a service without any restriction has 96.
EXPOSURE_MAX = 15
# What a server on the network cannot do without, or what systemd has no answer to offline.
ALLOWED = {"RootDirectoryOrRootImage", "RestrictAddressFamilies_AF_UNIX",
           "RestrictAddressFamilies_AF_INET_INET6", "PrivateNetwork", "DeviceAllow",
           "IPAddressDeny", "ProcSubset"}


class Unit(unittest.TestCase):
    def test_exposure_is_low(self):
        done = subprocess.run(["systemd-analyze", "security", "--offline=true",
                               f"--threshold={EXPOSURE_MAX}", str(UNIT)],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_nothing_is_open_but_what_must_be(self):
        done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--json=short",
                               str(UNIT)], capture_output=True, text=True, timeout=60)
        entries = json.loads(done.stdout)
        self.assertGreater(len(entries), 50)
        open_ones = {e["json_field"] for e in entries if e["set"] is False}
        self.assertLessEqual(open_ones, ALLOWED)

    def test_the_vault_makes_no_call_that_the_unit_refuses(self):
        if not shutil.which("strace"):
            self.skipTest("strace is not installed")
        with tempfile.TemporaryDirectory(prefix="vault-unit-") as name:
            vault = Vault(pathlib.Path(name))
            password = vault.add_credential("imo")
            calls = vault.folder / "calls"
            vault.start(["strace", "-f", "-qq", "-o", str(calls)])
            self.addCleanup(vault.kill)
            environment = vault.restic_environment("imo", password)
            for arguments in (["init"], ["backup", str(BIN / "bulkhead-vault")], ["check"]):
                subprocess.run(["restic", "--cacert", str(vault.folder / "ca.crt"), *arguments],
                               env=environment, check=True, capture_output=True, timeout=120)
            subprocess.run(["pkill", "-TERM", "-P", str(vault.process.pid)], check=True)
            vault.process.wait(60)
            made = set(re.findall(r"^\d+ +([a-z_0-9]+)\(", calls.read_text(), re.M))
        self.assertIn("fsync", made)
        # What sets the program up is systemd's doing, before the filter is there.
        self.assertLessEqual(made - {"execve"}, self.allowed_calls())

    def allowed_calls(self):
        def members(group):
            text = subprocess.run(["systemd-analyze", "syscall-filter", group], check=True,
                                  capture_output=True, text=True).stdout
            names = [line.strip() for line in text.splitlines()[1:] if line.strip()]
            found = set()
            for entry in names:
                if entry.startswith("#"):
                    continue
                found |= members(entry) if entry.startswith("@") else {entry}
            return found

        allowed = set()
        for line in re.findall(r"^SystemCallFilter=(.*)$", UNIT.read_text(), re.M):
            groups = line.removeprefix("~").split()
            for group in groups:
                if line.startswith("~"):
                    allowed -= members(group)
                else:
                    allowed |= members(group)
        return allowed


if __name__ == "__main__":
    if not shutil.which("systemd-analyze"):
        print("skipped: systemd-analyze is not installed")
        sys.exit(77)
    unittest.main(verbosity=2)
