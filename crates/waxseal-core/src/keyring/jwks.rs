//! Keys without derivation, in the format that gateways read: a JSON Web Key Set
//! (RFC 7517, section 5) of symmetric keys (RFC 7518, section 6.4).

use alloc::{format, string::String, vec, vec::Vec};
use core::fmt;

use zeroize::Zeroizing;

use super::{
    key::{Algorithm, Key},
    purpose::{Purpose, is_text},
    secret::Secret,
};
#[cfg(feature = "encryption")]
use crate::encryption::KEY_LEN;
use crate::{
    base64url,
    error::{BuildError, JwksError},
    json,
};

/// A checked JSON Web Key Set, bound to one cookie and purpose.
///
/// Each key has `"kty":"oct"`, a `kid`, and at least 32 bytes as base64url in
/// `k`. `key_ops` is `["sign","verify"]` on exactly one key and `["verify"]` on
/// the others. The member `"waxseal:cookie"` is the name of the cookie, the same
/// on every key. If the sealer has an [application](crate::SealerBuilder::application) or a
/// [marker](crate::SealerBuilder::marker), the member `"waxseal:purpose"` names them as
/// `shop`, `shop/admin` or `/admin`, the same on every key, and tokens of these keys require
/// and carry it as their audience (`aud`, RFC 7519, section 4.1.3). `alg` and `use`, if present,
/// are `HS256` and `sig`; other members are ignored (RFC 7517, section 4).
///
/// With the feature `encryption`, a key that encrypts has `"alg":"dir"`,
/// `"enc":"A256CBC-HS512"` and exactly 64 bytes; its `key_ops` is `["encrypt","decrypt"]` or
/// `["decrypt"]`, and its `use`, if present, is `enc`. One set can have keys of both kinds.
///
/// Wiped from memory when dropped; `Debug` shows no key.
pub struct Jwks {
    cookie: String,
    purpose: Option<String>,
    keys: Vec<Jwk>,
}

struct Jwk {
    kid: String,
    algorithm: Algorithm,
    k: Zeroizing<Vec<u8>>,
    /// Whether it signs or encrypts; otherwise it only verifies or decrypts.
    seals: bool,
}

impl Jwks {
    /// The minimum bytes of a key (RFC 7518, section 3.2).
    const MIN_LEN: usize = 32;

    /// The key set in `json`.
    ///
    /// # Errors
    ///
    /// [`JwksError`] if `json` does not meet the [requirements](Self). One unusable
    /// key makes the whole set unusable.
    pub fn parse(json: &str) -> Result<Self, JwksError> {
        let set = Object::parse(json).and_then(|set| array(set.value("keys")?, Object::parse));
        let keys = set.ok_or(JwksError::NotASet)?;
        let mut bound: Option<(&str, Option<&str>)> = None;
        let mut list: Vec<Jwk> = Vec::with_capacity(keys.len());
        for key in &keys {
            let index = list.len();
            let error = |reason| JwksError::Key { index, reason };
            let cookie = key.text("waxseal:cookie").ok_or(error("it has no \"waxseal:cookie\""))?;
            let purpose = key.text("waxseal:purpose");
            if purpose.is_some() != key.value("waxseal:purpose").is_some()
                || !purpose.is_none_or(is_text)
            {
                return Err(error("its \"waxseal:purpose\" is not application, /marker or both"));
            }
            if *bound.get_or_insert((cookie, purpose)) != (cookie, purpose) {
                return Err(error("it is bound to another cookie or purpose than the first"));
            }
            let key = Jwk::read(key).map_err(error)?;
            if list.iter().any(|known| known.kid == key.kid) {
                return Err(error("another key has the same kid"));
            }
            if list.iter().any(|known| known.hmac_key() == key.hmac_key()) {
                return Err(error("another key has the same k"));
            }
            if key.seals && list.iter().any(|known| known.seals && known.algorithm == key.algorithm)
            {
                return Err(error("it is a second key that seals with its algorithm"));
            }
            list.push(key);
        }
        let (Some((cookie, purpose)), true) = (bound, list.iter().any(|key| key.seals)) else {
            return Err(JwksError::NoSealingKey);
        };
        Ok(Self { cookie: cookie.into(), purpose: purpose.map(String::from), keys: list })
    }

    /// Exports the key that `secret` derives for the cookie `cookie_name` of a sealer
    /// without an application and a marker, so that a
    /// gateway can verify tokens without the secret. With this key, the gateway can also
    /// forge them.
    #[must_use]
    pub fn derived(secret: &Secret, cookie_name: &str) -> Self {
        let (k, kid) = secret.derive(cookie_name);
        Self::derived_key(cookie_name, kid, k.as_slice(), Algorithm::Hs256)
    }

    /// As [`derived`](Self::derived), for a sealer that
    /// [encrypts](crate::SealerBuilder::encrypted).
    #[cfg(feature = "encryption")]
    #[must_use]
    pub fn derived_encryption(secret: &Secret, cookie_name: &str) -> Self {
        let (k, kid) = secret.derive_encryption(cookie_name);
        Self::derived_key(cookie_name, kid, k.as_slice(), Algorithm::A256CbcHs512)
    }

    fn derived_key(cookie_name: &str, kid: String, k: &[u8], algorithm: Algorithm) -> Self {
        let key = Jwk { kid, algorithm, k: Zeroizing::new(k.to_vec()), seals: true };
        Self { cookie: cookie_name.into(), purpose: None, keys: vec![key] }
    }

    /// The set as JSON, keys included: keep it like a secret.
    #[must_use]
    pub fn expose(&self) -> Zeroizing<String> {
        // Room for the whole text: a reallocation would leave a copy behind.
        let cookie = json::quote(&self.cookie);
        let purpose = self.purpose.as_deref().map(|text| format!(r#","waxseal:purpose":"{text}""#));
        let purpose = purpose.unwrap_or_default();
        let bound = cookie.len().saturating_add(purpose.len());
        let room = |key: &Jwk| [key.kid.len(), key.k.len(), key.k.len(), bound, 128];
        let room = self.keys.iter().flat_map(room).fold(16, usize::saturating_add);
        let mut json = Zeroizing::new(String::with_capacity(room));
        json.push_str("{\"keys\":[");
        for (index, key) in self.keys.iter().enumerate() {
            let [algorithm, seal, open] = key.words();
            let seal = if key.seals { format!("\"{seal}\",") } else { String::new() };
            let k = Zeroizing::new(base64url::encode(&key.k));
            json.push_str(if index == 0 { "" } else { "," });
            json.extend([r#"{"kty":"oct","#, algorithm, r#","kid":""#, &key.kid, r#"","k":""#, &k]);
            json.extend([
                r#"","key_ops":["#,
                &seal,
                "\"",
                open,
                r#""],"waxseal:cookie":"#,
                &cookie,
            ]);
            json.extend([purpose.as_str(), "}"]);
        }
        json.push_str("]}");
        json
    }

    /// The name of the cookie that the keys are bound to.
    #[must_use]
    pub fn cookie_name(&self) -> &str {
        &self.cookie
    }

    /// The purpose that the keys are bound to: an application, a marker or both.
    #[must_use]
    pub fn purpose(&self) -> Option<&str> {
        self.purpose.as_deref()
    }

    /// The keys of an algorithm: the one that seals, and those that only open.
    pub(super) fn keys(
        &self,
        algorithm: Algorithm,
        cookie_name: &str,
        purpose: &Purpose,
    ) -> Result<(Option<Key>, Vec<Key>), BuildError> {
        if self.cookie != cookie_name {
            return Err(BuildError::OtherCookie { bound: self.cookie.clone() });
        }
        if self.purpose != purpose.text() {
            let [bound, needed] =
                [self.purpose.clone(), purpose.text()].map(Option::unwrap_or_default);
            return Err(BuildError::OtherPurpose { bound, needed });
        }
        let (mut sealing, mut opening) = (None, Vec::new());
        for jwk in self.keys.iter().filter(|jwk| jwk.algorithm == algorithm) {
            let key = Key::from_file(algorithm, &jwk.k, &jwk.kid, self.purpose.clone());
            if jwk.seals {
                sealing = key;
            } else {
                opening.extend(key);
            }
        }
        Ok((sealing, opening))
    }
}

impl Jwk {
    /// What HMAC makes of `k`: it pads a key of up to a block with zeros (RFC 2104, section
    /// 2), so zeros at the end make no other key.
    fn hmac_key(&self) -> &[u8] {
        let end =
            self.k.iter().rposition(|byte| *byte != 0).map_or(0, |last| last.saturating_add(1));
        if self.k.len() > 64 { &self.k } else { self.k.get(..end).unwrap_or_default() }
    }

    fn read(key: &Object<'_>) -> Result<Self, &'static str> {
        if key.text("kty") != Some("oct") {
            return Err("its kty is not \"oct\"");
        }
        let algorithm = Self::algorithm(key)?;
        let kid = key.text("kid").ok_or("it has no kid")?;
        // `text` has refused quotes and backslashes.
        if kid.is_empty() || kid.len() > 128 || kid.contains(char::is_control) {
            return Err(
                "its kid is not 1 to 128 bytes without quotes, backslashes and control characters",
            );
        }
        let k = key.text("k").ok_or("it has no k")?;
        let k = base64url::decode_secret(k.as_bytes()).ok_or("its k is not base64url")?;
        let operations = key.value("key_ops").and_then(|json| array(json, text));
        let seals = match (algorithm, operations.as_deref()) {
            (Algorithm::Hs256, _) if k.len() < Jwks::MIN_LEN => {
                return Err("its k has fewer than 32 bytes");
            }
            (Algorithm::Hs256, Some(["sign", "verify"])) => true,
            (Algorithm::Hs256, Some(["verify"])) => false,
            (Algorithm::Hs256, _) => {
                return Err("its key_ops is neither [\"sign\",\"verify\"] nor [\"verify\"]");
            }
            #[cfg(feature = "encryption")]
            (Algorithm::A256CbcHs512, _) if k.len() != KEY_LEN => {
                return Err("its k does not have 64 bytes");
            }
            #[cfg(feature = "encryption")]
            (Algorithm::A256CbcHs512, Some(["encrypt", "decrypt"])) => true,
            #[cfg(feature = "encryption")]
            (Algorithm::A256CbcHs512, Some(["decrypt"])) => false,
            #[cfg(feature = "encryption")]
            (Algorithm::A256CbcHs512, _) => {
                return Err("its key_ops is neither [\"encrypt\",\"decrypt\"] nor [\"decrypt\"]");
            }
        };
        Ok(Self { kid: kid.into(), algorithm, k, seals })
    }

    fn algorithm(key: &Object<'_>) -> Result<Algorithm, &'static str> {
        #[cfg(feature = "encryption")]
        if key.text("alg") == Some("dir") {
            if key.text("enc") != Some("A256CBC-HS512") {
                return Err("its enc is not \"A256CBC-HS512\"");
            }
            if key.value("use").is_some() && key.text("use") != Some("enc") {
                return Err("its use is not \"enc\"");
            }
            return Ok(Algorithm::A256CbcHs512);
        }
        if key.value("alg").is_some() && key.text("alg") != Some("HS256") {
            return Err("its alg is not \"HS256\"");
        }
        if key.value("use").is_some() && key.text("use") != Some("sig") {
            return Err("its use is not \"sig\"");
        }
        Ok(Algorithm::Hs256)
    }

    /// Its algorithm, and its operations.
    const fn words(&self) -> [&'static str; 3] {
        match self.algorithm {
            Algorithm::Hs256 => [r#""alg":"HS256""#, "sign", "verify"],
            #[cfg(feature = "encryption")]
            Algorithm::A256CbcHs512 => {
                [r#""alg":"dir","enc":"A256CBC-HS512""#, "encrypt", "decrypt"]
            }
        }
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

/// A JSON object whose members are borrowed, so that no key is copied to memory
/// that is not wiped.
struct Object<'j>(Vec<(&'j str, &'j str)>);

impl<'j> Object<'j> {
    /// `None` if `json` is no object, or has a name with escapes or twice.
    fn parse(json: &'j str) -> Option<Self> {
        let mut object = Self(Vec::new());
        json::members(json, |member| {
            let (name, value) = (json.get(member.name)?, json.get(member.value)?);
            let refused = member.escaped || object.value(name).is_some();
            object.0.push((name, value));
            (!refused).then_some(())
        })?;
        Some(object)
    }

    fn value(&self, name: &str) -> Option<&'j str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    /// The string `name`; `None` if it is absent, no string or has escapes.
    fn text(&self, name: &str) -> Option<&'j str> {
        text(self.value(name)?)
    }
}

fn text(json: &str) -> Option<&str> {
    let text = json.strip_prefix('"')?.strip_suffix('"')?;
    (!text.contains('\\')).then_some(text)
}

/// The elements of a JSON array, if `element` accepts each.
fn array<'j, T>(json: &'j str, element: impl Fn(&'j str) -> Option<T>) -> Option<Vec<T>> {
    let mut array = Vec::new();
    json::elements(json, |json| {
        array.push(element(json)?);
        Some(())
    })?;
    Some(array)
}
