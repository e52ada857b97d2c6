"""Portals with certificates that are not in order, on real TLS servers: they are read, and it is said."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlite_utils
from conftest import FAST, Command
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from warcio.archiveiterator import ArchiveIterator

from archive import warc

NOW = datetime.now(UTC)
KEY = ec.generate_private_key(ec.SECP256R1())
CA = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "样例根")])
TITLE = "样例市安区人民政府2021年政府信息公开工作年度报告"
PAGES = {
    "/": '<a href="/nb/">政府信息公开年报</a>',
    "/nb/": f'<a href="/nb/1.html">{TITLE}</a>',
    "/nb/1.html": f"<h1>{TITLE}</h1><p>样例。</p>",
}


def certificate(host: str, issuer: x509.Name | None = None, days: int = 9, authority: bool = False) -> x509.Certificate:
    """One of 10 days' life that ends in so many days; without an issuer it is signed by itself."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    built = x509.CertificateBuilder().subject_name(issuer if authority and issuer else subject)
    built = built.issuer_name(issuer or subject).public_key(KEY.public_key()).serial_number(x509.random_serial_number())
    built = built.not_valid_before(NOW + timedelta(days=days - 10)).not_valid_after(NOW + timedelta(days=days))
    built = built.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    if not authority:
        built = built.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
    return built.sign(KEY, hashes.SHA256())


CERTIFICATES = {
    "good.test": certificate("good.test", CA),
    "selfsigned.test": certificate("selfsigned.test"),
    "expired.test": certificate("expired.test", CA, days=-1),
    "tomorrow.test": certificate("tomorrow.test", CA, days=11),
    "wrongname.test": certificate("another.test", CA),
    "unknown.test": certificate("unknown.test", x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "谁")])),
    "worst.test": certificate("another.test", days=-1),
}
REASONS = {
    "good.test": [],
    "selfsigned.test": ["self-signed"],
    "expired.test": ["expired"],
    "tomorrow.test": ["not yet valid"],
    "wrongname.test": ["made out for another name"],
    "unknown.test": ["issuer not known here"],
    "worst.test": ["self-signed", "made out for another name", "expired"],
}


def tls(folder: Path, host: str) -> ssl.SSLContext:
    path = folder / f"{host}.pem"
    key = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(key + CERTIFICATES[host].public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def listen(talk: Any) -> socket.socket:
    """Each connection to the socket that is returned is talked to in a thread of its own."""
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=talk, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener


def port_of(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])


def answer(path: str) -> bytes:
    body = PAGES.get(path, "").encode()
    status = "200 OK" if body else "404 Not Found"
    return (
        f"HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        + body
    )


def portal(context: ssl.SSLContext) -> Any:
    def talk(connection: socket.socket) -> None:
        with (
            suppress(OSError),
            context.wrap_socket(connection, server_side=True) as secure,
            secure.makefile("rb") as asked,
        ):
            while line := asked.readline():
                while asked.readline() not in (b"\r\n", b""):
                    pass
                secure.sendall(answer(line.split()[1].decode()))

    return talk


def proxy(ports: dict[str, int], heads: list[bytes]) -> Any:
    """Opens tunnels to the portals, as a proxy does for https."""

    def copy(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def talk(connection: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(65536)
        heads.append(head)
        host = head.split()[1].decode().partition(":")[0]
        connection.sendall(b"HTTP/1.1 200 Connection established\r\nX-Proxy: 1\r\n\r\n")
        with socket.create_connection(("127.0.0.1", ports[host])) as behind:
            threading.Thread(target=copy, args=(behind, connection), daemon=True).start()
            copy(connection, behind)

    return talk


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, int]]:
    folder = tmp_path_factory.mktemp("keys")
    listeners = {host: listen(portal(tls(folder, host))) for host in CERTIFICATES}
    yield {host: port_of(listener) for host, listener in listeners.items()}
    for listener in listeners.values():
        listener.shutdown(socket.SHUT_RDWR)


def crawl(folder: Path, homes: dict[str, str], proxy: str, *settings: str) -> Command:
    entry = '[98{:04}]\nname = "样例市安{}区"\nslug = "{}"\nhome = "{}"\n'
    registry = folder / "tls.toml"
    registry.write_text(
        "".join(entry.format(n, n, h.partition(".")[0], homes[h]) for n, h in enumerate(homes)), "utf-8"
    )
    root = folder / "root.pem"
    root.write_bytes(certificate("root", CA, authority=True).public_bytes(Encoding.PEM))
    nianbao = Command(folder / "data", proxy)
    nianbao.environment["SSL_CERT_FILE"] = str(root)
    given = [word for setting in settings for word in ("-s", setting)]
    nianbao("crawl", "--only-registry", "--registry", registry, *FAST, "-s", "RETRY_TIMES=0", *given)
    return nianbao


@pytest.fixture(scope="module")
def visited(tmp_path_factory: pytest.TempPathFactory, ports: dict[str, int]) -> Command:
    mapped = ",".join(f"{host}=127.0.0.1" for host in ports)
    homes = {host: f"https://{host}:{port}/" for host, port in ports.items()}
    return crawl(tmp_path_factory.mktemp("tls"), homes, "", f"NIANBAO_MAP_HOSTS={mapped}")


def notes(data: Path) -> dict[str, list[dict[str, Any]]]:
    """The notes on certificates by host."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path in warc.files(data):
        for record in warc.index(path):
            if record.url == warc.CERTIFICATE:
                note = warc.read_note(path, record)
                found.setdefault(note["host"], []).append(note)
    return found


def messages(nianbao: Command) -> dict[str, tuple[str, str]]:
    sql = "select slug, verdict, message from runs join portals on code = portal"
    return {
        f"{row['slug']}.test": (row["verdict"], row["message"])
        for row in sqlite_utils.Database(nianbao.data / "nianbao.db").query(sql)
    }


@pytest.mark.parametrize("host", REASONS)
def test_it_is_read_and_what_is_wrong_is_said(visited: Command, host: str) -> None:
    expected = f"certificate of {host}: {', '.join(REASONS[host])}" if REASONS[host] else ""
    assert messages(visited)[host] == ("ok", expected)


@pytest.mark.parametrize("host", REASONS)
def test_the_certificate_is_kept_once(visited: Command, host: str) -> None:
    found = notes(visited.data).get(host, [])
    assert [note["reasons"] for note in found] == ([REASONS[host]] if REASONS[host] else [])
    for note in found:
        kept, shown = x509.load_pem_x509_certificate(note["pem"].encode()), CERTIFICATES[host]
        assert kept == shown
        assert note["sha256"].replace(":", "").lower() == shown.fingerprint(hashes.SHA256()).hex()
        assert note["not_after"] == shown.not_valid_after_utc.strftime("%Y%m%d%H%M%SZ")


def test_through_a_proxy_the_tunnel_is_no_part_of_the_exchange(tmp_path: Path, ports: dict[str, int]) -> None:
    heads: list[bytes] = []
    tunnel = listen(proxy(ports, heads))
    homes = {host: f"https://{host}/" for host in ("good.test", "worst.test")}
    nianbao = crawl(tmp_path, homes, f"http://user:secret@127.0.0.1:{port_of(tunnel)}")
    tunnel.shutdown(socket.SHUT_RDWR)
    assert all(head.startswith(b"CONNECT ") and b"Proxy-Authorization: Basic" in head for head in heads)
    assert messages(nianbao)["good.test"] == ("ok", "")
    assert messages(nianbao)["worst.test"] == ("ok", f"certificate of worst.test: {', '.join(REASONS['worst.test'])}")
    answers = set()
    for path in warc.files(nianbao.data):
        with path.open("rb") as file:
            for record in ArchiveIterator(file, no_record_parse=True):
                block = record.raw_stream.read()
                assert b"CONNECT" not in block and b"Proxy-Authorization" not in block and b"X-Proxy" not in block
                if record.rec_type == "response":
                    target = record.rec_headers.get_header("WARC-Target-URI")
                    answers.add(block)
                    assert block == answer("/" + target.split("/", 3)[3])
                    assert record.rec_headers.get_header("WARC-IP-Address") is None
    assert len(answers) >= len(PAGES)


# --- what no library of ours can serve --------------------------------------------------------------------------------

# A ServerHello of TLS 1.2 without the extension of RFC 5746: TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, no session.
HELLO = b"\x03\x03" + bytes(range(32)) + b"\x00" + b"\xc0\x2f" + b"\x00"
HANDSHAKE = b"\x02" + len(HELLO).to_bytes(3, "big") + HELLO
RECORD = b"\x16\x03\x03" + len(HANDSHAKE).to_bytes(2, "big") + HANDSHAKE
ALERT = 21


def test_a_server_without_secure_renegotiation_is_asked_again(tmp_path: Path) -> None:
    """It gets no further than its first message here; OpenSSL refuses it by that, or goes on."""
    replies: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            connection.recv(65536)
            connection.sendall(RECORD)
            connection.settimeout(1)
            try:
                replies.append(connection.recv(65536))
            except TimeoutError:
                replies.append(b"it goes on")

    listener = listen(talk)
    home = {"legacy.test": f"https://legacy.test:{port_of(listener)}/"}
    nianbao = crawl(tmp_path, home, "", "NIANBAO_MAP_HOSTS=legacy.test=127.0.0.1", "ROBOTSTXT_OBEY=0")
    listener.shutdown(socket.SHUT_RDWR)
    assert replies[0][0] == ALERT
    assert replies[1:] == [b"it goes on"]
    assert messages(nianbao)["legacy.test"][0] == "unreachable"
