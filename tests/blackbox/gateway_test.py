"""The gateway as visitors meet it: who gets in, what is passed on, what is refused, and in which
words."""
import base64
import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import time
import unittest
import xml.etree.ElementTree as xml
from pathlib import Path

from running_estate import RunningEstate

LANGUAGES = ("en", "fr", "es", "ar", "zh", "ru")


def signed(key, claims):
    """A pass as the estate makes them, with any claims."""
    def part(content):
        return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
    text = part(b'{"alg":"ES256","typ":"JWT"}') + "." + part(json.dumps(claims).encode())
    der = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key], input=text.encode(),
                         capture_output=True, check=True).stdout
    # DER: a sequence of two whole numbers, each at most 33 bytes long.
    first = 4 + der[3]
    numbers = der[4:first], der[first + 2:]
    return text + "." + part(b"".join(n.lstrip(b"\0").rjust(32, b"\0") for n in numbers))


class GatewayTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.estate = RunningEstate().__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.estate.__exit__()

    def tearDown(self):
        for service in ("alpha", "beta", "gamma"):
            if self.estate.service(service)["exposure"] != "public":
                self.estate.expose(service, "public")

    def bearer(self, role):
        return ("-H", "Authorization: Bearer " + self.estate.token(role))

    def gateway_process(self):
        return int((self.estate.folder / "run/haproxy.pid").read_text())

    def test_gateway_starts_no_process_and_is_nobodys_user(self):
        limits = Path(f"/proc/{self.gateway_process()}/limits").read_text()
        self.assertRegex(limits, r"Max processes +0 +0 ")
        if os.geteuid() != 0:
            return
        status = Path(f"/proc/{self.gateway_process()}/status").read_text()
        users = set(re.search(r"^Uid:(.*)$", status, re.M)[1].split())
        self.assertEqual(len(users), 1)
        self.assertGreater(int(users.pop()), 1_000_000_000)

    def test_gateway_cannot_drive_the_control_socket(self):
        # With its user id, from where it stands; as an ordinary user it has none of its own, and
        # the socket refuses it for what it is (supervisor unit tests).
        if os.geteuid() != 0:
            self.skipTest("only root gives the gateway a user of its own")
        user = os.stat(f"/proc/{self.gateway_process()}").st_uid
        if user == 0:  # /proc of a process that may not be dumped belongs to root
            status = Path(f"/proc/{self.gateway_process()}/status").read_text()
            user = int(re.search(r"^Uid:\s*(\d+)", status, re.M)[1])
        program = (
            "import os, socket, sys\n"
            "os.setgroups([]); os.setresgid(*[USER] * 3); os.setresuid(*[USER] * 3)\n"
            "for path in sys.argv[1:]:\n"
            "  try:\n"
            "    socket.socket(socket.AF_UNIX).connect(path); print('open')\n"
            "  except PermissionError: print('refused')\n"
            "for path in ('secrets/pass.key', 'secrets/gateway.pem', 'run/.audit'):\n"
            "  try: os.listdir(path) if path.startswith('run') else open(path); print('open')\n"
            "  except PermissionError: print('refused')\n").replace("USER", str(user))
        done = subprocess.run(
            [sys.executable, "-c", program, "run/control.sock", "run/haproxy.sock",
             "run/alpha/current/service.sock"], cwd=self.estate.folder, capture_output=True,
            text=True)
        self.assertEqual(done.stdout.split(), ["refused", "refused", "open", "refused", "refused",
                                               "refused"], done.stderr)

    def test_speaks_http2_and_no_old_tls(self):
        version = subprocess.run(self.estate.curl("alpha.localhost", "/", "-o", "/dev/null", "-w",
                                                  "%{http_version}"), capture_output=True, text=True)
        self.assertEqual(version.stdout, "2")
        old = subprocess.run(self.estate.curl("alpha.localhost", "/", "--tls-max", "1.1"),
                             capture_output=True)
        self.assertEqual(old.returncode, 35)

    def test_passes_on_who_asks_and_drops_what_visitors_claim_about_themselves(self):
        answer = self.estate.get(
            "alpha.localhost", "/echo", "-H", "X-Bulkhead-Role: operator", "-H",
            "X-Bulkhead-Exposure: operators", "-H", "X-Forwarded-For: 10.1.1.1", "-H",
            "X-Forwarded-Port: 1", "-H", "Forwarded: for=10.1.1.1", "-H", "X-Request-Id: mine")
        headers = answer.json()["headers"]
        self.assertEqual(headers["x-bulkhead-role"], "anonymous")
        self.assertEqual(headers["x-bulkhead-exposure"], "public")
        self.assertEqual(headers["x-forwarded-for"], "127.0.0.1")
        self.assertNotIn("x-forwarded-port", headers)
        self.assertNotIn("forwarded", headers)
        self.assertRegex(headers["x-request-id"], r"^[0-9a-f-]{36}$")
        self.assertEqual(answer.headers["x-request-id"], headers["x-request-id"])
        self.assertIn("max-age=31536000", answer.headers["strict-transport-security"])
        log = (self.estate.folder / "logs/gateway.log").read_text()
        self.assertIn(headers["x-request-id"], log)

    def test_internal_paths_are_not_there_however_they_are_written(self):
        for path in ("/readyz", "/livez", "/metrics", "/quiesce", "/integrity", "/readyz/",
                     "/%72eadyz", "/READYZ", "/readyz;a", "/readyz?a=b"):
            self.assertEqual(self.estate.get("alpha.localhost", path).status, 404, path)
        for path in ("//readyz", "/./readyz", "/a/../readyz", "/a/%2e%2e/readyz", "/a%2f..%2freadyz",
                     "/a\\readyz"):
            self.assertEqual(self.estate.get("alpha.localhost", path).status, 400, path)

    def test_unknown_host_is_answered_by_nobody_else(self):
        answer = self.estate.get("alpha.localhost", "/", "-H", "Host: nobody.localhost")
        self.assertEqual(answer.status, 421)
        self.assertIn("There is no service of this name", answer.body)

    def test_read_only_refuses_what_would_change_something(self):
        self.estate.expose("alpha", "read-only")
        self.assertEqual(self.estate.get("alpha.localhost", "/echo").json()["headers"]
                         ["x-bulkhead-exposure"], "read-only")
        self.assertEqual(self.estate.get("alpha.localhost", "/echo", "-I").status, 200)
        for method in ("POST", "PUT", "DELETE"):
            answer = self.estate.get("alpha.localhost", "/fr/form", "-X", method, "-d", "a=b")
            self.assertEqual(answer.status, 403)
            self.assertIn("Lecture seule", answer.body)

    def test_members_and_operators_come_in_with_a_pass_of_their_role(self):
        expected = {"members": {None: 401, "member": 200, "operator": 200},
                    "operators": {None: 401, "member": 403, "operator": 200}}
        for exposure, by_role in expected.items():
            self.estate.expose("alpha", exposure)
            for role, status in by_role.items():
                options = self.bearer(role) if role else ()
                answer = self.estate.get("alpha.localhost", "/echo", *options)
                self.assertEqual(answer.status, status, (exposure, role))
                if status == 200:
                    self.assertEqual(answer.json()["headers"]["x-bulkhead-role"], role)

    def test_a_service_never_sees_a_pass(self):
        token = self.estate.token("operator")
        for cookie, left in ((f"a=1; bulkhead_pass={token}; b=2", "a=1; b=2"),
                             (f"bulkhead_pass={token}; b=2", "b=2"),
                             (f"a=1; bulkhead_pass={token}", "a=1"),
                             (f"bulkhead_pass={token}", None),
                             (f"bulkhead_pass={token}; bulkhead_pass={token}", None)):
            headers = self.estate.get("alpha.localhost", "/echo", "-H",
                                      "Cookie: " + cookie).json()["headers"]
            self.assertEqual(headers.get("cookie"), left, cookie.replace(token, "TOKEN"))
        headers = self.estate.get("alpha.localhost", "/echo", "-H",
                                  "Authorization: Bearer " + token).json()["headers"]
        self.assertNotIn("authorization", headers)
        self.assertNotIn(token, (self.estate.folder / "logs/gateway.log").read_text())

    def test_the_link_with_a_pass_sets_the_cookie_and_is_not_logged(self):
        self.estate.expose("alpha", "members")
        token = self.estate.token("member")
        answer = self.estate.get("alpha.localhost", "/.bulkhead/pass?token=" + token)
        self.assertEqual((answer.status, answer.headers["location"]), (303, "/"))
        cookie = answer.headers["set-cookie"]
        for attribute in ("Secure", "HttpOnly", "SameSite=Lax"):
            self.assertIn(attribute, cookie)
        again = self.estate.get("alpha.localhost", "/echo", "-H", "Cookie: " + cookie.split(";")[0])
        self.assertEqual(again.status, 200)
        self.assertNotIn(token, (self.estate.folder / "logs/gateway.log").read_text())

    def test_forged_and_foreign_passes_open_nothing(self):
        self.estate.expose("alpha", "members")
        header, payload, signature = self.estate.token("member").split(".")

        def encode(value):
            return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

        claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
        forged = [
            f"{encode({'alg': 'none', 'typ': 'JWT'})}.{payload}.",
            f"{encode({'alg': 'none', 'typ': 'JWT'})}.{payload}.{signature}",
            f"{encode({'alg': 'HS256', 'typ': 'JWT'})}.{payload}.{signature}",
            f"{header}.{encode(dict(claims, role='operator'))}.{signature}",
            f"{header}.{encode(dict(claims, exp=claims['exp'] + 9999))}.{signature}",
            f"{header}.{payload}.{signature[:-4]}AAAA", f"{header}.{payload}", "x", "a.b.c"]
        for token in forged:
            answer = self.estate.get("alpha.localhost", "/echo", "-H",
                                     "Authorization: Bearer " + token)
            self.assertEqual(answer.status, 401, token)
            link = self.estate.get("alpha.localhost", "/.bulkhead/pass?token=" + token)
            self.assertEqual(link.status, 401, token)
            self.assertNotIn("set-cookie", link.headers)

    def test_passes_of_another_time_estate_or_role_open_nothing(self):
        # Signed by the estate's own key: what is refused is what they say.
        self.estate.expose("alpha", "members")
        key = self.estate.folder / "secrets/pass.key"
        now = int(time.time())
        good = {"aud": "bulkhead:test", "role": "member", "iat": now, "exp": now + 300}
        self.assertEqual(self.estate.get("alpha.localhost", "/echo", "-H",
                                         f"Authorization: Bearer {signed(key, good)}").status, 200)
        lacking = [{name: good[name] for name in good if name != left_out}
                   for left_out in ("aud", "role", "exp")]
        for claims in [dict(good, exp=now - 1), dict(good, exp=0), dict(good, aud="bulkhead:imo"),
                       dict(good, aud=["bulkhead:test"]), dict(good, role="admin"),
                       dict(good, role=["member"]), *lacking]:
            for path, options in (("/echo", ("-H", f"Authorization: Bearer {signed(key, claims)}")),
                                  ("/echo", ("-H", f"Cookie: bulkhead_pass={signed(key, claims)}")),
                                  (f"/.bulkhead/pass?token={signed(key, claims)}", ())):
                answer = self.estate.get("alpha.localhost", path, *options)
                self.assertEqual(answer.status, 401, (claims, path.split("?")[0]))
                self.assertNotIn("set-cookie", answer.headers)

    def test_nothing_becomes_a_tunnel(self):
        # A tunnel would outlive a seal.
        answer = self.estate.get("alpha.localhost", "/echo", "--http1.1", "-H",
                                 "Connection: Upgrade", "-H", "Upgrade: websocket", "-H",
                                 "Sec-WebSocket-Version: 13", "-H",
                                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
        self.assertEqual(answer.status, 200)
        self.assertNotIn("upgrade", answer.json()["headers"])
        self.assertNotIn("upgrade", answer.headers)
        with contextlib.closing(self.estate.connection("alpha.localhost")) as connection:
            connection.request("CONNECT", "alpha.localhost:443")
            self.assertEqual(connection.getresponse().status, 400)

    def test_log_tells_the_method_and_the_host_as_they_were(self):
        self.estate.get("alpha.localhost", "/log-of-method", "-X", "BREW")
        with contextlib.closing(self.estate.connection("alpha.localhost")) as connection:
            connection.putrequest("GET", "/log-without-host", skip_host=True)
            connection.endheaders()
            self.assertEqual(connection.getresponse().status, 421)
        log = (self.estate.folder / "logs/gateway.log").read_text().splitlines()
        requests = [json.loads(line) for line in log if '"path":' in line]
        lines = {request["path"]: request for request in requests}
        self.assertEqual(lines["/log-of-method"]["method"], "BREW")
        self.assertEqual(lines["/log-without-host"]["host"], "-")

    def test_the_clean_room_is_for_operators(self):
        host = "alpha.cleanroom.localhost"
        self.assertEqual(self.estate.get(host).status, 401)
        self.assertEqual(self.estate.get(host, "/", *self.bearer("member")).status, 403)
        # Nothing runs in it now.
        self.assertEqual(self.estate.get(host, "/", *self.bearer("operator")).status, 503)

    def test_sealed_page_speaks_the_visitors_language_and_says_where_to_look(self):
        self.estate.bulkhead("seal", "alpha")
        for language in LANGUAGES:
            by_path = self.estate.get("alpha.localhost", f"/{language}/news", "-H",
                                      "Accept-Language: de")
            by_header = self.estate.get("alpha.localhost", "/", "-H",
                                        f"Accept-Language: xx, {language}-XX;q=0.8, tlh;q=0.1")
            for answer in (by_path, by_header):
                self.assertEqual(answer.status, 503)
                self.assertIn("retry-after", answer.headers)
                self.assertEqual(answer.headers["content-language"], language)
                direction = "rtl" if language == "ar" else "ltr"
                self.assertIn(f'<html lang="{language}" dir="{direction}">', answer.body)
                self.assertIn(f"https://status.localhost:{self.estate.port}/{language}/", answer.body)
                self.assertIn("default-src 'none'; style-src 'self';",
                              answer.headers["content-security-policy"])
        self.assertEqual(self.estate.get("alpha.localhost", "/.bulkhead/gateway.css").status, 200)
        problem = self.estate.get("alpha.localhost", "/ships.json")
        self.assertEqual(problem.headers["content-type"], "application/problem+json")
        self.assertEqual(problem.json()["status"], 503)

    def test_status_page_is_complete_in_every_language(self):
        for language in LANGUAGES:
            page = self.estate.get("status.localhost", f"/{language}/")
            self.assertEqual(page.status, 200)
            self.assertEqual(len(re.findall("<h1", page.body)), 1)
            self.assertNotIn("<script", page.body)
            feed = self.estate.get("status.localhost", f"/{language}/feed.atom")
            self.assertEqual(xml.fromstring(feed.body).tag, "{http://www.w3.org/2005/Atom}feed")
        first = self.estate.get("status.localhost", "/", "-H", "Accept-Language: ru")
        self.assertEqual((first.status, first.headers["location"]), (303, "/ru/"))
        summary = self.estate.get("status.localhost", "/api/v2/summary.json").json()
        self.assertEqual(len(summary["components"]), 4)
        self.assertIn(summary["status"]["indicator"], ("none", "major"))
        for path in ("/../secrets/pass.key", "/en/../../estate.toml", "/.bulkhead/none", "/de/"):
            self.assertEqual(self.estate.get("status.localhost", path).status, 404, path)
        self.assertEqual(self.estate.get("status.localhost", "/en/", "-X", "POST").status, 405)

    def test_mail_passes_through_to_its_socket(self):
        port = self.estate.service("mail")["ports"]["smtp"]
        with socket.create_connection(("127.0.0.1", port), timeout=20) as mail:
            stream = mail.makefile("rwb")
            self.assertEqual(stream.readline(), b"220 ready\r\n")
            stream.write(b"HELO\r\n")
            stream.flush()
            self.assertEqual(stream.readline(), b"250 HELO\r\n")


class RateLimitTest(unittest.TestCase):
    def test_too_many_requests_are_answered_so(self):
        with RunningEstate() as estate:
            # One connection, many requests: far more than the estate's 3000 in five seconds.
            answers = subprocess.run(
                estate.curl("gamma.localhost", "/?[1-6000]", "-o", "/dev/null", "-w",
                            "%{http_code} %header{retry-after}\n", "--parallel"),
                capture_output=True, text=True).stdout.splitlines()
            refused = [answer for answer in answers if answer.startswith("429")]
            self.assertTrue(refused)
            self.assertEqual(set(refused), {"429 5"}, "each says when to come again")
            self.assertIn("200 ", answers)


if __name__ == "__main__":
    unittest.main(verbosity=2)
