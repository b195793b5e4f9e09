#!/usr/bin/python3
"""A backend to balance over: answers POST /process with one line that names its port and what it got.

    examples/backends/flask_backend.py --port 6001 [--delay 0.2]

Flask's own server is fine for trying things out; put a real one in front of real work.
"""

import argparse
import time

import flask


def make_app(port, delay):
    app = flask.Flask(__name__)

    @app.post("/process")
    def process():
        time.sleep(delay)
        body = flask.request.get_data()
        return flask.Response(f"backend {port} got {len(body)} bytes\n", mimetype="text/plain")

    return app


def main():
    parser = argparse.ArgumentParser(description="A small Flask backend that answers POST /process.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds that each answer takes")
    arguments = parser.parse_args()
    make_app(arguments.port, arguments.delay).run(host="127.0.0.1", port=arguments.port, threaded=True)


if __name__ == "__main__":
    main()
