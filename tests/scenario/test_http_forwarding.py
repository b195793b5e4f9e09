"""What crosses the proxy and what doesn't: hop-by-hop and forwarding fields, targets (RFC 9110 section 7.6)."""

from harness.fleet import told


def names_of(fields):
    return {name.lower() for name, _ in fields}


# What doesn't cross.


HOP_BY_HOP = [("Keep-Alive", "timeout=5"), ("Proxy-Connection", "keep-alive"), ("Upgrade", "x-protocol"),
              ("TE", "gzip"), ("X-Nominated", "secret"), ("X-Too", "secret")]


def test_hop_by_hop_fields_of_a_request_stay_behind(proxy):
    instance, backend = proxy()
    fields = [("Connection", "keep-alive, X-Nominated, upgrade"), ("Connection", "x-too, te"), *HOP_BY_HOP]
    told(instance.fetch("GET", "/", [*fields, ("X-Kept", "yes")]))
    request = backend.requests[0]
    assert not names_of(request.fields) & {name.lower() for name, _ in HOP_BY_HOP}
    assert set(request.tokens("Connection")) <= {"keep-alive"}
    assert request.get("X-Kept") == "yes"


def test_hop_by_hop_fields_of_an_answer_stay_behind(proxy):
    fields = [("Connection", "X-Nominated"), ("Connection", "x-too"), *HOP_BY_HOP, ("X-Kept", "yes")]
    instance, _ = proxy(lambda exchange: exchange.reply(200, b"x", fields))
    response = instance.fetch("GET", "/")
    assert not names_of(response.fields) & {name.lower() for name, _ in HOP_BY_HOP}
    assert response.get("X-Kept") == "yes"


def test_connection_cant_nominate_what_the_proxy_needs_or_adds(proxy):
    instance, backend = proxy()
    nominated = "Host, Content-Length, X-Forwarded-For, X-Forwarded-Proto, X-Forwarded-Host, Via"
    response = instance.fetch("POST", "/", [("Connection", nominated)], b"body")
    if response.status == 400:
        return
    request = backend.requests[0]
    assert request.body == b"body"
    assert request.get("Host") == "app.test"
    assert request.get("X-Forwarded-For") == "127.0.0.1"
    assert request.get("X-Forwarded-Proto") == "http"
    assert request.get("X-Forwarded-Host") == "app.test"
    assert request.get("Via")


def test_an_upgrade_that_nobody_configured_isnt_passed(proxy):
    instance, backend = proxy()
    fields = [("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", "h2c"), ("HTTP2-Settings", "AAMAAABk")]
    assert instance.fetch("GET", "/", fields).status == 200
    assert not names_of(backend.requests[0].fields) & {"upgrade", "http2-settings"}


def test_end_to_end_fields_pass_with_order_case_and_repetition(proxy):
    instance, backend = proxy()
    sent = [("X-One", "1"), ("x-TWO", "a, b"), ("X-One", "2"), ("X-Empty", ""), ("X-Text", "caf\xe9 \"q\"")]
    assert instance.fetch("GET", "/", sent).status == 200
    kept = [field for field in backend.requests[0].fields if field[0].lower().startswith("x-") and
            not field[0].lower().startswith("x-forwarded")]
    assert kept == sent


def test_set_cookie_fields_stay_apart(proxy):
    instance, _ = proxy(lambda exchange: exchange.reply(200, b"", [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]))
    assert instance.fetch("GET", "/").all("Set-Cookie") == ["a=1", "b=2"]


# Forwarding fields.


def test_forwarding_fields_tell_the_client(proxy):
    instance, backend = proxy()
    told(instance.fetch("GET", "/", host="shop.test:8080"))
    request = backend.requests[0]
    assert request.get("Host") == "shop.test:8080"
    assert request.get("X-Forwarded-For") == "127.0.0.1"
    assert request.get("X-Forwarded-Proto") == "http"
    assert request.get("X-Forwarded-Host") == "shop.test:8080"
    assert request.get("Via").split()[0] == "1.1"


SPOOFED = [("X-Forwarded-For", "6.6.6.6"), ("X-Forwarded-For", "7.7.7.7"), ("X-Forwarded-Proto", "https"),
           ("X-Forwarded-Host", "evil.test")]


def test_forwarding_fields_of_a_stranger_are_replaced(proxy):
    instance, backend = proxy()
    told(instance.fetch("GET", "/", [*SPOOFED, ("Forwarded", "for=6.6.6.6")]))
    request = backend.requests[0]
    assert request.get("X-Forwarded-For") == "127.0.0.1"
    assert request.get("X-Forwarded-Proto") == "http"
    assert request.get("X-Forwarded-Host") == "app.test"
    assert b"6.6.6.6" not in backend.raw


def test_forwarding_fields_of_a_trusted_proxy_are_kept_and_added_to(proxy):
    instance, backend = proxy(trusted_proxies=["10.0.0.0/8", "127.0.0.0/8"])
    told(instance.fetch("GET", "/", SPOOFED))
    request = backend.requests[0]
    assert request.tokens("X-Forwarded-For") == ["6.6.6.6", "7.7.7.7", "127.0.0.1"]
    assert request.get("X-Forwarded-Proto") == "https"
    assert request.get("X-Forwarded-Host") == "evil.test"


def test_via_is_added_to_what_stands(proxy):
    instance, backend = proxy()
    told(instance.fetch("GET", "/", [("Via", "1.0 fred")], version="1.0"))
    received = backend.requests[0].tokens("Via")
    assert received[0] == "1.0 fred"
    assert len(received) == 2 and received[1].startswith("1.0 ")


# Targets.


def test_an_absolute_target_decides_host_and_is_sent_as_a_path(proxy):
    instance, backend = proxy()
    with instance.client() as client:
        client.send(b"GET http://example.test:81/a?b HTTP/1.1\r\nHost: other.test\r\n\r\n")
        assert client.response().status == 200
    assert (backend.requests[0].target, backend.requests[0].get("Host")) == ("/a?b", "example.test:81")


def test_an_absolute_target_without_a_path_means_the_root(proxy):
    instance, backend = proxy()
    with instance.client() as client:
        client.send(b"GET http://example.test HTTP/1.1\r\nHost: example.test\r\n\r\n")
        assert client.response().status == 200
    assert backend.requests[0].target == "/"


def test_an_absolute_target_chooses_the_route_by_its_path(scene):
    backend = scene.backend()
    instance = scene.fairlead([backend])
    with instance.client() as client:
        client.send(b"POST http://a/proxy?x=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
        assert client.response().status == 200
    assert backend.targets() == ["/process?x=1"]


def test_options_of_the_server_as_a_whole_is_never_taken_for_a_path(proxy):
    instance, backend = proxy()
    with instance.client() as client:
        response = client.exchange("OPTIONS", "*")
        assert response.status < 500
        assert client.exchange("GET", "/after").status == 200
    assert backend.targets() in (["*", "/after"], ["/after"])
