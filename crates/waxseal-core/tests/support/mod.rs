//! A second implementation of the tokens, independent of the library, and a request without a
//! server.
#![allow(dead_code, reason = "each test uses its part")]

use std::{
    borrow::Cow,
    future::Future as _,
    pin::pin,
    task::{Context, Poll, Waker},
};

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use waxseal_core::{
    CookieSpec, OpenSession, Rejection, ResponseChanges, ResponseHeaders, Sealer, Secret,
    Unavailable, UnixTime,
};

pub const SECRET: &[u8] = b"correct horse battery staple 123";
pub const MICRODOT_KEY: &[u8] = b"top-secret";
pub const NOW: u64 = 1_800_000_000;

pub fn now() -> UnixTime {
    UnixTime::from_secs(NOW)
}

pub fn secret() -> Secret {
    Secret::new(SECRET).unwrap()
}

pub fn own() -> Sealer {
    Sealer::builder(secret()).build().unwrap()
}

pub fn own_as(spec: CookieSpec) -> Sealer {
    Sealer::builder(secret()).cookie(spec).build().unwrap()
}

pub fn microdot() -> Sealer {
    Sealer::microdot(MICRODOT_KEY).unwrap()
}

/// Signs any claims.
pub struct Minter {
    key: Vec<u8>,
    pub header: String,
    pub cookie: &'static str,
}

fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    Hmac::<Sha256>::new_from_slice(key)
        .unwrap()
        .chain_update(message)
        .finalize()
        .into_bytes()
        .into()
}

pub fn b64(bytes: impl AsRef<[u8]>) -> String {
    BASE64URL_NOPAD.encode(bytes.as_ref())
}

pub fn unb64(text: &str) -> String {
    String::from_utf8(unb64_bytes(text)).unwrap()
}

pub fn unb64_bytes(text: &str) -> Vec<u8> {
    BASE64URL_NOPAD.decode(text.as_bytes()).unwrap()
}

impl Minter {
    pub fn own() -> Self {
        Self::derived(SECRET, "__Host-session")
    }

    pub fn derived(secret: &[u8], cookie: &'static str) -> Self {
        let prk = hmac(&[0; 32], secret);
        let info = |purpose: &str| [purpose.as_bytes(), cookie.as_bytes(), &[1]].concat();
        let kid = b64(&hmac(&prk, &info("waxseal/1 kid\0"))[..6]);
        let key = hmac(&prk, &info("waxseal/1 HS256\0")).to_vec();
        Self { key, header: format!(r#"{{"alg":"HS256","kid":"{kid}"}}"#), cookie }
    }

    /// A key without derivation.
    pub fn raw(key: impl Into<Vec<u8>>, kid: &str, cookie: &'static str) -> Self {
        Self { key: key.into(), header: format!(r#"{{"alg":"HS256","kid":"{kid}"}}"#), cookie }
    }

    pub fn microdot() -> Self {
        Self {
            key: MICRODOT_KEY.to_vec(),
            header: r#"{"alg":"HS256","typ":"JWT"}"#.into(),
            cookie: "session",
        }
    }

    pub fn kid(&self) -> &str {
        self.header.split('"').nth(7).unwrap()
    }

    pub fn token(&self, claims: impl AsRef<[u8]>) -> String {
        self.token_with(&self.header, claims)
    }

    pub fn token_with(&self, header: impl AsRef<[u8]>, claims: impl AsRef<[u8]>) -> String {
        self.signed(&format!("{}.{}", b64(header), b64(claims)))
    }

    pub fn signed(&self, message: &str) -> String {
        format!("{message}.{}", b64(hmac(&self.key, message.as_bytes())))
    }

    /// Whether this minter would sign the same token.
    pub fn signs(&self, token: &str) -> bool {
        token.rsplit_once('.').is_some_and(|(message, _)| self.signed(message) == token)
    }
}

/// A claims object that was issued an hour ago and expires in six days.
pub fn alive(members: &str) -> String {
    let comma = if members.is_empty() { "" } else { "," };
    format!(r#"{{"iat":{},"exp":{}{comma}{members}}}"#, NOW - 3600, NOW + 6 * 86_400)
}

/// Runs one request with these `Cookie` headers. Returns the changes to the response.
pub fn request<R>(
    sealer: &Sealer,
    cookies: &[&str],
    at: u64,
    handler: impl FnOnce(&mut OpenSession<&Sealer>) -> R,
) -> (R, Headers) {
    let headers = cookies.iter().map(|header| header.as_bytes());
    let mut session = OpenSession::open(sealer, headers, UnixTime::from_secs(at)).unwrap();
    let result = handler(&mut session);
    let mut response = Headers::default();
    finish(&mut session).unwrap().apply(&mut response);
    (result, response)
}

/// Finishes a session whose changes need no wait.
pub fn finish(session: &mut OpenSession<&Sealer>) -> Result<ResponseChanges, Unavailable> {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(session.finish()).poll(&mut context) {
        Poll::Ready(changes) => changes,
        Poll::Pending => panic!("the acknowledgement is pending"),
    }
}

/// Opens one token with the name of its cookie. Returns its keys or the rejection.
pub fn verdict(sealer: &Sealer, token: &str) -> Result<Vec<String>, Rejection> {
    let cookie = format!("{}={token}", sealer.cookie().name());
    request(sealer, &[&cookie], NOW, |session| match session.rejection() {
        None => Ok(session.keys()),
        Some(rejection) => Err(rejection),
    })
    .0
}

#[derive(Debug, Default)]
pub struct Headers(pub Vec<(&'static str, String)>);

impl Headers {
    /// The only `Set-Cookie` line.
    pub fn cookie(&self) -> &str {
        let mut lines = self.0.iter().filter(|(name, _)| *name == "set-cookie");
        let line = lines.next().expect("a Set-Cookie header");
        assert!(lines.next().is_none(), "one Set-Cookie header");
        &line.1
    }

    /// All `Set-Cookie` lines, in their order.
    pub fn lines(&self) -> Vec<&str> {
        let lines = self.0.iter().filter(|(name, _)| *name == "set-cookie");
        lines.map(|(_, line)| &**line).collect()
    }

    pub fn sets_none(&self) -> bool {
        self.0.iter().all(|(name, _)| *name != "set-cookie")
    }

    /// The token in the `Set-Cookie` line that sets one.
    pub fn token(&self) -> &str {
        let line = self.lines().into_iter().rfind(|line| !line.contains("Max-Age=0")).unwrap();
        line.split(';').next().unwrap().split_once('=').unwrap().1
    }

    /// The claims in the token.
    pub fn claims(&self) -> String {
        unb64(self.token().split('.').nth(1).unwrap())
    }
}

impl ResponseHeaders for Headers {
    fn joined(&self, name: &'static str) -> Option<Vec<u8>> {
        let values: Vec<_> =
            self.0.iter().filter(|(known, _)| *known == name).map(|(_, value)| &**value).collect();
        (!values.is_empty()).then(|| values.join(", ").into_bytes())
    }

    fn set(&mut self, name: &'static str, value: Cow<'static, str>) {
        self.remove(&[name]);
        self.append(name, value.into_owned());
    }

    fn append(&mut self, name: &'static str, value: String) {
        self.0.push((name, value));
    }

    fn remove(&mut self, names: &[&'static str]) {
        self.0.retain(|(known, _)| !names.contains(known));
    }
}
