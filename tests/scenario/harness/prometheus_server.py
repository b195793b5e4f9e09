"""A real Prometheus that scrapes one address every second."""

import json
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlencode

import yaml

from harness.ports import free_port
from harness.waiting import wait_until
from harness.wire import fetch


class PrometheusServer:
    def __init__(self, directory, target, interval="1s"):
        directory = Path(directory)
        directory.mkdir(parents=True, exist_ok=True)
        self.address = ("127.0.0.1", free_port())
        config = directory / "prometheus.yml"
        config.write_text(yaml.safe_dump({
            "global": {"scrape_interval": interval},
            "scrape_configs": [
                {"job_name": "fairlead", "static_configs": [{"targets": [f"{target[0]}:{target[1]}"]}]}],
        }))
        self.log = directory / "prometheus.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [shutil.which("prometheus"), f"--config.file={config}", f"--storage.tsdb.path={directory / 'data'}",
                 f"--web.listen-address=127.0.0.1:{self.address[1]}"], stdout=log, stderr=log)
        wait_until(self.is_ready, 20, "Prometheus to be ready")

    def is_ready(self):
        assert self.process.poll() is None, "Prometheus ended:\n" + self.log.read_text()
        try:
            return fetch(self.address, "GET", "/-/ready").status == 200
        except OSError:
            return False

    def query(self, expression):
        """The result vector of an instant query."""
        response = fetch(self.address, "GET", "/api/v1/query?" + urlencode({"query": expression}))
        assert response.status == 200, response
        return json.loads(response.body)["data"]["result"]

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
