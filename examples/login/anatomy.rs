//! The content of a session cookie, for display: what a browser sees of it, and what the server
//! sees.

use axum::http::{HeaderMap, header};
use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use serde_json::{Map, Value};
use waxseal::{Sealer, UnixTime};

/// The size limit of browsers for a cookie, in bytes.
const LIMIT: usize = 4096;

pub struct Anatomy {
    pub cookie: String,
    pub header: String,
    pub claims: Vec<Claim>,
    /// Three, or five if the session is encrypted.
    pub parts: Vec<String>,
    /// The size of the name and the value, in bytes.
    pub size: usize,
    pub limit: usize,
}

pub struct Claim {
    pub name: String,
    pub json: String,
    /// The date, if the claim is a time.
    pub date: Option<String>,
}

impl Anatomy {
    /// The content of the cookie that `sealer` accepts. Only for display: the application must use
    /// the session.
    pub fn of(headers: &HeaderMap, sealer: &Sealer) -> Option<Self> {
        let name = sealer.cookie().name();
        let now = UnixTime::from_secs(Timestamp::now().as_second().unsigned_abs());
        let cookies =
            headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = cookies.flat_map(|value| value.split(';'));
        pairs.find_map(|pair| {
            let token = pair.trim().strip_prefix(name)?.strip_prefix('=')?;
            let claims = sealer.verify(token.as_bytes(), now).ok()?;
            Self::of_token(name, token, &claims)
        })
    }

    fn of_token(name: &str, token: &str, claims: &str) -> Option<Self> {
        let parts: Vec<String> = token.split('.').map(String::from).collect();
        let claims: Map<String, Value> = serde_json::from_str(claims).ok()?;
        Some(Self {
            cookie: name.into(),
            header: String::from_utf8(decode(parts.first()?)?).ok()?,
            claims: claims.into_iter().map(|(name, value)| Claim::new(name, &value)).collect(),
            size: name.len() + 1 + token.len(),
            limit: LIMIT,
            parts,
        })
    }

    /// Whether only the server sees the claims.
    pub fn is_encrypted(&self) -> bool {
        self.parts.len() == 5
    }

    /// How the page marks a part: as the header, the claims, or what seals them.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the template passes references")]
    pub fn class(&self, part: &usize) -> &'static str {
        match (self.is_encrypted(), part) {
            (_, 0) => "h",
            (false, 1) | (true, 3) => "c",
            _ => "s",
        }
    }
}

impl Claim {
    fn new(name: String, value: &Value) -> Self {
        let is_time = ["iat", "exp", "nbf", "auth_time"].contains(&&*name);
        let date = value.as_i64().filter(|_| is_time).and_then(date);
        let date = date.map(|(date, distance)| format!("{date}, {distance}"));
        Self { name, json: value.to_string(), date }
    }
}

fn decode(part: &str) -> Option<Vec<u8>> {
    BASE64URL_NOPAD.decode(part.as_bytes()).ok()
}

/// `2026-11-23 06:31:00 UTC` and `in 7 days`.
pub fn date(secs: i64) -> Option<(String, String)> {
    let then = Timestamp::from_second(secs).ok()?;
    let away = secs.saturating_sub(Timestamp::now().as_second());
    let (count, unit) = match away.unsigned_abs() {
        secs @ ..60 => (secs, "second"),
        secs @ ..3600 => (secs / 60, "minute"),
        secs @ ..86_400 => (secs / 3600, "hour"),
        secs => (secs / 86_400, "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    let distance = match away {
        0 => "now".into(),
        1.. => format!("in {count} {unit}{plural}"),
        _ => format!("{count} {unit}{plural} ago"),
    };
    Some((then.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(), distance))
}
