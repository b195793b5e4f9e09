"""A certificate authority of the test's own and a server's certificate, made with the openssl command."""

import subprocess
from pathlib import Path


def _openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


class Authority:
    def __init__(self, directory, names="IP:127.0.0.1,DNS:localhost"):
        directory = Path(directory)
        directory.mkdir(parents=True, exist_ok=True)
        self.ca, self.certificate, self.key = directory / "ca.pem", directory / "server.pem", directory / "server.key"
        ca_key, request, extensions = directory / "ca.key", directory / "server.csr", directory / "extensions"
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                 "-keyout", ca_key, "-out", self.ca, "-subj", "/CN=test authority")
        _openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.key,
                 "-out", request, "-subj", "/CN=localhost")
        extensions.write_text(f"subjectAltName={names}\n")
        _openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", ca_key, "-CAcreateserial", "-days", "2",
                 "-out", self.certificate, "-extfile", extensions)
