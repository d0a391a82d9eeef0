"""Sealing and opening: what is refused, from when on, and what survives the end of each program."""
import json
import os
import signal
import socket
import subprocess
import threading
import unittest

from running_estate import RunningEstate, wait_until


def processes_of(estate, service):
    """The service's own processes, by the command line that estate.toml gives it."""
    wanted = f"/program/service.py\0{service}\0".encode()
    out = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/cmdline", "rb") as file:
                command = file.read()
            if not command.endswith(wanted) or b"bwrap" in command.split(b"\0")[0]:
                continue
            # Several estates may run on this machine: the data folder tells them apart. Its path
            # is seen from the root of its file system, which may be /tmp.
            with open(f"/proc/{name}/mountinfo") as file:
                if "/".join(estate.folder.parts[-2:]) in file.read():
                    out.append(int(name))
        except OSError:
            continue
    return out


def processor_time(estate, service):
    out = []
    for process in processes_of(estate, service):
        with open(f"/proc/{process}/stat") as file:
            out.append((process, file.read().split()[13:15]))
    return out


class SealingTest(unittest.TestCase):
    def setUp(self):
        self.estate = RunningEstate().__enter__()
        self.addCleanup(self.estate.__exit__)

    def test_seals_all_at_once_and_opens_again(self):
        estate = self.estate
        answer = estate.bulkhead("seal", "--all", "--reason", "rehearsal").stdout
        print(answer.strip())
        for name in ("alpha", "beta", "gamma"):
            self.assertEqual(estate.get(f"{name}.localhost").status, 503)
            self.assertEqual((estate.service(name)["exposure"], estate.service(name)["state"]),
                             ("sealed", "frozen"))
        status = estate.bulkhead("estate", "status")
        self.assertIn("4 of 4 services need a look", status.stdout)
        summary = estate.get("status.localhost", "/api/v2/summary.json")
        self.assertEqual(summary.status, 200)
        wait_until(lambda: all(c["status"] == "under_maintenance" for c in estate.get(
            "status.localhost", "/api/v2/summary.json").json()["components"]),
            "the status page shows what is sealed")
        for name in ("alpha", "beta", "gamma", "mail"):
            estate.expose(name, "public")
        self.assertEqual(estate.get("alpha.localhost", "/echo").json()["service"], "alpha")
        # Thawed, not started again.
        self.assertEqual(estate.service("alpha")["restarts"], 0)

    def test_connections_that_are_open_do_not_escape(self):
        estate = self.estate
        kept = estate.connection("alpha.localhost")
        self.addCleanup(kept.close)
        kept.request("GET", "/echo")
        self.assertEqual(json.loads(kept.getresponse().read())["service"], "alpha")
        # The same over HTTP/2: one connection, a request each second, sealed after the first.
        h2 = subprocess.Popen(
            estate.curl("alpha.localhost", "/echo?[1-4]", "-o", "/dev/null", "-w",
                        "%{stderr}%{http_version} %{num_connects} %{http_code}\\n", "--rate", "1/s"),
            stderr=subprocess.PIPE, text=True)  # unlike standard output, written at once
        self.assertEqual(h2.stderr.readline(), "2 1 200\n")
        self.addCleanup(h2.kill)
        # And a download that is under way.
        download = subprocess.Popen(estate.curl("alpha.localhost", "/slow", "-N"),
                                    stdout=subprocess.PIPE)
        self.assertEqual(download.stdout.readline(), b"still here\n")
        estate.bulkhead("seal", "alpha")
        kept.request("GET", "/echo")
        self.assertEqual(kept.getresponse().status, 503)
        # No new connection was made, and every later request was refused.
        self.assertEqual(set(h2.communicate(timeout=60)[1].split("\n")), {"2 0 503", ""})
        received = download.communicate(timeout=20)[0].count(b"\n")
        self.assertLess(received, 300)  # of 600 lines, a tenth of a second each
        self.assertEqual(estate.get("gamma.localhost", "/echo").status, 200)

    def test_requests_that_a_seal_overtakes_are_answered(self):
        """Whatever a request has reached when its service is frozen, its visitor is not left to
        wait until his own patience ends (curl: status 28)."""
        estate = self.estate
        for _ in range(3):
            asking = threading.Event()
            ended = []

            def ask():
                asking.set()
                while True:
                    done = subprocess.run(
                        estate.curl("alpha.localhost", "/echo", "-o", "/dev/null", "-w",
                                    "%{http_code}"), stdout=subprocess.PIPE, text=True)
                    if done.returncode != 0 or done.stdout != "200":
                        return ended.append((done.returncode, done.stdout))
            visitors = [threading.Thread(target=ask) for _ in range(4)]
            for visitor in visitors:
                visitor.start()
            asking.wait()
            estate.bulkhead("seal", "alpha")
            for visitor in visitors:
                visitor.join()
            self.assertEqual(len(ended), 4)
            for status, _ in ended:
                self.assertNotEqual(status, 28)
            estate.expose("alpha", "public")

    def test_no_service_passes_its_answer_off_as_the_gateways(self):
        estate = self.estate
        self.assertNotIn("x-bulkhead-refusal", estate.get("alpha.localhost", "/echo").headers)
        estate.bulkhead("seal", "alpha")
        self.assertEqual(estate.get("alpha.localhost").headers["x-bulkhead-refusal"], "sealed")

    def test_a_request_inside_a_frozen_service_ends(self):
        estate = self.estate
        inside = subprocess.Popen(estate.curl("alpha.localhost", "/hang"), stdout=subprocess.PIPE)
        self.addCleanup(inside.kill)
        wait_until(lambda: (estate.folder / "datasets/alpha/current/hanging").exists(),
                   "the service works on the request")
        estate.bulkhead("seal", "alpha")
        inside.communicate(timeout=60)
        self.assertNotEqual(inside.returncode, 28)

    def test_sealed_mail_is_cut_off(self):
        estate = self.estate
        port = estate.service("mail")["ports"]["smtp"]
        with socket.create_connection(("127.0.0.1", port), timeout=20) as mail:
            self.assertEqual(mail.recv(100), b"220 ready\r\n")
            estate.bulkhead("seal", "mail")
            self.assertEqual(mail.recv(100), b"")
        # Refused at once, whether that is seen on connecting or on reading.
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=20) as mail:
                self.assertEqual(mail.recv(100), b"")
        except ConnectionResetError:
            pass

    def test_a_frozen_service_does_nothing(self):
        estate = self.estate
        self.assertTrue(processes_of(estate, "alpha"))
        estate.bulkhead("seal", "alpha")
        before = processor_time(estate, "alpha")
        # Asked on its own socket, where no gateway is in between, it does not answer either.
        with socket.socket(socket.AF_UNIX) as direct:
            direct.settimeout(1)
            os.chdir(estate.folder)
            direct.connect("run/alpha/current/service.sock")
            direct.sendall(b"GET /livez HTTP/1.1\r\nHost: alpha\r\n\r\n")
            with self.assertRaises(TimeoutError):
                direct.recv(100)
        self.assertTrue(before)
        self.assertEqual(processor_time(estate, "alpha"), before)

    def test_stays_sealed_over_a_restart_and_is_not_started(self):
        estate = self.estate
        estate.bulkhead("seal", "alpha")
        self.assertEqual(estate.stop(), 0)
        estate.start()
        self.assertEqual(estate.get("alpha.localhost").status, 503)
        service = estate.service("alpha")
        self.assertEqual((service["exposure"], service["state"]), ("sealed", "stopped"))
        self.assertEqual(processes_of(estate, "alpha"), [])
        estate.expose("alpha", "public")
        self.assertEqual(estate.get("alpha.localhost", "/echo").json()["service"], "alpha")

    def test_a_service_that_dies_is_started_again(self):
        estate = self.estate
        estate.get("gamma.localhost", "/exit")
        wait_until(lambda: estate.service("gamma")["restarts"] == 1 and
                   estate.service("gamma")["state"] == "ready", "gamma is started again")
        for process in processes_of(estate, "gamma"):
            os.kill(process, signal.SIGKILL)
        wait_until(lambda: estate.service("gamma")["restarts"] == 2 and
                   estate.service("gamma")["state"] == "ready", "gamma is started again")
        self.assertEqual(estate.get("gamma.localhost", "/echo").status, 200)
        kinds = [json.loads(line)["kind"]
                 for line in (estate.folder / "state/events.jsonl").read_text().splitlines()]
        self.assertEqual(kinds.count("service.ended"), 2)

    def test_an_unready_service_is_explained_to_visitors_and_operators(self):
        estate = self.estate
        estate.get("gamma.localhost", "/unready")
        wait_until(lambda: estate.service("gamma")["state"] == "unready", "gamma is unready")
        wait_until(lambda: "does not answer" in estate.get("gamma.localhost").body,
                   "the gateway says so")
        status = estate.bulkhead("estate", "status", check=False)
        self.assertEqual(status.returncode, 3)
        self.assertIn("gamma is exposed but unready", status.stdout)

    def test_a_gateway_that_is_killed_comes_back_and_keeps_what_was_sealed(self):
        estate = self.estate
        estate.bulkhead("seal", "alpha")
        old = estate.gateway_id()
        os.kill(old, signal.SIGKILL)
        wait_until(lambda: estate.gateway_id() != old, "another gateway runs")

        def status_of(host):
            try:
                return estate.get(host).status
            except AssertionError:
                return 0
        wait_until(lambda: status_of("gamma.localhost") == 200, "gamma is reached again")
        self.assertEqual(estate.get("alpha.localhost").status, 503)

    def test_without_its_supervisor_the_gateway_still_tells(self):
        estate = self.estate
        estate.bulkhead("seal", "alpha")
        estate.stop(signal.SIGKILL)
        # The compartments end with their supervisor; what visitors see does not.
        wait_until(lambda: not processes_of(estate, "gamma"), "the compartments ended")
        self.assertEqual(estate.get("status.localhost", "/en/").status, 200)
        self.assertIn("closed for the moment", estate.get("alpha.localhost").body)
        wait_until(lambda: "does not answer" in estate.get("gamma.localhost").body,
                   "the gateway says that gamma does not answer")
        old = estate.gateway_id()
        os.kill(old, signal.SIGSTOP)  # it heeds nobody
        estate.start()
        # What has no program any more has ended, though nobody may have reaped it yet.
        self.assertFalse(os.path.exists(f"/proc/{old}/exe"), "the old gateway still runs")
        self.assertNotEqual(estate.gateway_id(), old)
        self.assertEqual(estate.get("gamma.localhost", "/echo").status, 200)
        self.assertEqual(estate.get("alpha.localhost").status, 503)

    def test_two_supervisors_do_not_share_an_estate(self):
        second = subprocess.run([os.environ["BULKHEAD_BIN"] + "/bulkheadd", "--estate",
                                 self.estate.folder], capture_output=True, text=True, timeout=60)
        self.assertEqual(second.returncode, 1)
        self.assertIn("another bulkheadd runs the estate", second.stderr)
        self.assertEqual(self.estate.get("alpha.localhost").status, 200)

    def test_audit_lines_name_the_service_they_came_from(self):
        def lines():
            text = (self.estate.folder / "logs/audit.jsonl").read_text()
            return [json.loads(line) for line in text.splitlines()]
        wait_until(lambda: len(lines()) >= 8, "every service said something")
        for service in ("alpha", "beta", "gamma", "mail"):
            own = [line for line in lines() if line["service"] == service]
            self.assertEqual(own[0]["event"]["service"], "claims-to-be-another")
            self.assertEqual(own[1]["refused"], "not a JSON object")

    def test_mistaken_requests_are_explained(self):
        for arguments, words in ((("seal", "alpa"), "its services are alpha, beta, gamma, mail"),
                                 (("seal",), "name services, or say --all"),
                                 (("expose", "alpha", "--to", "everyone"), "use one of public"),
                                 (("expose", "mail", "--to", "members"), "TCP"),
                                 (("pass", "issue", "--role", "admin"), "member, operator"),
                                 (("pass", "issue", "--minutes", "9999"), "480 minutes")):
            result = self.estate.bulkhead(*arguments, check=False)
            self.assertNotEqual(result.returncode, 0, arguments)
            self.assertIn(words, result.stderr, arguments)


if __name__ == "__main__":
    unittest.main(verbosity=2)
