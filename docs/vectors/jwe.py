"""The content encryption A256CBC-HS512 (RFC 7518, section 5.2.5)."""

import hashlib
import hmac

import aes


def pad(text):
    """PKCS #7: from 1 to 16 bytes, each the number of them (RFC 5652, section 6.3)."""
    count = 16 - len(text) % 16
    return text + bytes([count]) * count


def cbc(key, iv, text):
    """Cipher block chaining of whole blocks (NIST SP 800-38A, section 6.2)."""
    blocks, last = [], iv
    for at in range(0, len(text), 16):
        last = aes.encrypt_block(key, aes.xor(last, text[at : at + 16]))
        blocks.append(last)
    return b"".join(blocks)


def whole_mac(key, header, iv, ciphertext):
    """The HMAC whose first half is the tag. The encoded header is authenticated, too."""
    bits = (8 * len(header)).to_bytes(8, "big")
    return hmac.new(key[:32], header + iv + ciphertext + bits, hashlib.sha512).digest()


def tag(key, header, iv, ciphertext):
    return whole_mac(key, header, iv, ciphertext)[:32]


def encrypt(key, header, iv, padded):
    """Encrypts with the second half of a key of 64 bytes. Returns the ciphertext and the tag."""
    ciphertext = cbc(key[32:], iv, padded)
    return ciphertext, tag(key, header, iv, ciphertext)


# The example of RFC 7518, appendix B.3. The tag authenticates the whole ciphertext.
_, example = encrypt(
    bytes(range(64)),
    b"The second principle of Auguste Kerckhoffs",
    bytes.fromhex("1af38c2dc2b96ffdd86694092341bc04"),
    pad(
        b"A cipher system must not be required to be secret, and it must be able to fall"
        b" into the hands of the enemy without inconvenience"
    ),
)
assert example.hex() == "4dd3b4c088a7f45c216839645b2012bf2e6269a8c56a816dbc1b267761955bc5"
