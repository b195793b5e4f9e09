"""The editors' schema takes what is right and refuses what isn't; the unit tests hold it against the code."""

import copy
import json
import pathlib

import jsonschema
import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "docs/fairlead.schema.json").read_text())
EXAMPLE = yaml.safe_load((ROOT / "examples/fairlead.yml").read_text())

CONTRACT = """
listen:
  - address: 0.0.0.0:5000
admin:
  address: 127.0.0.1:8000
workers: auto
engine: auto
state:
  url: redis://127.0.0.1:6379
  coordination: leased
  key_prefix: ""
limits:
  head: 32KiB
  body: 64MiB
timeouts:
  header: 10s
  body_idle: 30s
  keep_alive: 75s
  connect: 1s
  first_byte: 30s
  idle: 60s
  drain: 30s
pools:
  - name: default
    strategy: round_robin
    backends:
      - url: http://localhost:6001
      - {url: http://localhost:6002, weight: 2}
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


def faults(document):
    return [error.message for error in jsonschema.Draft7Validator(SCHEMA).iter_errors(document)]


def test_schema_is_a_schema():
    jsonschema.Draft7Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("document", [EXAMPLE, yaml.safe_load(CONTRACT), {}], ids=["example", "contract", "empty"])
def test_right_files_pass(document):
    assert faults(document) == []


WRONG = {
    "unknown key": ("limits", "heda", "1KiB"),
    "unknown top key": (None, "listn", []),
    "duration without unit": ("timeouts", "connect", 5),
    "size in an unknown unit": ("limits", "head", "5KB"),
    "size out of range": ("limits", "fields", 0),
    "quoted number": (None, "workers", "4"),
    "unknown engine": (None, "engine", "uring"),
    "unknown coordination": ("state", "coordination", "loose"),
    "address without port": ("admin", "address", "127.0.0.1"),
    "empty list": (None, "pools", []),
    "pool without name": (None, "pools", [{"strategy": "round_robin"}]),
    "unknown source of a key": (None, "pools", [{"name": "default", "hash_key": {"host": "a"}}]),
    "bound of less than a share": (None, "pools", [{"name": "default", "hash_load_max": 1}]),
    "unknown strategy": (None, "pools", [{"name": "default", "strategy": "luck"}]),
    "https backend": (None, "pools", [{"name": "default", "backends": [{"url": "https://h"}]}]),
    "weight of 0": (None, "pools", [{"name": "default", "backends": [{"url": "http://h", "weight": 0}]}]),
    "route with path and prefix": (None, "routes", [{"path": "/a", "prefix": "/b"}]),
    "route without either": (None, "routes", [{"pool": "default"}]),
    "method in lower case": (None, "routes", [{"path": "/a", "methods": ["post"]}]),
    "scheme": ("state", "url", "sentinel://h:26379/main"),
}


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG.keys())
def test_wrong_files_fail(change):
    group, key, value = change
    document = copy.deepcopy(EXAMPLE)
    (document if group is None else document[group])[key] = value
    assert len(faults(document)) == 1
