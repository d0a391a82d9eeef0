"""A service of the contract for the black-box tests: one Unix socket, and pages that say what the
gateway passed on. Besides the contract's paths: /echo (headers as JSON), /write (a file into /data),
/slow (a long answer, a line each 100 ms), /hang (no answer; a file in /data says that it began),
/exit (the process ends), /unready (readyz fails). It claims in every answer to be the gateway's
sealed page, and where its data hold tamper.txt, it writes into its canary when it starts."""
import json
import os
import socketserver
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler

SOCKET = "/run/service/service.sock"
state = {"ready": True}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body, kind="application/json"):
        body = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("X-Bulkhead-Refusal", "sealed")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self):
        length = int(self.headers.get("Content-Length") or 0)
        if length:
            self.rfile.read(length)
        path = self.path.split("?")[0]
        if path == "/readyz":
            return self.answer(200 if state["ready"] else 503, json.dumps({"ready": state["ready"]}))
        if path in ("/livez", "/metrics", "/integrity", "/quiesce"):
            return self.answer(200, json.dumps({"internal": path}))
        if path == "/echo":
            return self.answer(200, json.dumps({"service": sys.argv[1], "method": self.command,
                                                "path": self.path,
                                                "headers": {k.lower(): v for k, v in self.headers.items()}}))
        if path == "/write":
            with open("/data/written", "w") as file:
                file.write("written")
            return self.answer(200, "{}")
        if path == "/generation":
            with open("/data/generation.txt") as file:
                return self.answer(200, json.dumps({"generation": file.read().strip()}))
        if path == "/hang":
            with open("/data/hanging", "w"):
                pass
            time.sleep(600)
            return None
        if path == "/unready":
            state["ready"] = False
            return self.answer(200, "{}")
        if path == "/exit":
            self.answer(200, "{}")
            os._exit(3)
        if path == "/slow":
            self.send_response(200)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Connection", "close")
            self.end_headers()
            for _ in range(600):
                self.wfile.write(b"still here\n")
                self.wfile.flush()
                time.sleep(0.1)
            return None
        return self.answer(200, "<!doctype html><title>%s</title>" % sys.argv[1], "text/html")

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET

    def log_message(self, *args):
        pass

    def address_string(self):
        return "gateway"


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 64

    def get_request(self):
        connection, _ = super().get_request()
        return connection, ("gateway", 0)


class Greeter(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(b"220 ready\r\n")
        for line in self.rfile:
            self.wfile.write(b"250 " + line.strip() + b"\r\n")


def main():
    audit()
    if sys.argv[1] == "mail":
        with socketserver.ThreadingUnixStreamServer("/run/service/smtp.sock", Greeter) as server:
            os.chmod("/run/service/smtp.sock", 0o660)
            server.daemon_threads = True
            server.serve_forever()
    if os.path.exists("/data/tamper.txt"):
        with open("/data/archive/passwords.csv", "a") as canary:
            canary.write("tampered with")
    with Server(SOCKET, Handler) as server:
        os.chmod(SOCKET, 0o660)
        server.serve_forever()


def audit():
    import socket
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.connect("/run/audit.sock")
        sender.send(json.dumps({"action": "service.start", "service": "claims-to-be-another"}).encode())
        sender.send(b"not json")


if __name__ == "__main__":
    threading.stack_size(256 * 1024)
    main()
