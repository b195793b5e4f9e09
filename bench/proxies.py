"""The proxies that bench/run.py compares: their configurations, their start and end, and what the kernel says of them.

Every proxy gets one thread or worker, the same three backends, keep-alive on both sides and no access log. Each runs in
a folder of its own; a `Stage` owns all processes and ends them by pid.
"""
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROXY_CORE, OTHERS_CORE = 0, 1
START_SECONDS_MAX = 10
CORES = os.sched_getaffinity(0)  # at the start: run.py moves itself away later
# A proxied connection takes two descriptors.
CONNECTIONS_MAX = min(30_000, (resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 200) // 2)

NGINX = """
{user}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections {connections_max}; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  client_max_body_size 0;
  keepalive_requests 1000000000;
  keepalive_timeout 75s;
  proxy_request_buffering off;
  proxy_max_temp_file_size 0;
  upstream pool {{
    {servers}
    keepalive 256;
    keepalive_requests 1000000000;
  }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://pool;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }}
  }}
}}
"""

HAPROXY = """
global
  nbthread 1
  maxconn {connections_max}
defaults
  mode http
  option http-keep-alive
  http-reuse always
  timeout connect 1s
  timeout client 60s
  timeout server 60s
  timeout http-request 10s
  timeout http-keep-alive 75s
frontend front
  bind 127.0.0.1:{port}
  default_backend pool
backend pool
  balance {balance}
  {servers}
"""

FAIRLEAD = """
listen:
  - address: 127.0.0.1:{port}
admin:
  address: 127.0.0.1:{admin_port}
workers: {workers}
engine: {engine}
state:
  url: {state_url}
  coordination: {coordination}
limits:
  body: 0
  connections: {connections_max}
pools:
  - name: default
    backends:
{servers}
routes:
  - path: /proxy
    methods: [POST]
    pool: default
    rewrite_path: /process
    strategy_parameter: strategy
    response: annotated
  - prefix: /
    pool: default
"""


class Unavailable(Exception):
    """A proxy can't take part; the text says why."""


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def pinned(core, command):
    """`core` None: wherever the kernel puts it."""
    if core not in CORES:
        return command
    return ["taskset", "-c", str(core), *command]


def core_busy_seconds(core):
    for line in Path("/proc/stat").read_text().splitlines():
        name, *ticks = line.split()
        if name == f"cpu{core}":
            user, nice, system, _idle, _iowait, irq, softirq, steal, *_ = map(int, ticks)
            return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")
    return 0.0


def process_tree(pid):
    """The process and its descendants: nginx works in a child."""
    children = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(entry.name))
    tree = [pid]
    for member in tree:
        tree.extend(children.get(member, []))
    return tree


def cpu_seconds(pid):
    ticks = 0
    for member in process_tree(pid):
        try:
            fields = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def resident_bytes(pid):
    total = 0
    for member in process_tree(pid):
        for line in Path(f"/proc/{member}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                total += int(line.split()[1]) * 1024
    return total


class Stage:
    """Owns the backends and proxies of a run. Use it in a `with`: whatever happens, its end ends them all."""

    def __init__(self, build, backends=3):
        self.build = build
        self.backends = backends
        self.tools = build / "bench"
        self.folder = Path(tempfile.mkdtemp(prefix="fairlead-bench-"))
        self.children = []
        self.backend_ports = []

    def __enter__(self):
        try:
            for tool in ("relay", "backend", "load"):
                if not (self.tools / tool).exists():
                    raise Unavailable(f"{self.tools / tool} is missing; build first: ./dev build")
            self.backend_ports = free_ports(self.backends)
            self.spawn("backend", OTHERS_CORE, [self.tools / "backend", *self.backend_ports])
            self.await_port("backend", self.backend_ports[-1])  # it listens in their order
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for child in reversed(self.children):
            self.end(child)
        shutil.rmtree(self.folder, ignore_errors=True)

    def end(self, child):
        family = process_tree(child.pid)[1:] if child.poll() is None else []
        child.terminate()
        try:
            child.wait(5)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            for orphan in family:
                try:
                    os.kill(orphan, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        if child in self.children:
            self.children.remove(child)

    def spawn(self, name, core, command):
        with open(self.folder / f"{name}.log", "ab") as log:
            child = subprocess.Popen(pinned(core, [str(part) for part in command]), cwd=self.folder,
                                     stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        child.log_name = name
        self.children.append(child)
        return child

    def last_words(self, name):
        text = (self.folder / f"{name}.log").read_text(errors="replace").strip()
        return " | ".join(text.splitlines()[-3:]) or "it said nothing"

    def await_port(self, name, port, request=None):
        """Until the port takes connections and, where a request is given, answers it with a 200."""
        child = self.children[-1]
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline:
            if child.poll() is not None:
                raise Unavailable(f"{name} ended with {child.returncode}: {self.last_words(name)}")
            try:
                with socket.create_connection(("127.0.0.1", port), 1) as connection:
                    if request is None:
                        return
                    connection.settimeout(1)
                    connection.sendall(request)
                    if connection.recv(4096).startswith(b"HTTP/1.1 200 "):
                        return
            except OSError:
                pass
            time.sleep(0.05)
        raise Unavailable(f"{name} doesn't serve within {START_SECONDS_MAX} s: {self.last_words(name)}")

    def start(self, name):
        """Starts a proxy and answers (process, port); raises Unavailable when this machine doesn't have it."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        port = free_ports(1)[0]
        command = PROXIES[name](self, folder, port)
        child = self.spawn(name, None if name in ON_ALL_CORES else PROXY_CORE, command)
        try:
            self.await_port(name, port, b"GET / HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")
        except Unavailable:
            self.end(child)
            raise
        return child, port


def needs(program):
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise Unavailable(f"{program} isn't installed")
    return found


def written(path, text):
    path.write_text(text.lstrip())
    return path


def relay(stage, _folder, port):
    return [stage.tools / "relay", port, *stage.backend_ports]


def nginx(stage, folder, port):
    program = needs("nginx")
    servers = "\n    ".join(f"server 127.0.0.1:{each};" for each in stage.backend_ports)
    user = "user root;" if os.geteuid() == 0 else ""
    config = written(folder / "nginx.conf", NGINX.format(user=user, folder=folder, servers=servers, port=port,
                                                          connections_max=2 * CONNECTIONS_MAX))
    return [program, "-p", folder, "-c", config, "-e", folder / "error.log"]


def haproxy(stage, folder, port):
    program = needs("haproxy")
    servers = "\n  ".join(f"server s{each} 127.0.0.1:{each}" for each in stage.backend_ports)
    config = written(folder / "haproxy.cfg", HAPROXY.format(servers=servers, port=port, balance="roundrobin",
                                                            connections_max=CONNECTIONS_MAX))
    return [program, "-db", "-f", config]


def fairlead_on(stage, folder, port, state_url="memory://", coordination="leased", workers=1, engine="epoll"):
    program = stage.build / "fairlead"
    if not program.exists():
        raise Unavailable(f"{program} is missing; build first: ./dev build")
    servers = "\n".join(f"      - url: http://127.0.0.1:{each}" for each in stage.backend_ports)
    config = FAIRLEAD.format(port=port, admin_port=free_ports(1)[0], state_url=state_url, coordination=coordination,
                             workers=workers, engine=engine, servers=servers,
                             connections_max=max(10_000, CONNECTIONS_MAX))
    return [program, "run", "--config", written(folder / "fairlead.yaml", config)]


def fairlead_two(stage, folder, port):
    return fairlead_on(stage, folder, port, workers=2)


def redis_on(stage, folder):
    port = free_ports(1)[0]
    stage.spawn("redis", OTHERS_CORE, [needs("redis-server"), "--port", port, "--bind", "127.0.0.1", "--save", "",
                                       "--appendonly", "no", "--dir", folder])
    stage.await_port("redis", port)
    return port


def fairlead_uring(stage, folder, port):
    return fairlead_on(stage, folder, port, engine="io_uring")


def fairlead_redis(stage, folder, port, coordination):
    if not (stage.build / "fairlead").exists():
        raise Unavailable(f"{stage.build / 'fairlead'} is missing; build first: ./dev build")
    return fairlead_on(stage, folder, port, f"redis://127.0.0.1:{redis_on(stage, folder)}", coordination)


def fairlead_leased(stage, folder, port):
    return fairlead_redis(stage, folder, port, "leased")


def fairlead_exact(stage, folder, port):
    return fairlead_redis(stage, folder, port, "exact")


def origin(stage, folder, port):
    """Answers POST /proxy alone, on Redis; await_port asks for `/`, which it answers as well."""
    try:
        import aiohttp  # noqa: F401, PLC0415
        import redis  # noqa: F401, PLC0415
    except ImportError as missing:
        raise Unavailable(f"the Python package {missing.name} isn't installed") from None
    return [sys.executable, ROOT / "bench" / "origin.py", "--port", port, "--redis-port", redis_on(stage, folder),
            *(f"http://127.0.0.1:{each}" for each in stage.backend_ports)]


PROXIES = {
    "relay": relay,
    "fairlead": fairlead_on,
    "fairlead-uring": fairlead_uring,
    "fairlead-leased": fairlead_leased,
    "fairlead-exact": fairlead_exact,
    "fairlead-two": fairlead_two,
    "nginx": nginx,
    "haproxy": haproxy,
    "origin": origin,
}
ON_ALL_CORES = ("fairlead-two",)
