"""A real S3 store with object lock, Ceph's radosgw, in a folder of its own: no service, no root.

The packages are unpacked, not installed: nothing of them stays on the machine but the folder.
"""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
import uuid

PACKAGES = ["ceph-mon", "ceph-osd", "ceph-common", "radosgw"]
KEY, SECRET = "TESTKEY", "TESTSECRET"
READY_SECONDS = 60


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def unpack(folder: pathlib.Path) -> pathlib.Path | None:
    """The root of the unpacked packages, with all that this machine lacks of what they need. None
    where they cannot be had. What is there from before is used again."""
    root = folder / "root"
    if (folder / "complete").exists():
        return root
    archives = folder / "archives"
    archives.mkdir(parents=True, exist_ok=True)
    plan = subprocess.run(["apt-get", "install", "--simulate", "--no-install-recommends",
                           *PACKAGES], text=True, capture_output=True,
                          env={**os.environ, "LC_ALL": "C"})
    names = [line.split()[1] for line in plan.stdout.splitlines() if line.startswith("Inst ")]
    # apt-get download wants to write as a user of its own.
    if not names or subprocess.run(["apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root",
                                    *names], cwd=archives).returncode != 0:
        return None
    for archive in sorted(archives.glob("*.deb")):
        subprocess.run(["dpkg", "-x", archive, root], check=True)
    shutil.rmtree(archives)
    (folder / "complete").touch()
    return root


class Radosgw:
    def __init__(self, root: pathlib.Path, folder: pathlib.Path):
        self.root, self.folder = root, folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.processes = []
        libraries = root / "usr/lib/x86_64-linux-gnu"
        self.environment = {
            **os.environ, "CEPH_CONF": str(folder / "ceph.conf"),
            "PATH": f"{root}/usr/bin:{root}/usr/sbin:{os.environ['PATH']}",
            "LD_LIBRARY_PATH": f"{root}/lib/x86_64-linux-gnu:{libraries}:{libraries}/ceph",
            "PYTHONPATH": f"{root}/usr/lib/python3/dist-packages"}

    def run(self, *command: str) -> str:
        done = subprocess.run(command, env=self.environment, cwd=self.folder, text=True,
                              capture_output=True)
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]}: {done.stderr[-2000:]}")
        return done.stdout

    def spawn(self, *command: str) -> None:
        log = open(self.folder / f"{command[0]}.log", "ab")
        self.processes.append(subprocess.Popen(command, env=self.environment, cwd=self.folder,
                                               stdout=log, stderr=log))

    def start(self) -> None:
        self.folder.mkdir(parents=True)
        libraries = self.root / "usr/lib/x86_64-linux-gnu"
        monitor = free_port()
        for name in ("mon", "osd", "run"):
            (self.folder / name).mkdir()
        (self.folder / "ceph.conf").write_text(f"""[global]
fsid = {(cluster := str(uuid.uuid4()))}
mon_host = v2:127.0.0.1:{monitor}
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
ms_bind_msgr1 = false
auth_cluster_required = cephx
auth_service_required = cephx
auth_client_required = cephx
keyring = {self.folder}/keyring
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 8
osd_pool_default_pg_autoscale_mode = off
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 5000
osd_crush_chooseleaf_type = 0
plugin_dir = {libraries}/ceph
erasure_code_dir = {libraries}/ceph/erasure-code
osd_class_dir = {libraries}/rados-classes
run_dir = {self.folder}/run
admin_socket = {self.folder}/run/$name.asok
log_file = {self.folder}/$name.ceph.log
paxos_propose_interval = 0.05
osd_objectstore = memstore
memstore_device_bytes = 2147483648
[mon]
mon_data = {self.folder}/mon
[osd]
osd_data = {self.folder}/osd
[client.rgw]
rgw_frontends = beast endpoint=127.0.0.1:{self.port}
rgw_data = {self.folder}/rgw
""")
        keyring = str(self.folder / "keyring")
        tool = ["ceph-authtool", keyring, "--gen-key"]
        self.run("ceph-authtool", "--create-keyring", keyring, "--gen-key", "-n", "mon.", "--cap",
                 "mon", "allow *")
        self.run(*tool, "-n", "client.admin", "--cap", "mon", "allow *", "--cap", "osd", "allow *",
                 "--cap", "mgr", "allow *")
        self.run(*tool, "-n", "client.rgw", "--cap", "mon", "allow rwx", "--cap", "osd",
                 "allow rwx")
        self.run(*tool, "-n", "osd.0", "--cap", "mon", "allow profile osd", "--cap", "osd",
                 "allow *")
        self.run("monmaptool", "--create", "--fsid", cluster, "--addv", "a",
                 f"[v2:127.0.0.1:{monitor}]", "monmap")
        self.run("ceph-mon", "-i", "a", "--mkfs", "--monmap", "monmap", "--keyring", keyring)
        self.spawn("ceph-mon", "-i", "a", "-f")
        disk = str(uuid.uuid4())
        self.run("ceph", "osd", "new", disk, "0")
        self.run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", disk)
        self.spawn("ceph-osd", "-i", "0", "-f")
        self.spawn("radosgw", "-n", "client.rgw", "-f")
        self.wait()
        self.run("radosgw-admin", "user", "create", "--uid=test", "--display-name=test",
                 f"--access-key={KEY}", f"--secret-key={SECRET}")

    def wait(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            for process in self.processes:
                if process.poll() is not None:
                    name = process.args[0]
                    said = (self.folder / f"{name}.log").read_text(errors="replace")[-1500:]
                    raise RuntimeError(f"{name} ended: {said}")
            try:
                urllib.request.urlopen(self.url, timeout=2)
                return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise RuntimeError(f"radosgw does not answer after {READY_SECONDS} s")

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
        for process in reversed(self.processes):
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
