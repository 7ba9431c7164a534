//! A second implementation of the tokens, written only from the specifications. It signs any
//! claims.

mod encryption;

use std::time::{SystemTime, UNIX_EPOCH};

use data_encoding::BASE64URL_NOPAD;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The keys of a server under test, to sign tokens that the server has not issued.
#[derive(Clone, Debug)]
pub struct Mint {
    /// The secret of the server.
    pub secret: &'static str,
    /// The cookie's name.
    pub cookie: &'static str,
    /// The attributes of the cookie when it is set, without `Max-Age`.
    pub attributes: &'static [&'static str],
    /// The header of every token.
    pub header: String,
    key: Vec<u8>,
    is_encrypted: bool,
}

impl Mint {
    /// The mint of the waxseal cookie with its defaults.
    pub fn waxseal() -> Self {
        Self::derived("a secret for tests, and nothing else", "__Host-session")
    }

    /// The mint of the waxseal cookie of a server that encrypts.
    pub fn encrypted() -> Self {
        Self::waxseal().encrypting()
    }

    /// The mint with the same secret and cookie that encrypts.
    #[must_use]
    pub fn encrypting(self) -> Self {
        let expand = |purpose: &str, len| expand(self.secret, self.cookie, purpose, len);
        let kid = BASE64URL_NOPAD.encode(&expand("kid enc", 6));
        Self {
            header: format!(r#"{{"alg":"dir","enc":"A256CBC-HS512","kid":"{kid}"}}"#),
            key: expand("A256CBC-HS512", 64),
            is_encrypted: true,
            ..self
        }
    }

    /// A mint of the same kind with another secret or cookie.
    #[must_use]
    pub fn like(&self, secret: &'static str, cookie: &'static str) -> Self {
        let other = Self::derived(secret, cookie);
        if self.is_encrypted { other.encrypting() } else { other }
    }

    /// The mint with the same secret and cookie whose tokens are signed instead of encrypted, or
    /// the other way round.
    #[must_use]
    pub fn other_kind(&self) -> Self {
        let signed =
            Self { attributes: self.attributes, ..Self::derived(self.secret, self.cookie) };
        if self.is_encrypted { signed } else { signed.encrypting() }
    }

    /// Whether the tokens are encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.is_encrypted
    }

    /// The mint of the waxseal cookie for a device that serves plain http.
    pub fn insecure_http() -> Self {
        Self {
            attributes: &["Path=/", "HttpOnly", "SameSite=Lax"],
            ..Self::derived(Self::waxseal().secret, "session")
        }
    }

    /// The mint of the waxseal cookie with another secret or name.
    pub fn derived(secret: &'static str, cookie: &'static str) -> Self {
        let expand = |purpose: &str, len| expand(secret, cookie, purpose, len);
        let kid = BASE64URL_NOPAD.encode(&expand("kid", 6));
        Self {
            secret,
            cookie,
            attributes: &["Path=/", "Secure", "HttpOnly", "SameSite=Lax"],
            header: format!(r#"{{"alg":"HS256","kid":"{kid}"}}"#),
            key: expand("HS256", 32),
            is_encrypted: false,
        }
    }

    /// The mint of Microdot's cookie.
    pub fn microdot() -> Self {
        Self {
            secret: "top-secret",
            cookie: "session",
            attributes: &["Path=/", "HttpOnly"],
            header: r#"{"alg":"HS256","typ":"JWT"}"#.into(),
            key: b"top-secret".to_vec(),
            is_encrypted: false,
        }
    }

    /// The same key with another mint's header.
    #[must_use]
    pub fn posing_as(self, other: &Self) -> Self {
        Self { header: other.header.clone(), ..self }
    }

    /// The token of `claims` with `header`.
    pub fn token_with(&self, header: &str, claims: &str) -> String {
        if self.is_encrypted {
            return encryption::token(&self.key, header, claims.as_bytes());
        }
        let encode = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
        let message = format!("{}.{}", encode(header), encode(claims));
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("a key of any length");
        mac.update(message.as_bytes());
        format!("{message}.{}", BASE64URL_NOPAD.encode(&mac.finalize().into_bytes()))
    }

    /// The token of `claims`.
    pub fn token(&self, claims: &str) -> String {
        self.token_with(&self.header, claims)
    }

    /// The encrypted token of a text of whole blocks: the caller pads it, or does not.
    pub fn token_of_blocks(&self, text: &[u8]) -> String {
        encryption::token_of_blocks(&self.key, &self.header, text)
    }

    /// The text of an encrypted token, with its padding. The tag is not compared.
    pub fn text_of_blocks(&self, token: &str) -> Vec<u8> {
        encryption::text_of_blocks(&self.key, token)
    }

    /// A token of a session that was issued a minute ago and expires in days.
    pub fn alive(&self, members: &str) -> String {
        self.token(&claims(now() - 60, now() + 6 * 86_400, members))
    }

    /// A token of a session that expired a second ago.
    pub fn expired(&self, members: &str) -> String {
        self.token(&claims(now() - 3600, now() - 1, members))
    }

    /// A token of a session that is issued and expires these many seconds from now.
    pub fn between(&self, issued: i64, expires: i64, members: &str) -> String {
        let at = |offset: i64| now().saturating_add_signed(offset);
        self.token(&claims(at(issued), at(expires), members))
    }

    /// `name=token`, as in a `Cookie` header.
    pub fn pair(&self, token: &str) -> String {
        format!("{}={token}", self.cookie)
    }
}

fn expand(secret: &str, cookie: &str, purpose: &str, len: usize) -> Vec<u8> {
    let hkdf = Hkdf::<Sha256>::new(None, secret.as_bytes());
    let mut out = vec![0; len];
    hkdf.expand(format!("waxseal/1 {purpose}\0{cookie}").as_bytes(), &mut out)
        .expect("a short output");
    out
}

fn claims(iat: u64, exp: u64, members: &str) -> String {
    format!(r#"{{"iat":{iat},"exp":{exp},{members}}}"#)
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}
