#!/usr/bin/env python3
"""The vault with its officers, certificates, retention lock, read key and mirror, as people use
them: bulkhead vault on one side, restic on the other."""
import json
import os
import pathlib
import random
import subprocess
import tempfile
import time
import unittest

from vault_process import BIN, Vault

WAIT_SECONDS = 60


def bulkhead(*arguments, expected=0):
    done = subprocess.run([BIN / "bulkhead", "vault", *map(str, arguments)], text=True,
                          capture_output=True, timeout=120,
                          env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"})
    if (done.returncode == 0) != (expected == 0):
        raise AssertionError(f"bulkhead vault {arguments}: {done.stdout}{done.stderr}")
    return done.stdout.strip() if expected == 0 else done.stderr.strip()


def make_tree(folder: pathlib.Path, seed: int) -> pathlib.Path:
    source = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(5):
        (folder / f"file{seed}-{i}").write_bytes(source.randbytes(300_000))
    return folder


def damage(file: pathlib.Path) -> None:
    file.chmod(0o600)
    content = bytearray(file.read_bytes())
    content[0] ^= 1
    file.write_bytes(content)


class WithVault(unittest.TestCase):
    """One vault a test, made by configure(settings) and started by start()."""

    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="vault-officers-")
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def configure(self, settings: str, name: str = "vault") -> Vault:
        vault = Vault(self.folder / name, settings)
        (self.folder / name / "repository.password").write_text("the repository's own password\n")
        return vault

    def start(self, vault: Vault) -> Vault:
        vault.start()
        self.addCleanup(vault.stop)
        return vault

    def restic(self, vault, *arguments, password="", user="", options=(), expected=0):
        environment = vault.restic_environment(user or "imo", password, "imo")
        if not password:
            environment["RESTIC_REPOSITORY"] = f"rest:https://127.0.0.1:{vault.port}/imo/"
        done = subprocess.run(
            ["restic", "--cacert", vault.folder / "ca.crt", *options, *map(str, arguments)],
            env=environment, text=True, capture_output=True, timeout=120)
        if (done.returncode == 0) != (expected == 0):
            raise AssertionError(f"restic {arguments}: {done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def status(self, vault):
        return json.loads(bulkhead("status", "--socket", vault.folder / "local.sock"))

    def wait_for(self, what, condition):
        end = time.monotonic() + WAIT_SECONDS
        while not condition():
            self.assertLess(time.monotonic(), end, what)
            time.sleep(0.1)

    def enrol_officers(self, vault, *names):
        keys = {}
        for name in names:
            keys[name] = vault.folder / f"{name}.key"
            public = bulkhead("officer-key", keys[name])
            bulkhead("enrol", "officer", name, "--config", vault.configuration, "--public-key",
                     public)
        return keys

    def order(self, vault, officer, keys, *arguments, expected=0):
        return bulkhead(*arguments, "--vault", f"https://127.0.0.1:{vault.port}", "--cacert",
                        vault.folder / "ca.crt", "--officer", officer, "--key", keys[officer],
                        expected=expected)


class Certificates(WithVault):
    def test_a_client_enters_with_the_certificate_that_it_was_issued_and_no_other(self):
        vault = self.configure('client_certificates = "required"\n'
                               'client_authority = "clients.crt"\n')
        london = self.folder / "london.pem"
        bulkhead("enrol", "client", "imo", "--config", vault.configuration, "--user", "london",
                 "--out", london)
        self.start(vault)
        with_london = ("--tls-client-cert", london)
        self.restic(vault, "init", options=with_london)
        self.restic(vault, "backup", make_tree(self.folder / "tree", 1), options=with_london)
        self.assertEqual(london.stat().st_mode & 0o777, 0o600)

        # Issued while it serves, for reading alone.
        auditor = self.folder / "auditor.pem"
        bulkhead("enrol", "client", "imo", "--config", vault.configuration, "--user", "auditor",
                 "--role", "read", "--out", auditor)
        self.restic(vault, "snapshots", "--no-lock", options=("--tls-client-cert", auditor))
        self.assertEqual(self.curl(vault, "POST", auditor), "403")

        self.assertEqual(self.curl(vault, "GET", None), "000")
        self.assertEqual(self.curl(vault, "GET", self.foreign_certificate(vault)), "000")
        expired = self.folder / "expired.pem"
        bulkhead("enrol", "client", "imo", "--config", vault.configuration, "--user", "old",
                 "--days", "0", "--out", expired)
        self.assertEqual(self.curl(vault, "GET", expired), "000")
        log = (vault.folder / "vault.log").read_text()
        self.assertIn("certificate has expired", log)

        subprocess.run([BIN / "bulkhead-vault", "credential", "remove", "--config",
                        vault.configuration, "auditor"], check=True)
        self.assertEqual(self.curl(vault, "GET", auditor), "401")

    def curl(self, vault, method, certificate):
        options = ["--cert", certificate] if certificate else []
        return subprocess.run(
            ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-X", method, "--cacert",
             vault.folder / "ca.crt", *options, f"https://127.0.0.1:{vault.port}/imo/config"],
            capture_output=True, text=True, timeout=30).stdout

    def foreign_certificate(self, vault):
        foreign = self.folder / "foreign.pem"
        for arguments in (["req", "-x509", "-newkey", "ec", "-pkeyopt",
                           "ec_paramgen_curve:P-256", "-nodes", "-keyout", "foreign.key", "-out",
                           "foreign.crt", "-days", "2", "-subj", "/CN=london"],):
            subprocess.run(["openssl", *arguments], cwd=self.folder, check=True,
                           capture_output=True)
        foreign.write_text((self.folder / "foreign.crt").read_text() +
                           (self.folder / "foreign.key").read_text())
        return foreign


class Officers(WithVault):
    def test_two_officers_destroy_and_one_cancels(self):
        vault = self.configure('officers = "officers.toml"\ndestruction_delay = "1s"\n')
        keys = self.enrol_officers(vault, "anna", "bert", "carla")
        password = vault.add_credential("imo")
        other = vault.add_credential("other")
        self.start(vault)
        self.restic(vault, "init", password=password)
        self.restic(vault, "backup", make_tree(self.folder / "tree", 1), password=password)

        said = self.order(vault, "anna", keys, "destroy", "imo")
        request = said.split(" asked for as ")[1].split(";")[0]
        refused = self.order(vault, "anna", keys, "destroy", "imo", "--confirm", request,
                             expected=1)
        self.assertIn("cannot confirm", refused)
        self.order(vault, "carla", keys, "cancel", request)
        self.assertIn("cancelled", self.order(vault, "bert", keys, "destroy", "imo", "--confirm",
                                              request, expected=1))
        self.restic(vault, "snapshots", password=password)

        request = self.order(vault, "anna", keys, "destroy",
                             "imo").split(" asked for as ")[1].split(";")[0]
        self.assertIn("due at", self.order(vault, "bert", keys, "destroy", "imo", "--confirm",
                                           request))
        data = vault.folder / "data" / "imo"
        self.wait_for("the repository is destroyed", lambda: not data.exists())
        self.assertEqual([d["state"] for d in self.status(vault)["destructions"]
                          if d["request"] == request], ["done"])
        self.assertTrue(any(a["kind"] == "destruction" for a in self.status(vault)["alarms"]))
        self.assertTrue(other)

    def test_a_stranger_orders_nothing(self):
        vault = self.configure('officers = "officers.toml"\n')
        keys = self.enrol_officers(vault, "anna")
        password = vault.add_credential("imo")
        self.start(vault)
        self.restic(vault, "init", password=password)
        stranger = {"anna": self.folder / "stranger.key"}
        bulkhead("officer-key", stranger["anna"])
        self.assertIn("not signed by an officer",
                      self.order(vault, "anna", stranger, "destroy", "imo", expected=1))
        self.assertEqual(self.status(vault)["destructions"], [])
        self.assertTrue(keys)

    def test_a_key_enters_a_frozen_repository_by_an_officers_order(self):
        vault = self.configure('officers = "officers.toml"\n')
        keys = self.enrol_officers(vault, "anna")
        password = vault.add_credential("imo")
        self.start(vault)
        self.restic(vault, "init", password=password)
        self.restic(vault, "backup", make_tree(self.folder / "tree", 1), password=password)
        second = self.folder / "second.password"
        second.write_text("a second password\n")
        environment = vault.restic_environment("imo", password)
        adding = subprocess.Popen(
            ["restic", "--cacert", vault.folder / "ca.crt", "key", "add", "--new-password-file",
             second], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        self.addCleanup(adding.wait)
        self.addCleanup(adding.kill)

        def refused_key():
            for line in (vault.folder / "vault.log").read_text().splitlines():
                entry = json.loads(line)
                if entry["message"] == "refused" and "/keys/" in entry.get("path", ""):
                    return entry["path"].split("/keys/")[1]
            return None

        # restic tries again by itself; the officer finds the name in the vault's log.
        self.wait_for("the key is refused", refused_key)
        self.order(vault, "anna", keys, "enrol", "key", "imo", refused_key())
        self.assertEqual(adding.wait(120), 0)
        environment["RESTIC_PASSWORD"] = "a second password"
        subprocess.run(["restic", "--cacert", vault.folder / "ca.crt", "snapshots"],
                       env=environment, check=True, capture_output=True, timeout=120)


class Retention(WithVault):
    def test_an_administrator_prunes_only_what_is_released_and_not_needed(self):
        vault = self.configure('retention = "2s"\n\n[[repository]]\nname = "imo"\n'
                               'read_key = "repository.password"\n')
        password = vault.add_credential("imo", "--role", "administer")
        self.start(vault)
        self.restic(vault, "init", password=password)
        for seed in (1, 2):
            self.restic(vault, "backup", make_tree(self.folder / f"tree{seed}", seed),
                        password=password)
        packs = set((vault.folder / "data/imo/data").glob("*/*"))
        self.wait_for("the lock's period is over", lambda: all(
            time.time() - pack.stat().st_mtime > 4 for pack in packs))
        self.restic(vault, "forget", "--keep-last", "1", "--group-by", "", "--prune",
                    password=password)
        self.assertIn("no errors were found", self.restic(vault, "check", "--read-data",
                                                          password=password))
        self.assertLess(len(set((vault.folder / "data/imo/data").glob("*/*")) & packs), len(packs))
        self.assertEqual([a for a in self.status(vault)["alarms"]
                          if a["kind"] == "index-disagrees"], [])
        # What the snapshot that is left needs cannot be deleted, however old it is.
        for pack in (vault.folder / "data/imo/data").glob("*/*"):
            answer = subprocess.run(
                ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-X", "DELETE", "--cacert",
                 vault.folder / "ca.crt", "-u", f"imo:{password}",
                 f"https://127.0.0.1:{vault.port}/imo/data/{pack.name}"], capture_output=True,
                text=True, timeout=30).stdout
            self.assertEqual(answer, "403")

    def test_the_vault_forgets_and_prunes_for_a_client_that_may_only_write(self):
        vault = self.configure('retention = "1s"\n\n[[repository]]\nname = "imo"\n'
                               'read_key = "repository.password"\n[repository.keep]\nlast = 1\n')
        password = vault.add_credential("imo")
        vault.start()
        self.addCleanup(vault.stop)
        self.restic(vault, "init", password=password)
        tree = self.folder / "tree"
        for seed in (1, 2, 3):
            self.restic(vault, "backup", make_tree(tree, seed), password=password)
        imo = vault.folder / "data" / "imo"
        snapshots = sorted((imo / "snapshots").iterdir(), key=lambda f: f.stat().st_mtime)
        self.wait_for("the lock's period is over",
                      lambda: time.time() - snapshots[-1].stat().st_mtime > 3)
        # As a day later.
        vault.stop()
        (vault.folder / "data/.vault/tending.json").unlink(missing_ok=True)
        vault.start()
        self.wait_for("it forgets", lambda: not snapshots[0].exists())
        self.wait_for("it is told of", lambda: any(
            one["last"] for one in self.status(vault)["tended"]))
        self.assertEqual([f.name for f in (imo / "snapshots").iterdir()], [snapshots[-1].name])
        self.assertIn("no errors were found", self.restic(vault, "check", "--read-data",
                                                          password=password))
        self.restic(vault, "backup", make_tree(tree, 4), password=password)
        self.assertIn("no errors were found", self.restic(vault, "check", password=password))
        self.assertEqual(self.status(vault)["alarms"], [])

    def test_before_the_period_is_over_restic_forgets_nothing(self):
        vault = self.configure('retention = "30d"\n')
        password = vault.add_credential("imo", "--role", "administer")
        self.start(vault)
        self.restic(vault, "init", password=password)
        self.restic(vault, "backup", make_tree(self.folder / "tree", 1), password=password)
        snapshot = next((vault.folder / "data/imo/snapshots").iterdir())
        answer = subprocess.run(
            ["curl", "-s", "-X", "DELETE", "--cacert", vault.folder / "ca.crt", "-u",
             f"imo:{password}", f"https://127.0.0.1:{vault.port}/imo/snapshots/{snapshot.name}"],
            capture_output=True, text=True, timeout=30).stdout
        self.assertIn("is locked until", json.loads(answer)["detail"])
        self.assertTrue(snapshot.exists())


class ReadKey(WithVault):
    def test_a_lying_index_goes_into_quarantine(self):
        vault = self.configure('\n[[repository]]\nname = "imo"\nread_key = "repository.password"\n')
        password = vault.add_credential("imo")
        self.start(vault)
        self.restic(vault, "init", password=password)
        self.restic(vault, "backup", make_tree(self.folder / "tree", 1), password=password)
        index = next((vault.folder / "data/imo/index").iterdir())
        # An attacker who stole all of London's keys; here, the simplest lie that restic can be
        # made to write: the index of a repository whose pack the vault never got.
        local = self.folder / "local"
        subprocess.run(["cp", "-r", vault.folder / "data" / "imo", local], check=True)
        for file in local.rglob("*"):
            file.chmod(0o700 if file.is_dir() else 0o600)
        environment = vault.restic_environment("imo", password)
        environment["RESTIC_REPOSITORY"] = str(local)
        subprocess.run(["restic", "backup", make_tree(self.folder / "tree2", 2)], check=True,
                       env=environment, capture_output=True, timeout=120)
        lie = next(f for f in (local / "index").iterdir() if f.name != index.name)
        subprocess.run(["curl", "-sf", "--cacert", vault.folder / "ca.crt", "-u",
                        f"imo:{password}", "--data-binary", f"@{lie}",
                        f"https://127.0.0.1:{vault.port}/imo/index/{lie.name}"], check=True,
                       timeout=30)
        quarantined = vault.folder / "data/imo/quarantine" / lie.name
        self.wait_for("the lie is in quarantine", quarantined.exists)
        self.wait_for("it alarmed", lambda: any(
            a["kind"] == "index-disagrees" and lie.name in a["text"]
            for a in self.status(vault)["alarms"]))
        self.assertTrue(index.exists())
        self.restic(vault, "check", password=password)


class Mirror(WithVault):
    def make_mirror(self):
        """A vault, a third site, and what pulls from one into the other."""
        vault = self.configure("")
        password = vault.add_credential("imo")
        puller = self.folder / "puller.password"
        puller.write_text("the puller's own password\n")
        vault.add_credential("imo", "--user", "puller", "--role", "read", "--password-file", puller)
        self.start(vault)
        third = self.configure("", "third")
        third_password = third.add_credential("imo")
        writer = self.folder / "writer.password"
        writer.write_text(third_password + "\n")
        self.start(third)
        self.restic(vault, "init", password=password)
        arguments = [
            "mirror", "--from", f"rest:https://127.0.0.1:{vault.port}/imo/", "--from-user",
            "puller", "--from-password-file", puller, "--from-cacert", vault.folder / "ca.crt",
            "--to", f"rest:https://127.0.0.1:{third.port}/imo/", "--to-user", "imo",
            "--to-password-file", writer, "--to-cacert", third.folder / "ca.crt"]
        return vault, password, third, third_password, arguments

    def test_a_third_site_pulls_verifies_and_keeps_its_own_lock(self):
        vault, password, third, third_password, arguments = self.make_mirror()
        for seed in (1, 2):
            self.restic(vault, "backup", make_tree(self.folder / "tree", seed), password=password)
            self.assertIn("copied and verified", bulkhead(*arguments))
        self.assertIn("no errors were found", self.restic(third, "check", "--read-data",
                                                          password=third_password))
        self.assertTrue(bulkhead(*arguments).startswith("0 files"))

        # What was damaged at the source spoils nothing.
        self.restic(vault, "backup", make_tree(self.folder / "tree", 3), password=password)
        known = {f.name for f in (third.folder / "data/imo/data").glob("*/*")}
        new = next(f for f in (vault.folder / "data/imo/data").glob("*/*") if f.name not in known)
        damage(new)
        self.assertIn("bytes are not its own", bulkhead(*arguments, expected=1))
        self.assertEqual(len(list((third.folder / "data/imo/snapshots").iterdir())), 2)

    def test_parity_is_pulled_verified_and_mends_the_copy(self):
        vault, password, third, third_password, arguments = self.make_mirror()
        self.restic(vault, "backup", make_tree(self.folder / "tree", 1), password=password)
        environment = vault.restic_environment("imo", password)
        subprocess.run([BIN / "bulkhead", "repo", "--cacert", vault.folder / "ca.crt", "parity",
                        "--percent", "20"], env=environment, check=True, capture_output=True,
                       timeout=120)
        parity = sorted((vault.folder / "data/imo/parity").iterdir())
        self.assertGreater(len(parity), 1)
        # What is damaged at the source is named and left out; nothing else waits for it.
        good = parity[0].read_bytes()
        damage(parity[0])
        self.assertIn(f"parity/{parity[0].name}: the source's bytes are not its own",
                      bulkhead(*arguments, expected=1))
        pulled = third.folder / "data/imo/parity"
        self.assertEqual({f.name: f.read_bytes() for f in pulled.iterdir()},
                         {f.name: f.read_bytes() for f in parity[1:]})
        self.restic(third, "check", "--read-data", password=third_password)
        parity[0].write_bytes(good)
        self.assertTrue(bulkhead(*arguments).startswith("1 files"))
        self.assertEqual((pulled / parity[0].name).read_bytes(), good)

        # The third site mends a pack of its own from it.
        pack = third.folder / "data/imo/data" / parity[0].name[:2] / parity[0].name
        whole = pack.read_bytes()
        third.stop()
        damage(pack)
        # The scrub goes on with the pack's folder: three of keys, snapshots, index come before.
        (third.folder / "data/.vault/scrub.json").write_text(
            json.dumps({"repository": "imo", "folder": 3 + int(pack.name[:2], 16)}))
        third.start()
        self.wait_for("the pack is mended", lambda: pack.read_bytes() == whole)
        self.wait_for("it is told of", lambda: any(
            "mended from its parity" in alarm["text"] for alarm in self.status(third)["alarms"]))


if __name__ == "__main__":
    unittest.main(verbosity=2)
