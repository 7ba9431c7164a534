//! Keys as they stand, in the form that gateways read: a JSON Web Key Set
//! (RFC 7517, section 5) of symmetric keys (RFC 7518, section 6.4).

use alloc::{string::String, vec, vec::Vec};
use core::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::{Key, Secret};
use crate::{
    base64url,
    error::{BuildError, JwksError},
};

/// A checked JSON Web Key Set, bound to one cookie.
///
/// Each key has `"kty":"oct"`, a `kid`, and in `k` at least 32 bytes as
/// base64url. `key_ops` is `["sign","verify"]` on exactly one key and
/// `["verify"]` on the rest. The member `"waxseal:cookie"` names the cookie,
/// the same on every key. `alg` and `use`, where present, are `HS256` and
/// `sig`; other members are ignored (RFC 7517, section 4).
///
/// Wiped from memory when dropped; `Debug` shows no key.
pub struct Jwks {
    cookie: String,
    keys: Vec<Jwk>,
}

struct Jwk {
    kid: String,
    k: Zeroizing<Vec<u8>>,
    signs: bool,
}

impl Jwks {
    /// The least bytes of a key (RFC 7518, section 3.2).
    const MIN_LEN: usize = 32;

    /// The key set in `json`.
    ///
    /// # Errors
    ///
    /// A [`JwksError`] if it is not what is described [above](Self): one bad
    /// key rejects the whole set.
    pub fn parse(json: &str) -> Result<Self, JwksError> {
        let set: Object<'_> = serde_json::from_str(json).map_err(|_| JwksError::NotASet)?;
        let keys: Vec<Object<'_>> = set.read("keys").ok_or(JwksError::NotASet)?;
        let mut bound: Option<&str> = None;
        let mut list: Vec<Jwk> = Vec::with_capacity(keys.len());
        for key in &keys {
            let index = list.len();
            let error = |reason| JwksError::Key { index, reason };
            let cookie: &str =
                key.read("waxseal:cookie").ok_or(error("it has no \"waxseal:cookie\""))?;
            if *bound.get_or_insert(cookie) != cookie {
                return Err(error("it is bound to another cookie than the first"));
            }
            let key = Jwk::read(key).map_err(error)?;
            if list.iter().any(|known| known.kid == key.kid) {
                return Err(error("its kid is that of another key"));
            }
            if list.iter().any(|known| known.k == key.k) {
                return Err(error("its k is that of another key"));
            }
            if key.signs && list.iter().any(|known| known.signs) {
                return Err(error("it is a second signing key"));
            }
            list.push(key);
        }
        let (Some(cookie), true) = (bound, list.iter().any(|key| key.signs)) else {
            return Err(JwksError::NoSigningKey);
        };
        Ok(Self { cookie: cookie.into(), keys: list })
    }

    /// The one key that is derived from `secret` for the cookie `cookie_name`,
    /// as a set: what a gateway needs to verify our tokens without knowing the
    /// secret.
    #[must_use]
    pub fn derived(secret: &Secret, cookie_name: &str) -> Self {
        let (k, kid) = secret.derive(cookie_name);
        let key = Jwk { kid, k: Zeroizing::new(k.to_vec()), signs: true };
        Self { cookie: cookie_name.into(), keys: vec![key] }
    }

    /// The set as JSON, with its keys: a secret to be kept as one.
    #[must_use]
    pub fn expose(&self) -> Zeroizing<String> {
        // Room for all of it: a text that grows leaves its beginning behind.
        let cookie = serde_json::to_string(&*self.cookie).unwrap_or_default();
        let room =
            |key: &Jwk| [key.kid.len(), base64url::encoded_len(key.k.len()), cookie.len(), 128];
        let room = self.keys.iter().flat_map(room).fold(16, usize::saturating_add);
        let mut json = Zeroizing::new(String::with_capacity(room));
        json.push_str("{\"keys\":[");
        for (index, key) in self.keys.iter().enumerate() {
            let operations = if key.signs { "\"sign\",\"verify\"" } else { "\"verify\"" };
            json.push_str(if index == 0 { "" } else { "," });
            json.push_str("{\"kty\":\"oct\",\"alg\":\"HS256\",\"kid\":\"");
            json.push_str(&key.kid);
            json.push_str("\",\"k\":\"");
            json.push_str(&Zeroizing::new(base64url::encode(&key.k)));
            json.push_str("\",\"key_ops\":[");
            json.push_str(operations);
            json.push_str("],\"waxseal:cookie\":");
            json.push_str(&cookie);
            json.push('}');
        }
        json.push_str("]}");
        json
    }

    /// The name of the cookie that the keys are bound to.
    #[must_use]
    pub fn cookie_name(&self) -> &str {
        &self.cookie
    }

    /// The signing key, and those that only verify.
    pub(super) fn keys(&self, cookie_name: &str) -> Result<(Key, Vec<Key>), BuildError> {
        if self.cookie != cookie_name {
            return Err(BuildError::OtherCookie { bound: self.cookie.clone() });
        }
        let (mut signing, verifying): (Vec<_>, Vec<_>) =
            self.keys.iter().partition(|key| key.signs);
        let key = |jwk: &Jwk| Key::with_kid(&jwk.k, &jwk.kid);
        let signing = signing.pop().map(key).ok_or(BuildError::DuplicateKey)?;
        Ok((signing, verifying.into_iter().map(key).collect()))
    }
}

impl Jwk {
    fn read(key: &Object<'_>) -> Result<Self, &'static str> {
        if key.read("kty") != Some("oct") {
            return Err("its kty is not \"oct\"");
        }
        if key.has("alg") && key.read("alg") != Some("HS256") {
            return Err("its alg is not \"HS256\"");
        }
        if key.has("use") && key.read("use") != Some("sig") {
            return Err("its use is not \"sig\"");
        }
        let kid: &str = key.read("kid").ok_or("it has no kid")?;
        // Quotes and backslashes cannot be in it: it is borrowed, so it has no
        // escapes.
        if kid.is_empty() || kid.len() > 128 || kid.contains(char::is_control) {
            return Err(
                "its kid is not 1 to 128 bytes without quotes, backslashes and control characters",
            );
        }
        let k: &str = key.read("k").ok_or("it has no k")?;
        let k = base64url::decode_secret(k.as_bytes()).ok_or("its k is not base64url")?;
        if k.len() < Jwks::MIN_LEN {
            return Err("its k has fewer than 32 bytes");
        }
        let signs = match key.read::<Vec<&str>>("key_ops").as_deref() {
            Some(["sign", "verify"]) => true,
            Some(["verify"]) => false,
            _ => return Err("its key_ops is neither [\"sign\",\"verify\"] nor [\"verify\"]"),
        };
        Ok(Self { kid: kid.into(), k, signs })
    }
}

impl fmt::Debug for Jwks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kids = self.keys.iter().map(|key| &key.kid);
        f.debug_struct("Jwks")
            .field("cookie", &self.cookie)
            .field("kids", &kids.collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// A JSON object whose members are borrowed, so that no key is copied into
/// memory that nobody wipes. A duplicate name is an error.
struct Object<'j>(Vec<(&'j str, &'j RawValue)>);

impl<'j> Object<'j> {
    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| *known == name)
    }

    /// The member `name`; `None` if it is absent or no `T`.
    fn read<T: Deserialize<'j>>(&self, name: &str) -> Option<T> {
        let (_, value) = self.0.iter().find(|(known, _)| *known == name)?;
        serde_json::from_str(value.get()).ok()
    }
}

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor)
    }
}

struct ObjectVisitor;

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = Object<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut object = Object(Vec::new());
        while let Some((name, value)) = map.next_entry()? {
            if object.has(name) {
                return Err(A::Error::custom("duplicate member"));
            }
            object.0.push((name, value));
        }
        Ok(object)
    }
}
