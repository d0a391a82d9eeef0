#!/usr/bin/env python3
"""restic itself backs up to the vault over TLS, restores, checks, and is refused what it may not."""
import base64
import filecmp
import hashlib
import http.client
import os
import pathlib
import random
import signal
import ssl
import subprocess
import tempfile
import threading
import unittest

from vault_process import BIN, Vault


def make_tree(folder: pathlib.Path, seed: int) -> None:
    source = random.Random(seed)
    for name, size in {"empty": 0, "small.txt": 100, "a/b/deep": 70_000, "a/large": 9_000_000,
                       "имя": 10}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(source.randbytes(size))
    (folder / "link").symlink_to("a/large")


def trees_equal(a: pathlib.Path, b: pathlib.Path) -> bool:
    comparison = filecmp.dircmp(a, b)
    if comparison.left_only or comparison.right_only or comparison.funny_files:
        return False
    _, different, errors = filecmp.cmpfiles(a, b, comparison.common_files, shallow=False)
    return not different and not errors and all(
        trees_equal(a / name, b / name) for name in comparison.common_dirs)


class VaultWithRestic(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="vault-")
        cls.folder = pathlib.Path(cls.temporary.name)
        cls.addClassCleanup(cls.temporary.cleanup)
        cls.vault = Vault(cls.folder / "vault")
        cls.password = cls.vault.add_credential("imo/website")
        cls.other_password = cls.vault.add_credential("imo/gisis")
        cls.vault.start()
        cls.addClassCleanup(cls.vault.stop)
        cls.tree = cls.folder / "tree"
        make_tree(cls.tree, 1)
        cls.restic("init")
        cls.restic("backup", "--host", "london", cls.tree)

    @classmethod
    def restic(cls, *arguments, environment=None, expected=0, authority=True):
        environment = environment or cls.vault.restic_environment("imo/website", cls.password)
        trust = ["--cacert", str(cls.vault.folder / "ca.crt")] if authority else []
        done = subprocess.run(["restic", *trust, *map(str, arguments)], env=environment, text=True,
                              capture_output=True, timeout=120)
        if expected == 0 and done.returncode != 0:
            raise AssertionError(f"restic {arguments}: {done.stdout}{done.stderr}")
        if expected != 0 and done.returncode == 0:
            raise AssertionError(f"restic {arguments} was not refused: {done.stdout}")
        return done.stdout + done.stderr

    def curl(self, method, path, *more, user=None):
        """The status of one request."""
        user = user or f"imo/website:{self.password}"
        done = subprocess.run(
            ["curl", "-sS", "-o", os.devnull, "-w", "%{http_code}", "--cacert",
             self.vault.folder / "ca.crt", "-u", user, "-X", method, *more,
             f"https://127.0.0.1:{self.vault.port}{path}"],
            text=True, capture_output=True, timeout=60, check=True)
        return int(done.stdout)

    def data_folder(self):
        return self.vault.folder / "data" / "imo" / "website"

    def test_restores_what_it_backed_up_and_checks_all_data(self):
        target = self.folder / "restored"
        self.restic("restore", "latest", "--target", target)
        restored = target / self.tree.relative_to("/")
        self.assertTrue(trees_equal(self.tree, restored))
        self.assertEqual(os.readlink(restored / "link"), "a/large")
        self.assertIn("no errors were found", self.restic("check", "--read-data"))

    def test_second_backup_stores_only_what_is_new(self):
        (self.tree / "new.txt").write_text("new")
        self.restic("backup", "--host", "london", self.tree)
        self.assertEqual(self.restic("snapshots", "--json").count('"short_id"'), 2)

    def test_folder_is_a_repository_for_restic_where_it_lies(self):
        environment = self.vault.restic_environment("imo/website", self.password)
        environment["RESTIC_REPOSITORY"] = str(self.data_folder())
        self.restic("check", "--no-lock", "--read-data", environment=environment)

    def test_forget_is_refused_and_the_snapshot_stays(self):
        before = sorted(file.name for file in (self.data_folder() / "snapshots").iterdir())
        # restic tries a refused deletion again for half a minute; one refusal is enough to see.
        forget = subprocess.Popen(
            ["restic", "--cacert", self.vault.folder / "ca.crt", "forget", "latest"],
            env=self.vault.restic_environment("imo/website", self.password),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        with forget:
            self.assertTrue(any("403" in line for line in forget.stderr))
            forget.send_signal(signal.SIGINT)
        after = sorted(file.name for file in (self.data_folder() / "snapshots").iterdir())
        self.assertEqual(before, after)
        self.restic("unlock", "--remove-all")
        self.assertIn("no errors were found", self.restic("check"))

    def test_delete_and_overwrite_are_refused(self):
        for folder in ("snapshots", "keys", "index"):
            name = next((self.data_folder() / folder).iterdir()).name
            self.assertEqual(self.curl("DELETE", f"/imo/website/{folder}/{name}"), 403)
            self.assertEqual(self.curl("POST", f"/imo/website/{folder}/{name}", "-d", "x"), 400)
        self.assertEqual(self.curl("DELETE", "/imo/website/"), 403)
        self.assertEqual(self.curl("POST", "/imo/website/config", "-d", "other"), 403)
        self.assertEqual(self.curl("DELETE", "/imo/website/config"), 403)

    def test_sending_the_same_bytes_again_succeeds(self):
        for name in ("config", f"snapshots/{next((self.data_folder() / 'snapshots').iterdir()).name}"):
            body = self.data_folder() / name
            self.assertEqual(
                self.curl("POST", f"/imo/website/{name}", "--data-binary", f"@{body}"), 200)

    def test_a_new_key_is_refused_once_there_is_a_snapshot(self):
        name = hashlib.sha256(b"a key").hexdigest()
        self.assertEqual(self.curl("POST", f"/imo/website/keys/{name}", "-d", "a key"), 403)

    def test_wrong_password_is_401_and_another_repository_403(self):
        wrong = self.vault.restic_environment("imo/website", "wrong-password-of-enough-length")
        self.assertIn("401", self.restic("snapshots", environment=wrong, expected=1))
        other = self.vault.restic_environment("imo/gisis", self.other_password, "imo/website")
        self.assertIn("403", self.restic("snapshots", environment=other, expected=1))
        self.assertEqual(self.curl("GET", "/imo/website/keys/", user="imo/gisis:" + self.password),
                         401)

    def test_many_wrong_passwords_at_once_take_little_memory(self):
        def peak():
            status = pathlib.Path(f"/proc/{self.vault.process.pid}/status").read_text()
            return next(int(l.split()[1]) for l in status.splitlines() if l.startswith("VmHWM"))

        trust = ssl.create_default_context(cafile=self.vault.folder / "ca.crt")
        statuses = []
        begin = threading.Barrier(90)

        def guess(number):
            connection = http.client.HTTPSConnection("127.0.0.1", self.vault.port, timeout=60,
                                                     context=trust)
            connection.connect()
            begin.wait(60)
            guessed = base64.b64encode(f"imo/website:guess number {number}".encode()).decode()
            connection.request("GET", "/imo/website/config",
                               headers={"Authorization": f"Basic {guessed}"})
            statuses.append(connection.getresponse().status)
            connection.close()

        threads = [threading.Thread(target=guess, args=[i]) for i in range(begin.parties)]
        before = peak()
        if b"__tsan_init" in (BIN / "bulkhead-vault").read_bytes():
            self.skipTest("the thread sanitizer has memory of its own for each byte")
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(statuses, [401] * begin.parties)
        self.assertLess(peak() - before, 150_000, "kB")

    def test_a_client_without_the_authority_refuses_to_talk(self):
        self.assertIn("x509", self.restic("snapshots", authority=False, expected=1))

    def test_no_older_tls_than_1_3_is_spoken(self):
        def hello(*options):
            return subprocess.run(
                ["curl", "-sS", "-o", os.devnull, "-w", "%{http_code}", "--cacert",
                 self.vault.folder / "ca.crt", *options,
                 f"https://127.0.0.1:{self.vault.port}/.vault/identity"], text=True,
                capture_output=True, timeout=60)

        self.assertEqual(hello("--tlsv1.3").stdout, "200")
        older = hello("--tlsv1.0", "--tls-max", "1.2")
        self.assertEqual(older.stdout, "000")
        self.assertIn("alert", older.stderr)

    def test_no_secret_is_in_the_log_or_on_a_command_line(self):
        wrong = "wrong-password-of-enough-length"
        self.assertEqual(self.curl("GET", "/imo/website/keys/", user=f"imo/website:{wrong}"), 401)
        self.assertEqual(self.curl("POST", "/imo/website/x", user=f"imo/website:{self.password}"),
                         404)
        process = pathlib.Path("/proc") / str(self.vault.process.pid)
        shown = [(self.vault.folder / "vault.log").read_bytes(),
                 (process / "cmdline").read_bytes(),
                 (self.vault.folder / "credentials.toml").read_bytes()]
        self.assertIn(b"/imo/website/x", shown[0], "the log is that of this vault")
        key = (self.vault.folder / "vault.key").read_bytes().splitlines()[1]
        for secret in (self.password.encode(), self.other_password.encode(), wrong.encode(), key,
                       base64.b64encode(f"imo/website:{self.password}".encode())):
            for text in shown:
                self.assertNotIn(secret, text)

    def test_a_credential_added_while_it_serves_works_at_once(self):
        password = self.vault.add_credential("late")
        environment = self.vault.restic_environment("late", password)
        self.restic("init", environment=environment)

    def test_receipts_name_every_file(self):
        receipts = (self.data_folder() / "receipts.jsonl").read_text()
        for folder in ("keys", "snapshots", "index"):
            for file in (self.data_folder() / folder).iterdir():
                self.assertIn(f'"{folder}/{file.name}"', receipts)
        for file in (self.data_folder() / "data").glob("*/*"):
            self.assertIn(f'"data/{file.name}"', receipts)
        self.assertIn('"config"', receipts)

    def test_metrics_are_on_the_local_socket_only(self):
        done = subprocess.run(
            ["curl", "-sS", "--unix-socket", self.vault.folder / "local.sock",
             "http://vault/metrics"], capture_output=True, text=True, check=True)
        self.assertIn('rest_server_blob_write_total{repo="imo/website",type="snapshots",'
                      'user="imo/website"}', done.stdout)
        self.assertEqual(self.curl("GET", "/metrics"), 403)


if __name__ == "__main__":
    unittest.main(verbosity=2)
