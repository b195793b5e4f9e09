"""A real redis-server on its own port and directory, without persistence, that can be hurt in many ways."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import redis

from harness.ports import free_port
from harness.waiting import wait_until


class RedisServer:
    def __init__(self, directory, password=None, user=None, unix_socket=False, tls=None,
                 host="127.0.0.1", run_by=(), options=()):
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.host, self.run_by = host, list(run_by)
        self.port = free_port()
        self.tls_port = free_port() if tls else None
        self.tls = tls
        self.password = password
        self.user = user
        self.options = list(options)
        self.socket_path = self.directory / "redis.sock" if unix_socket else None
        self.process = None
        self.start()

    @property
    def url(self):
        secret = f"{self.user or ''}:{self.password}@" if self.password else ""
        return f"redis://{secret}{self.host}:{self.port}"

    def command(self):
        made = [*self.run_by, shutil.which("redis-server"), "--port", self.port, "--bind", self.host,
                "--dir", self.directory, "--save", "", "--appendonly", "no", "--daemonize", "no",
                "--logfile", self.directory / "redis.log"]
        if self.host != "127.0.0.1":
            made += ["--protected-mode", "no"]
        if self.user:
            users = self.directory / "users.acl"
            users.write_text(f"user default on nopass ~* &* +@all\nuser {self.user} on >{self.password} ~* &* +@all\n")
            made += ["--aclfile", users]
        elif self.password:
            made += ["--requirepass", self.password]
        if self.socket_path:
            made += ["--unixsocket", self.socket_path]
        if self.tls:
            made += ["--tls-port", self.tls_port, "--tls-auth-clients", "no", "--tls-cert-file", self.tls.certificate,
                     "--tls-key-file", self.tls.key, "--tls-ca-cert-file", self.tls.ca]
        return [str(part) for part in made + self.options]

    def start(self):
        self.process = subprocess.Popen(self.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self.answers, 10, "redis-server to answer")

    def answers(self):
        assert self.process.poll() is None, "redis-server ended:\n" + (self.directory / "redis.log").read_text()
        try:
            return self.client().ping()
        except redis.exceptions.ConnectionError:
            return False

    def client(self, db=0):
        return redis.Redis(host=self.host, port=self.port, password=self.password, username=self.user, db=db,
                           socket_timeout=5, decode_responses=True)

    def pause(self):
        """SIGSTOP: connections stand, nothing answers."""
        os.kill(self.process.pid, signal.SIGSTOP)

    def resume(self):
        os.kill(self.process.pid, signal.SIGCONT)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def restart(self):
        """Comes back empty on the same port."""
        if self.process.poll() is None:
            self.kill()
        self.start()

    def stop(self):
        if self.process.poll() is None:
            self.resume()
            self.kill()
