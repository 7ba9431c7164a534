"""A test double of the module with which Microdot signs sessions on MicroPython: the same wire
format, HS256 with the header members in this order and with spaces, as MicroPython's json writes
them. `exp` must lie in the future.
"""

import binascii
import hashlib
import json
import time


class exceptions:
    class PyJWTError(Exception):
        pass


def _text(data):
    encoded = binascii.b2a_base64(data).rstrip(b"\n=")
    return encoded.replace(b"+", b"-").replace(b"/", b"_")


def _bytes(text):
    text = text.replace("-", "+").replace("_", "/")
    return binascii.a2b_base64(text + "=" * (-len(text) % 4))


def _mac(key, message):
    if isinstance(key, str):
        key = key.encode()
    if len(key) > 64:
        key = hashlib.sha256(key).digest()
    key = key + bytes(64 - len(key))
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in key) + message).digest()
    return hashlib.sha256(bytes(byte ^ 0x5C for byte in key) + inner).digest()


def encode(payload, secret_key, algorithm=None):
    header = '{"typ": "JWT", "alg": "HS256"}'.encode()
    message = _text(header) + b"." + _text(json.dumps(payload).encode())
    return (message + b"." + _text(_mac(secret_key, message))).decode()


def decode(token, secret_key, algorithms=None):
    try:
        message, mac = token.rsplit(".", 1)
        header, payload = message.split(".")
        header, payload = [json.loads(_bytes(part)) for part in (header, payload)]
        is_signed = _bytes(mac) == _mac(secret_key, message.encode())
    except ValueError:
        raise exceptions.PyJWTError
    if header.get("alg") != "HS256" or not is_signed or payload.get("exp", 1e10) < time.time():
        raise exceptions.PyJWTError
    return payload
