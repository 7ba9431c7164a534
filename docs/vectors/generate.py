"""Generates vectors.json: a second implementation of docs/wire-format.md, with
only Python's standard library. jwe.py and aes.py beside it encrypt.

    python3 docs/vectors/generate.py > docs/vectors/vectors.json

Existing cases never change, because they are cookies in users' browsers. Add new
cases at the end.
"""

import base64
import hashlib
import hmac
import json
import sys

sys.dont_write_bytecode = True  # of the two modules beside this file
import jwe

NOW = 1800000000
DAY = 86400
SECRET = "correct horse battery staple 123"
COOKIE = "__Host-session"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def mac(key, message):
    return hmac.new(key, message, hashlib.sha256).digest()


def context_of(cookie, application=None, marker=None):
    """What a derived key depends on besides the secret."""
    context = cookie
    if application is not None:
        context += "\0app=" + application
    if marker is not None:
        context += "\0marker=" + marker
    return context.encode()


def expand(secret, info, length):
    """HKDF-SHA256 without salt (RFC 5869)."""
    prk = mac(bytes(32), secret.encode())
    output, block, count = b"", b"", 0
    while len(output) < length:
        count += 1
        block = mac(prk, block + info + bytes([count]))
        output += block
    return output[:length]


def derive(secret, *names):
    """Derives the key that signs, and its kid."""
    key = expand(secret, b"waxseal/1 HS256\0" + context_of(*names), 32)
    kid = expand(secret, b"waxseal/1 kid\0" + context_of(*names), 6)
    return key, b64(kid)


def derive_encryption(secret, *names):
    """Derives the key that encrypts, and its kid."""
    key = expand(secret, b"waxseal/1 A256CBC-HS512\0" + context_of(*names), 64)
    kid = expand(secret, b"waxseal/1 kid enc\0" + context_of(*names), 6)
    return key, b64(kid)


def sign(key, header, claims):
    message = b64(header) + "." + b64(claims)
    return message + "." + b64(mac(key, message.encode()))


KEY, KID = derive(SECRET, COOKIE)
HEADER = b'{"alg":"HS256","kid":"%s"}' % KID.encode()
MICRODOT_KEY = "top-secret"
MICRODOT_HEADER = b'{"alg":"HS256","typ":"JWT"}'

cases = []


def case(name, token, verdict, claims=None, **other):
    entry = {"name": name, "token": token, "now": NOW, "verdict": verdict} | other
    if claims is not None:
        entry["claims"] = claims
    cases.append(entry)


def ours(name, claims, verdict="ok", header=HEADER, key=KEY, **other):
    token = sign(key, header, claims if isinstance(claims, bytes) else claims.encode())
    case(name, token, verdict, claims if verdict == "ok" else None, **other)


def alive(members=""):
    return '{"iat":%d,"exp":%d%s}' % (NOW - 60, NOW + DAY, "," + members if members else "")


ours("no data", alive())
ours("data", alive('"sid":"AAAAAAAAAAAAAAAAAAAAAA","username":"susan"'))
ours("text is raw UTF-8", alive('"name":"José 🦀"'))
ours("numbers are kept as they are", alive('"n":123456789012345678901234567890,"f":1E05'))
ours("white space between members", alive(' "a" : [ 1 , 2 ] '))
ours("user and remember", alive('"sub":"42","remember":false'))
ours("another spelling of the header", alive(), header=HEADER.replace(b",", b', "typ":"jwt",'))
ours("ends now", '{"iat":%d,"exp":%d}' % (NOW - 60, NOW), "expired")
ours("ends in a second", '{"iat":%d,"exp":%d}' % (NOW - 60, NOW + 1))
ours("over the absolute limit", '{"iat":%d,"exp":%d}' % (NOW - 30 * DAY, NOW + DAY), "expired")
ours("under another absolute limit", '{"iat":%d,"exp":%d}' % (NOW - 30 * DAY, NOW + DAY), absolute=31 * DAY)
ours("began within the leeway", '{"iat":%d,"exp":%d}' % (NOW + 60, NOW + DAY))
ours("began beyond the leeway", '{"iat":%d,"exp":%d}' % (NOW + 61, NOW + DAY), "not-yet-valid")
ours("nbf beyond the leeway", alive('"nbf":%d' % (NOW + 61)), "not-yet-valid")
ours("without exp", '{"iat":%d}' % NOW, "claims")
ours("without iat", '{"exp":%d}' % (NOW + 1), "claims")
ours("exp as a string", '{"iat":%d,"exp":"%d"}' % (NOW, NOW + 1), "claims")
ours("exp of null", '{"iat":%d,"exp":null}' % NOW, "claims")
ours("exp over 2^63", '{"iat":%d,"exp":9223372036854775808}' % NOW, "claims")
ours("a fraction of a second", '{"iat":%d.5,"exp":%d.5}' % (NOW - 1, NOW + 1))
ours("aud", alive('"aud":"x"'), "claims")
ours("sub that is no string", alive('"sub":42'), "claims")
ours("remember that is no boolean", alive('"remember":1'), "claims")
ours("a name twice", alive('"a":1,"a":1'), "claims")
ours("a name twice, once with an escape", alive('"a":1,"\\u0061":1'), "claims")
ours("NaN", alive('"a":NaN'), "claims")
ours("two objects", alive() + alive(), "claims")
ours("an array", "[]", "claims")
ours("nested 100 deep", alive('"a":' + "[" * 99 + "]" * 99))
ours("nested 101 deep", alive('"a":' + "[" * 100 + "]" * 100), "claims")
ours("bytes that are no UTF-8", alive('"a":"?"').encode().replace(b"?", b"\xff"), "claims")
ours("alg none", alive(), "header", header=b'{"alg":"none"}')
ours("alg HS512", alive(), "header", header=HEADER.replace(b"256", b"512"))
ours("crit", alive(), "header", header=HEADER.replace(b"}", b',"crit":["exp"]}'))
ours("typ at+jwt", alive(), "header", header=HEADER.replace(b"}", b',"typ":"at+jwt"}'))
ours("an array for a header", alive(), "header", header=b'["HS256"]')
ours("no kid", alive(), "unknown-key", header=MICRODOT_HEADER)
ours("another kid", alive(), "unknown-key", header=b'{"alg":"HS256","kid":"another"}')
ours("another cookie's key under our kid", alive(), "signature", key=derive(SECRET, "other")[0])
ours("the secret itself for a key", alive(), "signature", key=SECRET.encode())

GOOD = sign(KEY, HEADER, alive().encode())
case("one letter changed", GOOD[:60] + ("A" if GOOD[60] != "A" else "B") + GOOD[61:], "signature")
case("padding", GOOD + "=", "malformed")
case("four parts", GOOD + ".x", "malformed")
case("two parts", GOOD.rsplit(".", 1)[0], "malformed")
case("a short signature", GOOD[:-11], "malformed")
case("nothing", "", "malformed")
case("too large", sign(KEY, HEADER, alive('"a":"%s"' % ("x" * 4000)).encode()), "too-large")
case("a clock that was never set", GOOD, "clock-not-set", now=1000)


def microdot(name, claims, verdict="ok", header=MICRODOT_HEADER):
    token = sign(MICRODOT_KEY.encode(), header, claims.encode())
    case(name, token, verdict, claims if verdict == "ok" else None, mode="microdot")


microdot("Microdot: PyJWT", '{"username":"joe"}')
microdot("Microdot: PyJWT before 2.8", '{"username":"joe"}', header=b'{"typ":"JWT","alg":"HS256"}')
microdot("Microdot: MicroPython", '{"username": "susan"}', header=b'{"typ": "JWT", "alg": "HS256"}')
microdot("Microdot: nothing in it", "{}")
microdot("Microdot: iss and sid are data", '{"iss":1,"sid":[]}')
microdot("Microdot: any kid", "{}", header=b'{"alg":"HS256","typ":"JWT","kid":"\\u00e9"}')
microdot("Microdot: its own exp", '{"exp":%d}' % NOW, "expired")
microdot("Microdot: a mistyped exp", '{"exp":"%d"}' % (NOW + 9), "claims")
microdot("Microdot: crit", "{}", "header", header=b'{"alg":"HS256","crit":[]}')

# Applications and markers: each purpose has a key of its own.
PURPOSES = [("shop", None), (None, "admin"), ("shop", "admin")]


def purpose(application, marker):
    names = {"application": application, "marker": marker}
    return {name: value for name, value in names.items() if value is not None}


for application, marker in PURPOSES:
    key, kid = derive(SECRET, COOKIE, application, marker)
    header = b'{"alg":"HS256","kid":"%s"}' % kid.encode()
    title = "application %s, marker %s" % (application, marker)
    ours(title, alive(), header=header, key=key, **purpose(application, marker))
    ours("without a purpose, a token of " + title, alive(), "unknown-key", header=header, key=key)
    ours("under the kid of no purpose, a token of " + title, alive(), "signature", key=key)
ours("a user, the time of authentication, timeouts", alive('"sub":"42","auth_time":%d,"wx_idle":90000,"wx_abs":120' % NOW))
ours("at its own absolute limit", alive('"wx_abs":60'), "expired")
ours("a mistyped timeout", alive('"wx_idle":"60"'), "claims")
ours("a mistyped time of authentication", alive('"auth_time":null'), "claims")
ours("a user of 256 bytes", alive('"sub":"%s"' % ("x" * 256)))
ours("a user of 257 bytes", alive('"sub":"%s"' % ("x" * 257)), "claims")
ours("an empty user", alive('"sub":""'), "claims")

# A key file for the purpose shop/admin: tokens of its key require the audience.
JWK_KEY = bytes(range(32))
JWKS = {
    "keys": [
        {
            "kty": "oct",
            "kid": "2026",
            "k": b64(JWK_KEY),
            "key_ops": ["sign", "verify"],
            "waxseal:cookie": COOKIE,
            "waxseal:purpose": "shop/admin",
        }
    ]
}


def key_file(name, claims, verdict="ok"):
    header = b'{"alg":"HS256","kid":"2026"}'
    ours(name, claims, verdict, header=header, key=JWK_KEY, mode="jwks", **purpose("shop", "admin"))


key_file("a key file: its audience", alive('"aud":"shop/admin"'))
key_file("a key file: an audience with an escape", alive('"aud":"shop\\/admin"'))
key_file("a key file: no audience", alive(), "claims")
key_file("a key file: another audience", alive('"aud":"shop"'), "claims")
key_file("a key file: several audiences", alive('"aud":["shop/admin"]'), "claims")

# Encrypted tokens. An IV is derived from the name of its case, so that each run writes the
# same tokens; everywhere else it is random.
ENC_KEY, ENC_KID = derive_encryption(SECRET, COOKIE)
DIR = b'"alg":"dir","enc":"A256CBC-HS512"'


def enc_header(kid, members=DIR):
    return b'{%s,"kid":"%s"}' % (members, kid.encode())


ENC_HEADER = enc_header(ENC_KID)


def fixed_iv(name):
    return hashlib.sha256(name.encode()).digest()[:16]


def parts(name, text, header=ENC_HEADER, key=ENC_KEY):
    """The five parts of a token by their names, as bytes; the header is encoded already."""
    header, iv = b64(header).encode(), fixed_iv(name)
    ciphertext, tag = jwe.encrypt(key, header, iv, text)
    return {"header": header, "key": b"", "iv": iv, "ciphertext": ciphertext, "tag": tag}


def joined(of_token):
    header, *others = of_token.values()
    return ".".join([header.decode(), *map(b64, others)])


def encrypted(name, claims, verdict="ok", header=ENC_HEADER, key=ENC_KEY, **other):
    text = claims if isinstance(claims, bytes) else claims.encode()
    token = joined(parts(name, jwe.pad(text), header, key))
    claims = claims if verdict == "ok" else None
    case(name, token, verdict, claims, **{"mode": "encrypted"} | other)


def refused(name, token, verdict="signature"):
    case(name, token, verdict, mode="encrypted")


encrypted("encrypted: no data", alive())
for beyond in [0, 1, 8, 15]:
    free = (beyond - len(alive('"a":""'))) % 16
    title = "encrypted: claims that end %d bytes after a block" % beyond
    encrypted(title, alive('"a":"%s"' % ("x" * (16 + free))))
encrypted("encrypted: text is raw UTF-8", alive('"name":"José 🦀"'))
encrypted("encrypted: a user", alive('"sid":"AAAAAAAAAAAAAAAAAAAAAA","sub":"42"'))
for application, marker in PURPOSES:
    key, kid = derive_encryption(SECRET, COOKIE, application, marker)
    names = purpose(application, marker)
    title = "encrypted: application %s, marker %s" % (application, marker)
    encrypted(title, alive(), header=enc_header(kid), key=key, **names)
key, kid = derive_encryption(SECRET, COOKIE, "shop")
title = "encrypted: a token of application shop, without a purpose"
encrypted(title, alive(), "unknown-key", header=enc_header(kid), key=key)
title = "encrypted: a token of application shop, under the kid of no purpose"
encrypted(title, alive(), "signature", key=key)
encrypted("encrypted: ends now", '{"iat":%d,"exp":%d}' % (NOW - 60, NOW), "expired")
claims = '{"iat":%d,"exp":%d}' % (NOW + 61, NOW + DAY)
encrypted("encrypted: began beyond the leeway", claims, "not-yet-valid")
encrypted("encrypted: no JSON", "susan", "claims")
encrypted("encrypted: bytes that are no UTF-8", b'{"a":"\xff"}', "claims")
encrypted("encrypted: too large", alive('"a":"%s"' % ("x" * 3000)), "too-large")

# Headers. Every tag is right.
for title, header in {
    "another order": b'{"kid":"%s","enc":"A256CBC-HS512","alg":"dir"}' % ENC_KID.encode(),
    "white space": ENC_HEADER.replace(b":", b" : ").replace(b",", b"\n, "),
    "typ JWT": enc_header(ENC_KID, DIR + b',"typ":"JWT"'),
}.items():
    encrypted("encrypted: a header with " + title, alive(), header=header)
for title, members in {
    "zip": DIR + b',"zip":"DEF"',
    "crit": DIR + b',"crit":["exp"]',
    "cty": DIR + b',"cty":"JWT"',
    "enc A128CBC-HS256": b'"alg":"dir","enc":"A128CBC-HS256"',
    "enc A256GCM": b'"alg":"dir","enc":"A256GCM"',
    "no enc": b'"alg":"dir"',
    "alg A256KW": b'"alg":"A256KW","enc":"A256CBC-HS512"',
    "alg none": b'"alg":"none","enc":"A256CBC-HS512"',
    "alg HS256": b'"alg":"HS256"',
    "alg twice": DIR + b',"alg":"dir"',
}.items():
    header = enc_header(ENC_KID, members)
    encrypted("encrypted: a header with " + title, alive(), "header", header=header)
encrypted("encrypted: no kid", alive(), "unknown-key", header=b"{%s}" % DIR)
encrypted("encrypted: another kid", alive(), "unknown-key", header=enc_header("another"))
encrypted("encrypted: the kid of the signing key", alive(), "unknown-key", header=enc_header(KID))

# Parts that have changed.
PARTS = parts("encrypted: parts", jwe.pad(alive().encode()))
GOOD_JWE = joined(PARTS)
IV, CIPHERTEXT, TAG = PARTS["iv"], PARTS["ciphertext"], PARTS["tag"]


def changed(**changes):
    return joined(PARTS | changes)


def retagged(**changes):
    """The tag is right again."""
    header, _, iv, ciphertext, _ = (PARTS | changes).values()
    return changed(**changes, tag=jwe.tag(ENC_KEY, header, iv, ciphertext))


refused("encrypted: four parts", GOOD_JWE.replace("..", "."), "malformed")
refused("encrypted: six parts", GOOD_JWE + ".", "malformed")
refused("encrypted: an encrypted key", changed(key=bytes(8)), "malformed")
padded_header = changed(header=PARTS["header"] + b"=")
refused("encrypted: a header with padding of base64url", padded_header, "malformed")
refused("encrypted: one bit of the tag changed", changed(tag=TAG[:-1] + bytes([TAG[-1] ^ 1])))
refused("encrypted: the tag without its last byte", changed(tag=TAG[:-1]))
whole = jwe.whole_mac(ENC_KEY, PARTS["header"], IV, CIPHERTEXT)
refused("encrypted: the whole HMAC for a tag", changed(tag=whole))
refused("encrypted: a tag with padding of base64url", GOOD_JWE + "=")
first = bytes([CIPHERTEXT[0] ^ 1])
refused("encrypted: one bit of the ciphertext changed", changed(ciphertext=first + CIPHERTEXT[1:]))
refused("encrypted: the ciphertext without its last block", changed(ciphertext=CIPHERTEXT[:-16]))
refused("encrypted: the ciphertext without its last byte", changed(ciphertext=CIPHERTEXT[:-1]))
title = "encrypted: the ciphertext without its last byte, and the tag is right"
refused(title, retagged(ciphertext=CIPHERTEXT[:-1]))
refused("encrypted: no ciphertext, and the tag is right", retagged(ciphertext=b""))
refused("encrypted: an IV of 12 bytes, and the tag is right", retagged(iv=IV[:12]))
refused("encrypted: an IV of 15 bytes, and the tag is right", retagged(iv=IV[:15]))
# The HMAC reads the same bytes, so the tag stays right.
moved = changed(iv=IV + CIPHERTEXT[:16], ciphertext=CIPHERTEXT[16:])
refused("encrypted: the first block moved to the IV", moved)
refused("encrypted: the IV moved to the ciphertext", changed(iv=b"", ciphertext=IV + CIPHERTEXT))


def padded(name, padding):
    """Wrong padding of PKCS #7 under a right tag."""
    text = alive().encode()
    text += b" " * (-len(text + padding) % 16) + padding
    refused("encrypted: " + name, joined(parts(name, text)))


padded("padding of 0 bytes", b"\x00")
padded("padding of 17 bytes", b"\x11" * 17)
padded("padding of 3 bytes, of which one differs", b"\x03\x02\x03")

# Signed and encrypted tokens side by side.
refused("encrypted: a signed token", GOOD, "malformed")
case("signed: an encrypted token", GOOD_JWE, "malformed")


def also_signed(name, claims, verdict="ok", before=NOW - 59, **other):
    """A signed token, whose issue time is NOW - 60 if it is `alive`."""
    name = "encrypted, also signed: " + name
    ours(name, claims, verdict, mode="encrypted", also_accept_signed=before, **other)


def with_both(name, claims, verdict="ok", **other):
    """An encrypted token, for both sealers that accept two algorithms."""
    title, encrypts = "encrypted, also signed: " + name, {"also_accept_signed": NOW - 59}
    encrypted(title, claims, verdict, **other, **encrypts)
    title, signs = "signed, also encrypted: " + name, {"mode": "waxseal", "also_accept_encrypted": True}
    encrypted(title, claims, verdict, **other, **signs)


also_signed("a signed token, issued before the time", alive())
also_signed("a signed token, issued at the time", alive(), "not-encrypted", before=NOW - 60)
late = '{"iat":%d,"exp":%d}' % (NOW - 59, NOW)
also_signed("a signed token, issued at the time and expired", late, "not-encrypted")
early = '{"iat":%d,"exp":%d}' % (NOW - 60, NOW)
also_signed("a signed token, issued before the time and expired", early, "expired")
header = b'{"alg":"HS256","kid":"%s"}' % ENC_KID.encode()
also_signed("a signature with the key that encrypts", alive(), "unknown-key", header=header, key=ENC_KEY)
also_signed("three parts and a header of five", alive(), "header", header=ENC_HEADER)
with_both("an encrypted token", '{"iat":%d,"exp":%d}' % (NOW, NOW + DAY))
with_both("five parts and a header of three", alive(), "header", header=HEADER)
with_both("five parts and the kid of the key that signs", alive(), "unknown-key", header=enc_header(KID))
ours("signed, also encrypted: a signed token", alive(), also_accept_encrypted=True)

# A key file for the purpose shop/admin, with a key that encrypts, one that only decrypts and
# one that only verifies.
ENC_JWK_KEY, OLD_ENC_JWK_KEY = bytes(range(64)), bytes(range(64, 128))


def enc_jwk(kid, key, operations):
    bound = {"waxseal:cookie": COOKIE, "waxseal:purpose": "shop/admin"}
    names = {"kty": "oct", "alg": "dir", "enc": "A256CBC-HS512", "kid": kid, "k": b64(key)}
    return names | {"key_ops": operations} | bound


ENCRYPTED_JWKS = {
    "keys": [
        enc_jwk("2027-enc", ENC_JWK_KEY, ["encrypt", "decrypt"]),
        enc_jwk("2026-enc", OLD_ENC_JWK_KEY, ["decrypt"]),
        JWKS["keys"][0] | {"key_ops": ["verify"]},
    ]
}
FOR_ADMINS = alive('"aud":"shop/admin"')


def enc_key_file(name, claims, verdict="ok", kid="2027-enc", key=ENC_JWK_KEY):
    name = "an encrypting key file: " + name
    other = {"mode": "encrypted-jwks"} | purpose("shop", "admin")
    encrypted(name, claims, verdict, enc_header(kid), key, **other)


def signed_key_file(name, verdict, **other):
    name = "an encrypting key file: " + name
    other |= {"mode": "encrypted-jwks"} | purpose("shop", "admin")
    header = b'{"alg":"HS256","kid":"2026"}'
    ours(name, FOR_ADMINS, verdict, header=header, key=JWK_KEY, **other)


enc_key_file("its audience", FOR_ADMINS)
enc_key_file("the key that only decrypts", FOR_ADMINS, kid="2026-enc", key=OLD_ENC_JWK_KEY)
enc_key_file("no audience", alive(), "claims")
enc_key_file("another key under its kid", FOR_ADMINS, "signature", key=OLD_ENC_JWK_KEY)
enc_key_file("the kid of the key that verifies", FOR_ADMINS, "unknown-key", kid="2026")
signed_key_file("a signed token", "malformed")
signed_key_file("a signed token that is also accepted", "ok", also_accept_signed=NOW - 59)

# The other reserved claims.
ours("the stamp of a revocation list", alive('"sid":"AAAAAAAAAAAAAAAAAAAAAA","wx_rev":1799990000000'))
ours("the latest stamp", alive('"wx_rev":9007199254740991'))
ours("a stamp of 2^53", alive('"wx_rev":9007199254740992'), "claims")
ours("a mistyped stamp", alive('"wx_rev":"1799990000000"'), "claims")
ours("an issuer and a token ID", alive('"iss":"https://example.com","jti":"1"'))
ours("a mistyped issuer", alive('"iss":1'), "claims")
ours("a mistyped token ID", alive('"jti":null'), "claims")
ours("an empty session ID", alive('"sid":""'), "claims")
ours("cnf without device binding", alive('"cnf":{"jkt":"x"}'))

derivations, encryption_derivations = [], []
for secret, cookie, application, marker in [
    (SECRET, COOKIE, None, None),
    (SECRET, "other", None, None),
    ("ü" * 16, "__Host-session", None, None),
    ("x" * 100, "s", None, None),
    *((SECRET, COOKIE, *names) for names in PURPOSES),
]:
    for derive_by, entries in [(derive, derivations), (derive_encryption, encryption_derivations)]:
        key, kid = derive_by(secret, cookie, application, marker)
        entry = {"secret": secret, "cookie": cookie, "key": b64(key), "kid": kid}
        entries.append(entry | purpose(application, marker))

document = {
    "about": "Test vectors for docs/wire-format.md, made by docs/vectors/generate.py.",
    "defaults": {
        "mode": "waxseal",
        "secret": SECRET,
        "cookie": COOKIE,
        "microdot_key": MICRODOT_KEY,
        "absolute": 30 * DAY,
        "max_token_bytes": 4096,
        "leeway": 60,
        "jwks": JWKS,
        "encrypted_jwks": ENCRYPTED_JWKS,
    },
    "derivations": derivations,
    "encryption_derivations": encryption_derivations,
    "cases": cases,
}
print(json.dumps(document, indent=1, ensure_ascii=False))
