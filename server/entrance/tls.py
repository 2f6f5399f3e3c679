"""The certificate this server speaks TLS with: read once, before anything heavy is loaded."""

import datetime
import hashlib
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from server.settings import Settings, SettingsError

# As people may have given them: typed, or in the environment.
_CERT = "--tls-cert (DAEDAM_TLS_CERT)"
_KEY = "--tls-key (DAEDAM_TLS_KEY)"


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certificate says of itself.

    Attributes:
        names: hosts it is for.
        is_self_signed: nobody else vouches for it.
        fingerprint: SHA-256 of its DER form, by which the command line knows this server.
    """

    names: tuple[str, ...]
    not_before: datetime.datetime
    not_after: datetime.datetime
    fingerprint: bytes
    is_self_signed: bool = False


@dataclass(frozen=True, slots=True)
class Tls:
    """What a server with TLS needs."""

    context: ssl.SSLContext
    certificate: Certificate


def load(settings: Settings, now: datetime.datetime | None = None) -> Tls | None:
    """Return the TLS of checked settings; None: this server speaks plain HTTP.

    Args:
        settings: checked ones: certificate and key are both there or neither.
        now: with a zone; None: the clock's.

    Raises:
        SettingsError: browsers could not come in with these files; says why.
    """
    if settings.tls_cert is None or settings.tls_key is None:
        return None
    certificate = read_certificate(settings.tls_cert)
    now = now or datetime.datetime.now(datetime.UTC)
    if now > certificate.not_after:
        raise SettingsError(
            f"The certificate {settings.tls_cert} expired on {certificate.not_after:%Y-%m-%d}; "
            "renew it and start again."
        )
    if now < certificate.not_before:
        raise SettingsError(
            f"The certificate {settings.tls_cert} is valid from {certificate.not_before:%Y-%m-%d} "
            "only; is this machine's clock right?"
        )
    return Tls(_context(settings.tls_cert, settings.tls_key), certificate)


def read_certificate(path: Path) -> Certificate:
    """Return what the first certificate of a PEM file says.

    Raises:
        SettingsError: there is none that can be read.
    """
    try:
        found = x509.load_pem_x509_certificate(_read(path, _CERT))
        fingerprint = hashlib.sha256(found.public_bytes(Encoding.DER)).digest()
        return Certificate(
            _names(found),
            found.not_valid_before_utc,
            found.not_valid_after_utc,
            fingerprint,
            found.issuer == found.subject,
        )
    except ValueError:
        raise SettingsError(f"{_CERT} is wrong: {path} holds no PEM certificate.") from None


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    addresses = found.get_values_for_type(x509.IPAddress)
    return (*found.get_values_for_type(x509.DNSName), *map(str, addresses))


def _context(cert: Path, key: Path) -> ssl.SSLContext:
    _read(key, _KEY)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    was_asked = False

    def no_password() -> str:
        # Without it OpenSSL would ask on the terminal, and a service would wait for ever.
        nonlocal was_asked
        was_asked = True
        return ""

    try:
        context.load_cert_chain(cert, key, no_password)
    except ssl.SSLError as error:
        if was_asked:
            raise SettingsError(
                f"{_KEY} is wrong: {key} has a password; give a file without one, "
                "that only this user may read."
            ) from None
        if error.reason == "KEY_VALUES_MISMATCH":
            raise SettingsError(
                f"The key {key} does not belong to the certificate {cert}."
            ) from None
        raise SettingsError(f"{_KEY} is wrong: {key} holds no PEM key for {cert}.") from None
    return context


def _read(path: Path, variable: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"{variable} is wrong: {path} cannot be read: {error.strerror}."
        ) from None
