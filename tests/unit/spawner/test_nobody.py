"""A key and certificate that stand for nobody."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from hubkit.spawner import nobody


def test_they_are_a_pair_and_another_each_time():
    key, certificate = nobody.pair()
    read = x509.load_pem_x509_certificate(certificate)

    assert load_pem_private_key(key, None).public_key() == read.public_key()
    assert read.subject.rfc4514_string() == "CN=nobody"
    assert nobody.pair()[0] != key
