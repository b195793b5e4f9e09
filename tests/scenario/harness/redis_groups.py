"""Several real Redis servers that decide together who has the data: a master and its replica under three sentinels, and
a cluster."""

import contextlib
import shutil
import subprocess
from pathlib import Path

import redis

from harness.ports import free_port
from harness.redis_server import RedisServer
from harness.waiting import wait_until

_SLOT_RANGES = range(0, 5_461), range(5_461, 10_923), range(10_923, 16_384)


@contextlib.contextmanager
def ended_unless_well(group):
    """Nobody else knows of its servers yet."""
    try:
        yield
    except BaseException:
        group.stop()
        raise


class Sentinel:
    """One redis-sentinel."""

    def __init__(self, directory, password=None):
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.file = self.directory / "sentinel.conf"  # it writes what it learns into this file
        self.port, self.password = free_port(), password
        self.id = f"{self.port:040x}"
        self.process = None

    def configure(self, options):
        lines = [f"port {self.port}", "bind 127.0.0.1", f"dir {self.directory}", f"sentinel myid {self.id}",
                 f"logfile {self.directory}/sentinel.log", *options]
        if self.password:
            lines += [f"requirepass {self.password}", f"sentinel sentinel-pass {self.password}"]
        self.file.write_text("\n".join(lines) + "\n")

    def start(self):
        command = [shutil.which("redis-server"), str(self.file), "--sentinel"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self.answers, 10, "the sentinel to answer")

    def client(self):
        return redis.Redis(port=self.port, password=self.password, socket_timeout=5, decode_responses=True)

    def answers(self):
        assert self.process.poll() is None, "the sentinel ended:\n" + (self.directory / "sentinel.log").read_text()
        try:
            return self.client().ping()
        except redis.exceptions.ConnectionError:
            return False

    def sees(self, sentinels, replicas):
        """It knows the others, and its replicas are fit to take over."""
        database = self.client()
        master = database.sentinel_master(SentinelGroup.name)
        fit = [replica for replica in database.sentinel_slaves(SentinelGroup.name)
               if replica["flags"] == "slave" and replica.get("master-link-status") == "ok"]
        return master["num-other-sentinels"] == sentinels - 1 and len(fit) == replicas

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.kill()


class SentinelGroup:
    name = "main"

    def __init__(self, folder, password=None, sentinel_password=None):
        """`folder()` gives a new one for each server."""
        self.password = password
        self.servers, self.sentinels = [], [Sentinel(folder(), sentinel_password) for _ in range(3)]
        with ended_unless_well(self):
            self._serve(folder())
            self._serve(folder(), "--replicaof", "127.0.0.1", self.servers[0].port)
            for sentinel in self.sentinels:
                sentinel.configure(self._options(sentinel))
                sentinel.start()
            for sentinel in self.sentinels:
                wait_until(lambda: sentinel.sees(3, 1), 15, "the sentinels to know each other and the replica")

    def _serve(self, directory, *options):
        secret = ["--masterauth", self.password] if self.password else []
        self.servers.append(RedisServer(directory, password=self.password,
                                        options=["--repl-diskless-sync-delay", "0", *secret, *options]))

    def _options(self, sentinel):
        """They know each other and the replica from the start: finding out takes them seconds."""
        first, second = self.servers
        yield f"sentinel monitor {self.name} 127.0.0.1 {first.port} 2"
        yield f"sentinel down-after-milliseconds {self.name} 500"
        yield f"sentinel failover-timeout {self.name} 3000"
        if self.password:
            yield f"sentinel auth-pass {self.name} {self.password}"
        yield f"sentinel known-replica {self.name} 127.0.0.1 {second.port}"
        for other in self.sentinels:
            if other is not sentinel:
                yield f"sentinel known-sentinel {self.name} 127.0.0.1 {other.port} {other.id}"

    @property
    def url(self):
        secret = f":{self.password}@" if self.password else ""
        hosts = ",".join(f"127.0.0.1:{sentinel.port}" for sentinel in self.sentinels)
        return f"redis+sentinel://{secret}{hosts}/{self.name}"

    def master(self):
        """As the sentinels that stand agree; None while they don't."""
        ports = {sentinel.client().sentinel_get_master_addr_by_name(self.name)[1]
                 for sentinel in self.sentinels if sentinel.process.poll() is None}
        found = [server for server in self.servers if ports == {server.port}]
        return found[0] if found else None

    def wait_master_other_than(self, old):
        """The new one, once every sentinel names it and it takes writes."""
        def found():
            master = self.master()
            return master if master not in (None, old) and master.client().role()[0] == "master" else None
        return wait_until(found, 30, "the sentinels to name another master")

    def fail_over(self):
        """As an operator does; the old master stays up."""
        self.sentinels[0].client().execute_command("SENTINEL", "FAILOVER", self.name)

    def stop(self):
        for one in self.sentinels + self.servers:
            one.stop()


class RedisCluster:
    """Three nodes with a range of slots each, and further ones that attach_replica() gives something to do."""

    def __init__(self, folder, replicas=0, tls=None):
        self.tls = tls
        self.nodes, self.replicas = [], []
        with ended_unless_well(self):
            for slots in _SLOT_RANGES:
                self.nodes.append(self._node(folder()))
                self.nodes[-1].client().execute_command("CLUSTER", "ADDSLOTSRANGE", slots.start, slots.stop - 1)
            for _ in range(replicas):
                self.replicas.append(self._node(folder()))
            for node in self.nodes[1:] + self.replicas:
                self.nodes[0].client().execute_command("CLUSTER", "MEET", "127.0.0.1", node.tls_port or node.port,
                                                       node.cluster_port)
            wait_until(lambda: all(map(self._is_well, self.nodes + self.replicas)), 20, "the cluster to be well")

    def _node(self, directory):
        port = free_port()
        options = ["--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf", "--cluster-port", port,
                   "--cluster-node-timeout", "1000", "--repl-diskless-sync-delay", "0"]
        node = RedisServer(directory, tls=self.tls, options=options + (["--tls-cluster", "yes"] if self.tls else []))
        node.cluster_port = port
        return node

    def _is_well(self, node):
        lines = node.client().execute_command("CLUSTER", "INFO").split()
        return "cluster_state:ok" in lines and f"cluster_known_nodes:{len(self.nodes + self.replicas)}" in lines

    def slot_of(self, key):
        return self.nodes[0].client().execute_command("CLUSTER", "KEYSLOT", key)

    def owner(self, key):
        """The node that has the key's slot."""
        slot = self.slot_of(key)
        return next(node for node, slots in zip(self.nodes, _SLOT_RANGES) if slot in slots)

    def others(self, key):
        return [node for node in self.nodes if node is not self.owner(key)]

    def attach_replica(self, node):
        """Makes the replica one of that node's."""
        replica = self.replicas[0]
        replica.client().execute_command("CLUSTER", "REPLICATE", self.id_of(node))
        wait_until(lambda: replica.client().info("replication").get("master_link_status") == "up", 20,
                   "the replica to have its master's data")
        wait_until(lambda: self._is_replica(replica, self.nodes[0]), 10, "the others to know it as a replica")
        return replica

    def _is_replica(self, node, in_the_eyes_of):
        lines = in_the_eyes_of.client().execute_command("CLUSTER", "NODES").splitlines()
        return any(self.id_of(node) == line.split()[0] and "slave" in line.split()[2] for line in lines)

    @staticmethod
    def id_of(node):
        return node.client().execute_command("CLUSTER", "MYID")

    def begin_moving(self, slot, source, target):
        target.client().execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", self.id_of(source))
        source.client().execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", self.id_of(target))

    def move_keys(self, slot, source, target):
        """All that are there now; between them and the slot's end they are asked for in two places."""
        database = source.client()
        while keys := database.execute_command("CLUSTER", "GETKEYSINSLOT", slot, 100):
            database.execute_command("MIGRATE", "127.0.0.1", target.port, "", 0, 5000, "KEYS", *keys)

    def end_moving(self, slot, source, target):
        for node in (target, source, *self.nodes):
            node.client().execute_command("CLUSTER", "SETSLOT", slot, "NODE", self.id_of(target))

    def stop(self):
        for node in self.nodes + self.replicas:
            node.stop()
