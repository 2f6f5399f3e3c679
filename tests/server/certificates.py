"""Certificates made on the spot: nobody vouches for them, as for an operator's own."""

import datetime
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NOW = datetime.datetime.now(datetime.UTC)


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate's file and its key's."""

    cert: Path
    key: Path

    @property
    def options(self) -> tuple[str, str, str, str]:
        return "--tls-cert", str(self.cert), "--tls-key", str(self.key)


def certificate(
    folder: Path,
    *,
    name: str = "server",
    issuer: str = "Daedam",
    host: str | None = "interview.example",
    starts: datetime.timedelta = datetime.timedelta(days=-1),
    lasts: datetime.timedelta = datetime.timedelta(days=90),
    password: bytes | None = None,
) -> Pair:
    """Write a certificate (self-signed unless ``issuer`` differs) and its key.

    Both ends are counted from now.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Daedam")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + starts)
        .not_valid_after(NOW + lasts)
    )
    if host is not None:
        names = [x509.DNSName(host), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    made = builder.sign(key, hashes.SHA256())
    pair = Pair(folder / f"{name}.pem", folder / f"{name}.key")
    pair.cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pair.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(password)
            if password
            else serialization.NoEncryption(),
        )
    )
    return pair
