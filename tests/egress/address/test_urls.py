"""Which URLs may be called."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from yarl import URL

from hub.egress.address.ports import BLOCKED_PORTS
from hub.egress.address.urls import MAX_URL, split_url
from hub.errors import AddressRefused, Invalid


@pytest.mark.parametrize(
    ("url", "host", "port", "path"),
    [
        ("https://example.com", "example.com", 443, "/"),
        ("http://example.com/", "example.com", 80, "/"),
        ("HTTPS://EXAMPLE.com/A", "example.com", 443, "/A"),
        ("https://example.com?x=1", "example.com", 443, "/?x=1"),
        ("https://example.com:8443/a/../b//c;d=1?x=%7e&y=/?:@", "example.com", 8443, "/a/../b//c;d=1?x=%7e&y=/?:@"),
        ("https://example.com/%E2%82%AC?%00", "example.com", 443, "/%E2%82%AC?%00"),
        ("http://192.0.2.1:65535/", "192.0.2.1", 65535, "/"),
        ("http://[2001:DB8:0::1]:8080/x", "2001:db8::1", 8080, "/x"),
        ("http://[::ffff:127.0.0.1]/", "::ffff:7f00:1", 80, "/"),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example", 443, "/"),
        ("https://my_service.internal.:9000/", "my_service.internal.", 9000, "/"),
        ("https://1.2.3.4.example/", "1.2.3.4.example", 443, "/"),
        ("https://a/!$&'()*+,;=:@-._~", "a", 443, "/!$&'()*+,;=:@-._~"),
    ],
)
def test_a_url_is_dialled_and_asked_for_as_written(url: str, host: str, port: int, path: str) -> None:
    split = split_url(url)
    assert (split.host, split.port, split.target.raw_path_qs, split.url) == (host, port, path, url)
    assert (split.target.raw_host, split.target.port, split.target.scheme) == (host, port, split.scheme)


@pytest.mark.parametrize(
    "url",
    [
        # not absolute
        "", "/", "//example.com/", "example.com", "example.com/x", "http:example.com", "http:/example.com", "http:///x",
        "http://", "https://?x", "http:\\\\example.com", "http://\\example.com", "://example.com",
        # other schemes
        "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "javascript://example.com/%0aalert(1)",
        "http+unix://%2fvar%2frun%2fdocker.sock/", "ws://example.com/", "tcp://example.com/", "unix://example.com/",
        # userinfo
        "http://user@example.com/", "http://user:pw@example.com/", "http://@example.com/", "http://a@b@example.com/",
        "http://example.com:80@127.0.0.1/", "http://127.0.0.1%40example.com/",
        # odd forms of IPv4
        "http://127.1/", "http://0177.0.0.1/", "http://0x7f.0.0.1/", "http://0x7f000001/", "http://2130706433/",
        "http://127.0.0.1./", "http://127.0.0.01/", "http://1.2.3/", "http://1.2.3.4.5/", "http://256.0.0.1/",
        "http://127.0.0.0x1/", "http://example.0x/", "http://example.1/", "http://0/", "http://017700000001/",
        "http://127.0.0.1.:80/", "http://foo.127.0.0.1.1./", "http://1..1/",
        # IPv6
        "http://::1/", "http://[::1/", "http://::1]/", "http://[fe80::1%25eth0]/", "http://[fe80::1%eth0]/",
        "http://[v1.fe80::a]/", "http://[]/", "http://[::1]x/", "http://x[::1]/", "http://[127.0.0.1]/", "http://[::g]/",
        "http://[::1].example/", "http://[[::1]]/", "http://[::1][::1]/",
        # ports
        "http://example.com:/", "http://example.com:0/", "http://example.com:65536/", "http://example.com:080/",
        "http://example.com:+80/", "http://example.com:-1/", "http://example.com:8o/", "http://example.com:80:80/",
        "http://example.com:%38%30/", "http://example.com: 80/", "http://example.com:٨٠/",
        # names
        "http://exa mple.com/", "http://exam%70le.com/", "http://example..com/", "http://.example.com/", "http://./",
        "http://example.com../", "http://-example.com/", "http://example-.com/", "http://exa!mple.com/", "http://*.com/",
        f"http://{'a' * 64}.com/", f"http://{'a.' * 127}com/", "http://exa\x00mple.com/", "http://a,b.com/",
        # other scripts, and characters that become dots, digits and letters
        "http://bücher.example/", "http://①②⑦.0.0.1/", "http://127。0。0。1/", "http://ⓛocalhost/", "http://exam\u200bple.com/",
        "http://localhost\u00ad/", "http://١٢٧.0.0.1/", "http://example.com\uff0fx/",
        # white space, control characters, backslashes, and what must be percent-encoded
        " http://example.com/", "http://example.com/ ", "http://example.com/a b", "http://example.com/\n",
        "http://example.com/\r\nHost: x", "\thttp://example.com/", "ht\ntp://example.com/", "http://example.com/\x7f",
        "http://example.com\\@127.0.0.1/", "http://example.com/a\\b", "http://example.com/<x>", "http://example.com/é",
        "http://example.com/{id}", "http://example.com/?q=[1]", "http://example.com/%", "http://example.com/%zz",
        "http://example.com/?%2", "http://example.com/|", "http://example.com/^", "http://example.com/`", "http://e.com\n",
        # fragments
        "http://example.com/#x", "http://example.com#@127.0.0.1/", "http://example.com/?a#", "#http://example.com/",
        f"http://example.com/{'a' * MAX_URL}",
    ],
)  # fmt: skip
def test_what_rfc_3986_does_not_write_like_this_is_refused_and_never_repaired(url: str) -> None:
    with pytest.raises(Invalid) as caught:
        split_url(url, "/subscription/url")
    (problem,) = caught.value.problems
    assert problem.pointer == "/subscription/url"
    assert problem.message


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("https://bücher.example/", "the host is not ASCII: write xn--bcher-kva.example"),
        ("https://example.com/a b", "' ' must be percent-encoded in a URL"),
        ("https://example.com/?a=1|2", "'|' must be percent-encoded in a URL"),
        ("https://example.com/a?b=%zz", "'%' must be percent-encoded in a URL"),
        ("https://example.com/é", r"'\xe9' must be percent-encoded in a URL"),
        ("https://example.com/?a=/?é", r"'\xe9' must be percent-encoded in a URL"),
        ("ftp://example.com/", "only http and https are called, not ftp"),
        ("example.com", "not an absolute URL: write https://host/path"),
        (
            "https://me:pw@example.com/",
            "the URL must not contain a user name or password: use a header or a connection",
        ),
    ],
)
def test_the_problem_says_how_to_fix_it(url: str, message: str) -> None:
    with pytest.raises(Invalid) as caught:
        split_url(url)
    assert caught.value.problems[0].message == message


def test_ports_of_mail_databases_and_ssh_are_blocked() -> None:
    for port, service in ((22, "SSH"), (25, "mail"), (587, "mail"), (5432, "database"), (6379, "database")):
        with pytest.raises(AddressRefused, match=f"port {port} is blocked \\({service}\\)"):
            split_url(f"http://example.com:{port}/")


def test_all_other_ports_are_open() -> None:
    for port in (1, 80, 81, 443, 3000, 4444, 5000, 8000, 8080, 8443, 9000, 32_768, 65_535):
        assert split_url(f"http://example.com:{port}/").port == port
    assert max(BLOCKED_PORTS) < 32_768, "a port that systems give out by themselves may belong to any service"


PIECES = (
    "http https :// : / // \\ @ [ ] ::1 127.0.0.1 0x7f 1 example . com % %40 ? # 80 0 é 。 ① - _ user ::ffff:1.2.3.4"
)
pieces = st.sampled_from([*PIECES.split(" "), " ", "\t", "\n", "\x00", "\u0663"])
urls = st.one_of(
    st.lists(pieces, max_size=10).map("".join),
    st.lists(pieces, max_size=9).map(lambda parts: "http://" + "".join(parts)),
    st.lists(pieces, max_size=5).map(lambda parts: "https://example.com" + "".join(parts)),
    st.text(max_size=20).map(lambda text: f"http://{text}/"),
    st.from_regex(r"https?://[a-z0-9.:@\[\]%-]{1,20}(/[^\s]{0,5})?", fullmatch=True),
)


@given(urls)
@example("http://1.2.3.4:80/x?y")
@example("https://[::1]:8443")
@example("http://1.2.3.4/?")
def test_what_passes_is_read_alike_by_the_client_that_dials_it(url: str) -> None:
    try:
        split = split_url(url)
    except (Invalid, AddressRefused):
        return
    independent = URL(url)
    assert url.isascii()
    assert split.target.raw_host == split.host
    assert independent.raw_host == split.host
    assert independent.port == split.target.port == split.port
    assert independent.scheme == split.target.scheme == split.scheme
    assert independent.user is None
    assert split.target.raw_path_qs == _rest(url)


def _rest(url: str) -> str:
    """Path and query of a URL, cut out by plain string operations."""
    authority_and_rest = url.split("://", 1)[1]
    cut = min((at for at in map(authority_and_rest.find, "/?") if at >= 0), default=len(authority_and_rest))
    rest = authority_and_rest[cut:]
    rest = rest if rest.startswith("/") else "/" + rest
    return rest.removesuffix("?") if rest.count("?") == 1 else rest


def test_a_url_seen_before_is_not_taken_apart_again() -> None:
    assert split_url("https://example.com/again") is split_url("https://example.com/again")
