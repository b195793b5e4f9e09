"""`fairlead run --verbose`: a line for each request and each try that failed; without it, none."""

import re

import pytest

from harness.fleet import post
from harness.ports import free_port
from harness.waiting import wait_until


def failures(instance):
    return re.findall(r"(?:request|try) failed .*", instance.log())


@pytest.fixture
def nobody():
    return f"http://127.0.0.1:{free_port()}"


def test_verbose_names_each_failed_request_and_try_but_no_query(scene, nobody):
    instance = scene.fairlead([nobody], arguments=["--verbose"])
    assert post(instance, query="?token=hidden").status == 502
    assert instance.fetch("GET", "/n\u00f6where".encode().decode("latin-1")).status in (400, 404)
    wait_until(lambda: len(failures(instance)) >= 3, 5, "the lines")
    tried, failed, *others = failures(instance)
    assert tried.startswith(f"try failed method=POST path=/proxy pool=default backend={nobody} reason="), tried
    assert failed.startswith("request failed method=POST path=/proxy pool=default backend="), failed
    assert 'status=502 reason="nobody listens there" tries=1' in failed
    assert len(others) == 1
    assert "hidden" not in instance.log()
    assert instance.log().isascii()


def test_without_verbose_no_request_is_logged(scene, nobody):
    instance = scene.fairlead([nobody])
    assert post(instance).status == 502
    assert not failures(instance)
