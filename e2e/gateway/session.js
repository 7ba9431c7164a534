// Admits a request that presents a valid session of a user. `keyring` is the key file, which
// nginx.conf loads.

const LEEWAY = 60; // seconds that the clock of a server may be ahead
const MAX_COOKIES = 16; // with this name, valid or not
const MAX_LENGTH = 4096;

// In njs 0.7.9, a preloaded array has no methods.
const keys = Object.values(keyring.keys).filter((key) => (key.alg || "HS256") === "HS256");

// The header of every token under a key. The token cannot choose an algorithm.
function header(key) {
  return Buffer.from(`{"alg":"HS256","kid":"${key.kid}"}`).toString("base64url");
}

// The bytes, or null if the text is not the one base64url encoding of them.
function decode(text) {
  const bytes = Buffer.from(text, "base64url");
  return bytes.toString("base64url") === text ? bytes : null;
}

async function mac(key, message) {
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const k = Buffer.from(key.k, "base64url");
  const imported = await crypto.subtle.importKey("raw", k, hmac, false, ["sign"]);
  const signature = await crypto.subtle.sign(hmac, imported, message);
  return Buffer.from(signature);
}

// In constant time. `crypto.subtle.verify` of njs uses memcmp, which stops at the first difference.
function equal(a, b) {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) {
    difference |= a[i] ^ b[i];
  }
  return difference === 0;
}

function isValid(claims, key, now) {
  const isTime = (claim) => typeof claim === "number";
  return (
    isTime(claims.exp) && claims.exp > now &&
    isTime(claims.iat) && claims.iat <= now + LEEWAY &&
    (claims.nbf === undefined || (isTime(claims.nbf) && claims.nbf <= now + LEEWAY)) &&
    claims.aud === key["waxseal:purpose"]
  );
}

// The claims of a valid session, or null.
async function open(token, now) {
  const parts = token.split(".");
  const key = keys.find((key) => header(key) === parts[0]);
  if (key === undefined || parts.length !== 3 || token.length > MAX_LENGTH) return null;
  const payload = decode(parts[1]);
  const signature = decode(parts[2]);
  if (payload === null || signature === null) return null;
  const expected = await mac(key, `${parts[0]}.${parts[1]}`);
  if (!equal(expected, signature)) return null;
  const claims = JSON.parse(payload.toString());
  return isValid(claims, key, now) ? claims : null;
}

// The values of the session cookie, in the order of the request.
function presented(r) {
  const name = `${keys[0]["waxseal:cookie"]}=`;
  return r.rawHeadersIn
    .filter((header) => header[0].toLowerCase() === "cookie")
    .reduce((pairs, header) => pairs.concat(header[1].split(";")), [])
    .map((pair) => pair.replace(/^[ \t]+|[ \t]+$/g, ""))
    .filter((pair) => pair.startsWith(name))
    .map((pair) => pair.slice(name.length));
}

// Responds with 204 and the user, or with 401. The first valid session counts, as in waxseal.
async function verify(r) {
  const now = Math.floor(Date.now() / 1000);
  const tokens = presented(r).slice(0, MAX_COOKIES);
  for (let i = 0; i < tokens.length; i++) {
    const claims = await open(tokens[i], now);
    if (claims === null) continue;
    if (typeof claims.sub !== "string") break; // an anonymous session
    r.headersOut["Session-User"] = encodeURIComponent(claims.sub);
    r.return(204);
    return;
  }
  r.return(401);
}

export default { verify };
