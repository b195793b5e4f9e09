"""A way to a server on which every byte travels for a while: a TCP relay on loopback that holds back what it relays."""

import queue
import socket
import threading
import time

from harness.ports import free_port


class SlowLink:
    """`delay` is in seconds, each way, and may be changed at any time; what is under way keeps its own."""

    def __init__(self, target_port, delay=0.0):
        self.port = free_port()
        self.target_port = target_port
        self.delay = delay
        self.stopping = threading.Event()
        self.sockets = []
        self.listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self.target_port), 5)
            except OSError:
                near.close()
                continue
            for end in (near, far):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                end.settimeout(None)
            self.sockets += [near, far]
            for source, sink in ((near, far), (far, near)):
                travelling = queue.SimpleQueue()
                threading.Thread(target=self._take, args=(source, travelling), daemon=True).start()
                threading.Thread(target=self._give, args=(travelling, sink), daemon=True).start()

    def _take(self, source, travelling):
        data = b"more"
        while data:
            try:
                data = source.recv(65_536)
            except OSError:
                data = b""
            travelling.put((time.monotonic() + self.delay, data))

    def _give(self, travelling, sink):
        while True:
            due, data = travelling.get()
            self.stopping.wait(max(0.0, due - time.monotonic()))
            try:
                if not data:
                    sink.shutdown(socket.SHUT_WR)
                    return
                sink.sendall(data)
            except OSError:
                return

    def stop(self):
        self.stopping.set()
        self.listener.close()
        for one in self.sockets:
            one.close()
