"""Portals' certificates are often expired, self-signed or made out for another name: none is refused, all are noted."""

from typing import Any

from OpenSSL import SSL, crypto
from scrapy.core.downloader.contextfactory import _ScrapyClientContextFactory
from service_identity import CertificateError, VerificationError
from service_identity.hazmat import DNS_ID, IPAddress_ID, verify_service_identity
from service_identity.pyopenssl import extract_patterns
from twisted.internet._sslverify import ClientTLSOptions
from twisted.internet.ssl import CertificateOptions, platformTrust

_LEGACY_SERVER_CONNECT = 0x4  # OpenSSL's option; pyOpenSSL has no name for it
_LEGACY_REFUSED = "unsafe legacy renegotiation disabled"
_SAID = {  # OpenSSL's numbers of what is most often wrong; its own words stand in no public place of pyOpenSSL
    9: "not yet valid",
    10: "expired",
    18: "self-signed",
    19: "self-signed issuer",
    20: "issuer not known here",
    21: "issuer not known here",
    62: "made out for another name",
    66: "key too weak",
    68: "signature too weak",
}


class Certificates(_ScrapyClientContextFactory):
    """Connects to a host whatever its certificate. `irregular` says by host what was wrong with it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        given = {"trustRoot": platformTrust(), **self._get_cert_options_kwargs()}
        self.irregular: dict[str, dict[str, Any]] = {}
        self._strict, self._lenient = CertificateOptions(**given), CertificateOptions(**given)
        self._lenient.getContext().set_options(_LEGACY_SERVER_CONNECT)
        self._legacy: set[str] = set()

    def creatorForNetloc(self, hostname: bytes, port: int) -> ClientTLSOptions:  # noqa: N802
        host = hostname.decode("ascii")
        options = self._lenient if host in self._legacy else self._strict
        return _Connecting(options._makeTLSConnection, host, self)

    def try_as_legacy(self, host: str, error: Exception) -> bool:
        """Whether a host was refused only as it knows no secure renegotiation (RFC 5746), and may be asked again."""
        if host in self._legacy or _LEGACY_REFUSED not in str(error):
            return False
        self._legacy.add(host)
        return True

    def check(self, host: str, is_name: bool) -> "_Check":
        return _Check(self.irregular, host, is_name, ["legacy renegotiation"] if host in self._legacy else [])


class _Connecting(ClientTLSOptions):
    def __init__(self, create: Any, host: str, certificates: Certificates) -> None:
        super().__init__(create, host)
        self._certificates = certificates

    def clientConnectionForTLS(self, protocol: Any) -> SSL.Connection:  # noqa: N802
        connection = super().clientConnectionForTLS(protocol)
        connection.set_verify(SSL.VERIFY_PEER, self._certificates.check(self._hostnameASCII, self._hostnameIsDnsName))
        return connection


class _Check:
    """What OpenSSL asks of each certificate of a chain, the host's own (depth 0) last: all are accepted."""

    def __init__(self, irregular: dict[str, dict[str, Any]], host: str, is_name: bool, reasons: list[str]) -> None:
        self._irregular = irregular
        self._host = host
        self._identity = DNS_ID(host) if is_name else IPAddress_ID(host)
        self._reasons = reasons

    def __call__(self, connection: SSL.Connection, certificate: crypto.X509, error: int, depth: int, ok: int) -> bool:
        if not ok:
            self._note(_SAID.get(error, f"error {error} of OpenSSL"))
        if depth == 0:
            try:
                verify_service_identity(extract_patterns(certificate), [self._identity], [])
            except (CertificateError, VerificationError, ValueError):
                self._note(_SAID[62])
            if self._reasons:
                self._irregular[self._host] = _described(certificate, self._host, self._reasons)
        return True

    def _note(self, reason: str) -> None:
        if reason not in self._reasons:
            self._reasons.append(reason)


def _described(certificate: crypto.X509, host: str, reasons: list[str]) -> dict[str, Any]:
    """What the archive keeps of a certificate."""
    return {
        "host": host,
        "reasons": list(reasons),
        "sha256": certificate.digest("sha256").decode(),
        "not_before": (certificate.get_notBefore() or b"").decode("latin-1"),
        "not_after": (certificate.get_notAfter() or b"").decode("latin-1"),
        "pem": crypto.dump_certificate(crypto.FILETYPE_PEM, certificate).decode(),
    }
