# SPDX-License-Identifier: BSD-3-Clause
"""tern-gen and tern-http as two processes, each on a processor of its own, joined by net_memif."""

import glob
import json
import os
import signal
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROGRAMS = ["tern-gen", "tern-http"]
DISTURBED = 0.02  # of its time that a process was kept from its processor
READY = "for the HTTP server"  # what tern-http says last before it serves
OURS, THEIRS = "10.9.0.2/24", "10.9.0.1"


def die(status, text):
    print(f"{os.path.basename(sys.argv[0])}: {text}", file=sys.stderr)
    sys.exit(status)


def add_build(parser):
    parser.add_argument("--build", metavar="DIR", help="where tern is built; default: build",
                        default=os.environ.get("TERN_BUILD", os.path.join(TOP, "build")))


def check_build(build):
    for program in PROGRAMS:
        if not os.access(os.path.join(build, "apps", program), os.X_OK):
            die(1, f"no {build}/apps/{program}: build it, or name the folder by --build")


def use(work):
    """What DPDK writes goes there; nobody else's files are."""
    os.environ["RUNTIME_DIRECTORY"] = work


def generate(program, eal, words, limit):
    """Run tern-gen. Return: its JSON. Missed goals and doubtful figures are results, too."""
    done = subprocess.run([program, *eal, "--", *words], capture_output=True, text=True,
                          timeout=limit)
    if done.returncode not in (0, 3, 4):
        lines = done.stderr.strip().splitlines() or ["nothing said"]
        die(1, f"tern-gen ended with {done.returncode}: {lines[-1]}")
    return json.loads(done.stdout)


def kept(pid):
    """Share of its time that a process was ready to run, and did not."""
    ran = waited = 0
    for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        with open(path, encoding="ascii") as file:
            numbers = [int(word) for word in file.read().split()]
        ran, waited = ran + numbers[0], waited + numbers[1]
    return waited / max(1, ran + waited)


class Pair:
    """The server is begun afresh for each run, and must have gone before the next."""

    def __init__(self, build, work, server_words=("--body", "64")):
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) < 2:
            die(1, "two processors are needed, one for each process")
        self.program, self.server = (os.path.join(build, "apps", name) for name in PROGRAMS)
        self.work, self.socket = work, os.path.join(work, "m.sock")
        self.client_eal = self.eal(cores[1], "gen", "client")
        self.server_eal = self.eal(cores[0], "http", "server")
        self.server_words = server_words
        self.kept = 0
        self.process = None

    def eal(self, core, name, role):
        return ["--lcores", f"0@{core}", "--no-huge", "--no-shconf", "--no-pci", "-m", "512",
                "--file-prefix", f"{name}{os.getpid()}",
                f"--vdev=net_memif0,role={role},socket={self.socket},socket-abstract=no"]

    def run(self, words, limit=120):
        """words: the mode and its options. Return: the JSON of tern-gen."""
        self.begin()
        try:
            return generate(self.program, self.client_eal,
                            [*words, "--json", "--port", f"net_memif0,ip={OURS}",
                             f"{THEIRS}:80"], limit)
        finally:
            self.kept = kept(self.process.pid)
            self.end()

    def begin(self):
        path = os.path.join(self.work, "server.log")
        with open(path, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [self.server, *self.server_eal, "--", "--addr", f"{THEIRS}/24",
                 *self.server_words],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        for _ in range(200):
            with open(path, encoding="utf-8") as log:
                said = log.read()
            if READY in said:
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        self.end()
        die(1, f"tern-http does not start: {said.strip().splitlines()[-1:] or 'nothing said'}")

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if os.path.exists(self.socket):
            os.unlink(self.socket)
