"""Fetching by URL: what may be fetched arrives, what may not is refused before anything is connected to."""

import socket
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from nntracker_ray.datasets.addresses import parse_networks
from nntracker_ray.datasets.checked_connection import resolve
from nntracker_ray.datasets.fetch import FetchRules, checked_url, fetch, is_url
from nntracker_ray.errors import FetchError, UnsafeFileError

LOOPBACK = parse_networks("127.0.0.0/8")
PUBLIC = "93.184.216.34"  # never connected to: the hosts that have it are refused


class Site(BaseHTTPRequestHandler):
    """Serves the pages of its server and remembers who asked."""

    def do_GET(self):
        self.server.asked.append(self.path)
        self.server.pages.get(self.path, not_found)(self)

    def log_message(self, *_):
        pass


def not_found(request):
    request.send_error(404)


def content(data, **headers):
    def answer(request):
        request.send_response(200)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(data)

    return answer


def redirect(location, status=302):
    def answer(request):
        request.send_response(status)
        request.send_header("Location", location)
        request.send_header("Content-Length", "0")
        request.end_headers()

    return answer


def dripping(request):
    """One byte every 0.1 s, for ever: each read succeeds, the whole never does."""
    request.send_response(200)
    request.end_headers()
    try:
        while True:
            request.wfile.write(b"x")
            time.sleep(0.1)
    except OSError:
        pass


def endless(request):
    request.send_response(200)
    request.end_headers()
    try:
        while True:
            request.wfile.write(bytes(1 << 16))
    except OSError:
        pass


@contextmanager
def serving(pages, host="127.0.0.1", port=0):
    server = ThreadingHTTPServer((host, port), Site)
    server.daemon_threads = True
    server.pages, server.asked = pages, []
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def rules_for(server, **changes):
    port = server.server_address[1]
    return FetchRules(allowed_networks=LOOPBACK, allowed_ports=frozenset((80, 443, port)), **changes)


def url_of(server, path="/data.csv", host="127.0.0.1"):
    return f"http://{host}:{server.server_address[1]}{path}"


def test_a_file_from_a_listed_network_arrives_whole(tmp_path):
    """A lab keeps its data on its own server."""
    data = bytes(range(256)) * 5000
    with serving({"/data.csv": content(data)}) as server:
        name = fetch(url_of(server), tmp_path / "file", max_bytes=10**7, rules=rules_for(server))

    assert (tmp_path / "file").read_bytes() == data
    assert name == "data.csv"


def test_the_name_comes_from_the_server_when_it_gives_one_without_its_path(tmp_path):
    """Download links such as /uc?export=download name the file in a header; it must not choose a folder."""
    page = content(b"a", Content_Disposition='attachment; filename="../../etc/mnist.npz"')
    with serving({"/uc?export=download&id=1": page}) as server:
        name = fetch(
            url_of(server, "/uc?export=download&id=1"),
            tmp_path / "file",
            max_bytes=10,
            rules=rules_for(server),
        )

    assert name == "mnist.npz"


def test_redirects_are_followed(tmp_path):
    """Shared links answer with a redirect or two."""
    pages = {"/a": redirect("/b", 303), "/b": redirect("c.npz", 307), "/c.npz": content(b"ok")}
    with serving(pages) as server:
        assert (
            fetch(url_of(server, "/a"), tmp_path / "file", max_bytes=10, rules=rules_for(server)) == "c.npz"
        )
        assert server.asked == ["/a", "/b", "/c.npz"]


def test_the_fourth_redirect_is_refused(tmp_path):
    """A loop of redirects must end."""
    with serving({"/a": redirect("/a")}) as server:
        with pytest.raises(FetchError, match="more than 3 redirects"):
            fetch(url_of(server, "/a"), tmp_path / "file", max_bytes=10, rules=rules_for(server))
        assert len(server.asked) == 4


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1:{canary}/",
        "http://localhost:{canary}/",
        "//127.0.0.1:{canary}/",
        "http://[::ffff:127.0.0.1]:{canary}/",
        "http://169.254.169.254/latest/meta-data/",
        "http://2130706433:{canary}/",
        "file:///etc/passwd",
        "ftp://127.0.0.1:{canary}/",
        "gopher://127.0.0.1:{canary}/_x",
        "http://user@127.0.0.1:{canary}/",
        "http:// 127.0.0.1/",
        "",
    ],
)
def test_a_redirect_to_a_forbidden_place_is_refused(tmp_path, target):
    """The first address is checked by everybody; attacks come with the second."""
    with serving({}) as canary:
        location = target.format(canary=canary.server_address[1])
        with serving({"/a": redirect(location)}, "127.0.0.2") as server:
            rules = FetchRules(
                allowed_networks=parse_networks("127.0.0.2/32"),
                allowed_ports=frozenset((80, server.server_address[1], canary.server_address[1])),
            )
            with pytest.raises(FetchError):
                fetch(url_of(server, "/a", "127.0.0.2"), tmp_path / "file", max_bytes=10, rules=rules)
        assert canary.asked == []


FORBIDDEN_URLS_TEXT = r"""
http://127.0.0.1:{p}/ http://127.0.0.1:{p} http://127.1:{p}/ http://127.0.1:{p}/ http://0:{p}/
http://0.0.0.0:{p}/ http://2130706433:{p}/ http://0x7f000001:{p}/ http://0x7f.0x0.0x0.0x1:{p}/
http://0177.0.0.1:{p}/ http://017700000001:{p}/ http://127.000.000.001:{p}/ http://0x7f.1:{p}/
http://localhost:{p}/ http://LOCALHOST:{p}/ http://localhost.:{p}/ http://[::1]:{p}/ http://[::]:{p}/
http://[0:0:0:0:0:0:0:1]:{p}/ http://[::ffff:127.0.0.1]:{p}/ http://[::ffff:7f00:1]:{p}/
http://[0:0:0:0:0:ffff:127.0.0.1]:{p}/ http://[::127.0.0.1]:{p}/ http://[64:ff9b::127.0.0.1]:{p}/
http://[2002:7f00:1::]:{p}/ http://[fe80::1]:{p}/ http://[fe80::1%25lo]:{p}/ http://[fd00::1]:{p}/
http://[fd00:ec2::254]/ http://[ff02::1]:{p}/ http://[2001:db8::1]:{p}/ http://10.0.0.1:{p}/
http://172.16.0.1:{p}/ http://192.168.1.1:{p}/ http://100.64.0.1:{p}/ http://100.100.100.200/
http://169.254.169.254/ http://169.254.169.254/latest/meta-data/iam/ http://2852039166/ http://0xa9fea9fe/
http://[::ffff:169.254.169.254]/ http://168.63.129.16/ http://192.0.0.192/ http://198.18.0.1/
http://224.0.0.1:{p}/ http://240.0.0.1:{p}/ http://255.255.255.255:{p}/ https://127.0.0.1:{p}/
https://localhost:{p}/ https://[::1]:{p}/ http://user@127.0.0.1:{p}/ http://user:secret@127.0.0.1:{p}/
http://example.com@127.0.0.1:{p}/ http://127.0.0.1:{p}@example.com/ http://example.com:80@127.0.0.1:{p}/
http://@127.0.0.1:{p}/ http://example.com#@127.0.0.1:{p}/ http://127.0.0.1:{p}#.example.com/
http://127.0.0.1:{p}?.example.com/ http://127.0.0.1:{p}\@example.com/ http://example.com\@127.0.0.1:{p}/
http:\\127.0.0.1:{p}\ http:///127.0.0.1:{p}/ http:127.0.0.1:{p}/ http://127.0.0.1:22/ http://127.0.0.1:6379/
http://example.com:22/ http://example.com:25/ http://example.com:5432/ http://example.com:0/
http://example.com:65536/ http://example.com:-1/ http://example.com:8o80/ file:///etc/passwd
file://localhost/etc/passwd file:/etc/passwd FILE:///etc/passwd ftp://127.0.0.1:{p}/
gopher://127.0.0.1:{p}/_GET dict://127.0.0.1:{p}/info ldap://127.0.0.1:{p}/ sftp://127.0.0.1:{p}/
jar:http://127.0.0.1:{p}!/ netdoc:///etc/passwd data:text/csv,a,b javascript:alert(1) s3://bucket/key
unix:///run/x http+unix://%2Frun%2Fx/ ws://127.0.0.1:{p}/ http://①②⑦.⓪.⓪.①:{p}/ http://127。0。0。1:{p}/
http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:{p}/ http://127.0.0.1%00.example.com:{p}/ http://%31%32%37.0.0.1:{p}/ http:// http://:
http://[ http://[::1 http://.:{p}/
"""
FORBIDDEN_URLS = FORBIDDEN_URLS_TEXT.split()


def resolver_without_network(host, port):
    """The system's resolver for addresses and for this machine; no other name exists."""
    is_here = "localhost" in host.lower() or not any(
        char.isalpha() and char not in "abcdefxABCDEFX" for char in host
    )
    return resolve(host, port) if is_here else []


@pytest.fixture(scope="module")
def canary():
    """A port on every address of this machine that nobody should ever connect to."""
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as listener:
        listener.settimeout(0.0)
        yield listener


def assert_untouched(canary):
    with pytest.raises(BlockingIOError):
        canary.accept()


@pytest.mark.parametrize("text", FORBIDDEN_URLS)
def test_a_forbidden_url_is_refused_without_a_connection(tmp_path, canary, text):
    """Each of these has got past somebody's check; none may reach the canary."""
    url = text.replace("{p}", str(canary.getsockname()[1]))
    ports = frozenset((80, 443, canary.getsockname()[1]))

    with pytest.raises(FetchError) as refused:
        fetch(
            url,
            tmp_path / "file",
            max_bytes=10,
            rules=FetchRules(allowed_ports=ports, resolver=resolver_without_network, total_s=2),
        )

    assert str(refused.value)
    assert not (tmp_path / "file").exists()
    assert_untouched(canary)


def test_there_are_enough_forbidden_urls():
    """The table promises at least eighty different ones."""
    assert len(set(FORBIDDEN_URLS)) >= 80


@pytest.mark.parametrize(
    "text", ["file:///etc/passwd", "FILE:/etc/passwd", "http:127.0.0.1", "gopher://x", "s3://b/k"]
)
def test_a_refused_scheme_is_not_taken_for_a_path(text):
    """Taken for a path, the answer would be 'no such file', and on some day a file."""
    assert is_url(text)


def test_a_name_that_resolves_to_a_public_and_a_private_address_is_refused(tmp_path, canary):
    """Rebinding services answer with both and hope for the second."""
    rules = FetchRules(resolver=lambda *_: [PUBLIC, "127.0.0.1"])

    with pytest.raises(FetchError, match=r"rebind\.example \(127\.0\.0\.1\).*loopback"):
        fetch("http://rebind.example/", tmp_path / "file", max_bytes=10, rules=rules)
    assert_untouched(canary)


def test_the_name_is_resolved_once_and_the_checked_address_is_connected_to(tmp_path):
    """A name that is public when checked and loopback when connected to is the classic way in."""
    with serving({"/x": content(b"checked")}, "127.0.0.2") as server:
        port = server.server_address[1]
        answers = iter([["127.0.0.2"], ["127.0.0.1"]])
        rules = FetchRules(
            allowed_networks=parse_networks("127.0.0.2/32"),
            allowed_ports=frozenset((port,)),
            resolver=lambda *_: next(answers),
        )
        with serving({"/x": content(b"secret")}, "127.0.0.1", port) as canary:
            fetch(f"http://rebind.example:{port}/x", tmp_path / "file", max_bytes=10, rules=rules)

    assert (tmp_path / "file").read_bytes() == b"checked"
    assert canary.asked == []


def test_a_name_that_rebinds_between_two_tries_is_refused(tmp_path):
    """A retry resolves again, so it checks again."""
    with serving({"/x": content(b"secret")}) as canary:
        port = canary.server_address[1]
        answers = iter([["127.0.0.2"], ["127.0.0.1"]])  # nobody listens on the first
        rules = FetchRules(
            allowed_networks=parse_networks("127.0.0.2/32"),
            allowed_ports=frozenset((port,)),
            resolver=lambda *_: next(answers),
        )
        with pytest.raises(FetchError, match=r"127\.0\.0\.1 is a loopback address"):
            fetch(f"http://rebind.example:{port}/x", tmp_path / "file", max_bytes=10, rules=rules)

        assert canary.asked == []


def test_a_body_beyond_the_limit_is_cut_off(tmp_path):
    """A server that never stops sending must not fill the disk."""
    with (
        serving({"/x": endless}) as server,
        pytest.raises(UnsafeFileError, match="more than the allowed 1,000,000"),
    ):
        fetch(url_of(server, "/x"), tmp_path / "file", max_bytes=10**6, rules=rules_for(server))
    assert (tmp_path / "file").stat().st_size <= 10**6


def test_an_announced_length_beyond_the_limit_is_refused_before_the_body(tmp_path):
    """There is no point in fetching a terabyte to refuse it."""
    page = content(b"", **{"Content-Length": str(10**12)})
    with serving({"/x": page}) as server, pytest.raises(UnsafeFileError, match="announces 1,000,000,000,000"):
        fetch(url_of(server, "/x"), tmp_path / "file", max_bytes=10**6, rules=rules_for(server))


def test_a_server_that_drips_is_given_up_at_the_deadline(tmp_path):
    """Each byte comes in time; the file never does."""
    with serving({"/x": dripping}) as server, pytest.raises(FetchError, match="too slow"):
        fetch(url_of(server, "/x"), tmp_path / "file", max_bytes=10**6, rules=rules_for(server, total_s=0.5))


def test_a_silent_server_is_given_up(tmp_path):
    """A connection that is accepted and never answered must end."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        rules = FetchRules(allowed_networks=LOOPBACK, allowed_ports=frozenset((port,)), silence_s=0.3)
        with pytest.raises(FetchError, match=r"127\.0\.0\.1"):
            fetch(f"http://127.0.0.1:{port}/", tmp_path / "file", max_bytes=10, rules=rules)


def test_a_body_shorter_than_announced_is_an_error(tmp_path):
    """Half a dataset must not pass for a whole one."""

    def cut(request):
        content(b"half", **{"Content-Length": "100"})(request)
        request.close_connection = True

    with serving({"/x": cut}) as server, pytest.raises(FetchError, match=r"127\.0\.0\.1"):
        fetch(url_of(server, "/x"), tmp_path / "file", max_bytes=10**6, rules=rules_for(server))


@pytest.mark.parametrize("status", [204, 206, 300, 403, 404, 500])
def test_an_answer_other_than_200_is_named(tmp_path, status):
    """An error page is no dataset."""

    def answer(request):
        request.send_response(status)
        request.send_header("Content-Length", "0")
        request.end_headers()

    with serving({"/x": answer}) as server, pytest.raises(FetchError, match=str(status)):
        fetch(url_of(server, "/x"), tmp_path / "file", max_bytes=10, rules=rules_for(server))


def test_compressed_content_is_refused(tmp_path):
    """What unpacks on the way has no honest size."""
    with (
        serving({"/x": content(b"x", Content_Encoding="gzip")}) as server,
        pytest.raises(FetchError, match="compressed"),
    ):
        fetch(url_of(server, "/x"), tmp_path / "file", max_bytes=10, rules=rules_for(server))


def test_proxies_of_the_environment_are_not_used(tmp_path, monkeypatch):
    """A proxy would connect on our behalf to what we have not checked."""
    with serving({}) as proxy, serving({"/x": content(b"direct")}) as server:
        for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "https_proxy"):
            monkeypatch.setenv(variable, url_of(proxy, ""))
        fetch(url_of(server, "/x"), tmp_path / "file", max_bytes=10, rules=rules_for(server))

    assert (tmp_path / "file").read_bytes() == b"direct"
    assert proxy.asked == []


def test_the_administrator_widens_the_rules_by_the_environment():
    """Rules are set where the platform is started."""
    rules = FetchRules.from_environment(
        {"NNTRACKER_ALLOWED_NETWORKS": "10.1.0.0/16", "NNTRACKER_ALLOWED_PORTS": "8080, 9000"}
    )

    assert str(rules.allowed_networks[0]) == "10.1.0.0/16"
    assert rules.allowed_ports == {80, 443, 8080, 9000}
    with pytest.raises(FetchError, match="NNTRACKER_ALLOWED_NETWORKS"):
        FetchRules.from_environment({"NNTRACKER_ALLOWED_NETWORKS": "all"})


def test_a_redirect_from_https_to_http_is_refused():
    """What began encrypted must not end readable and changeable on the way."""
    from nntracker_ray.datasets.fetch import _next_url

    start = checked_url("https://example.com/a", FetchRules())

    with pytest.raises(FetchError, match="unencrypted"):
        _next_url(start, "http://example.com/b", FetchRules())
