"""Generates vectors.json: a second implementation of docs/wire-format.md, with
only Python's standard library.

    python3 docs/vectors/generate.py > docs/vectors/vectors.json

Existing cases never change, because they are cookies in users' browsers. Add new
cases at the end.
"""

import base64
import hashlib
import hmac
import json

NOW = 1800000000
DAY = 86400
SECRET = "correct horse battery staple 123"
COOKIE = "__Host-session"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def mac(key, message):
    return hmac.new(key, message, hashlib.sha256).digest()


def derive(secret, cookie, application=None, marker=None):
    """Derives the key and the kid with HKDF-SHA256 without salt (RFC 5869)."""
    context = cookie
    if application is not None:
        context += "\0app=" + application
    if marker is not None:
        context += "\0marker=" + marker
    prk = mac(bytes(32), secret.encode())
    key = mac(prk, b"waxseal/1 HS256\0" + context.encode() + b"\x01")
    kid = mac(prk, b"waxseal/1 kid\0" + context.encode() + b"\x01")[:6]
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

derivations = []
for secret, cookie, application, marker in [
    (SECRET, COOKIE, None, None),
    (SECRET, "other", None, None),
    ("ü" * 16, "__Host-session", None, None),
    ("x" * 100, "s", None, None),
    *((SECRET, COOKIE, *names) for names in PURPOSES),
]:
    key, kid = derive(secret, cookie, application, marker)
    entry = {"secret": secret, "cookie": cookie, "key": b64(key), "kid": kid}
    derivations.append(entry | purpose(application, marker))

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
    },
    "derivations": derivations,
    "cases": cases,
}
print(json.dumps(document, indent=1, ensure_ascii=False))
