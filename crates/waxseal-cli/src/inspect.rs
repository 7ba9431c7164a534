//! `waxseal inspect`

use std::{
    fmt::Write as _,
    io::{self, Read as _},
};

use anstyle::{AnsiColor, Style};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, value::RawValue};
use waxseal_core::{Rejection, UnixTime};

use crate::{
    args::InspectArgs,
    clock,
    failure::Failure,
    output::{print, visible, warn},
    verify::TOKEN_IN_ARGUMENTS,
};

/// The size limit of browsers for a cookie, in bytes.
const LIMIT: usize = 4096;

const HEAD: Style = AnsiColor::Yellow.on_default().bold();
const BODY: Style = AnsiColor::Cyan.on_default().bold();
const SEAL: Style = AnsiColor::Red.on_default().bold();
const GOOD: Style = AnsiColor::Green.on_default().bold();
const FAINT: Style = Style::new().dimmed();

pub(crate) fn run(args: &InspectArgs) -> Result<(), Failure> {
    let mut text = Vec::new();
    if let Some(token) = &args.token {
        warn(TOKEN_IN_ARGUMENTS);
        text.extend_from_slice(token.as_bytes());
    } else {
        io::stdin().lock().take(1 << 20).read_to_end(&mut text)?;
    }
    let token = find(&text, args.keys.cookie());
    let now = args.keys.now.get();

    let mut said = String::new();
    let mut parts = token.split(|byte| *byte == b'.');
    let (header, claims) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let _ = writeln!(said, "{HEAD}Header{HEAD:#}\n  {}", decoded(header));
    let _ = writeln!(said, "{BODY}Claims{BODY:#}");
    // A compact JWE has five parts (RFC 7516, section 3.1).
    let is_encrypted = token.split(|byte| *byte == b'.').count() == 5;
    let verdict = args.keys.has_key().then(|| args.keys.sealer()).transpose()?;
    let verdict = verdict.map(|sealer| sealer.verify(token, now));
    match &verdict {
        _ if !is_encrypted => {
            let json = BASE64URL_NOPAD.decode(claims).unwrap_or_default();
            show_claims(&mut said, &json, || decoded(claims), now);
        }
        Some(Ok(claims)) => show_claims(&mut said, claims.as_bytes(), String::new, now),
        Some(Err(_)) | None => {
            let _ = writeln!(said, "  {FAINT}encrypted{FAINT:#}");
        }
    }
    let seal = if is_encrypted { "Authentication tag" } else { "Signature" };
    let _ = writeln!(said, "{SEAL}{seal}{SEAL:#}");
    let good = show_verdict(&mut said, args, verdict.as_ref());
    if verdict.is_some() && is_encrypted != args.keys.is_encrypted() {
        let advice = if is_encrypted { "is encrypted: pass" } else { "is signed: omit" };
        let _ = writeln!(said, "  the token {advice} --encrypted");
    }
    show_size(&mut said, args.keys.cookie(), token);
    print(&said)?;
    if good { Ok(()) } else { Err(Failure::Quiet) }
}

/// Finds the token in a token, a pair `name=token`, or a header line.
fn find<'t>(text: &'t [u8], cookie: &str) -> &'t [u8] {
    let text = text.trim_ascii();
    let mut pairs = text.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    let value = |pair: &'t [u8]| {
        // The name starts after `Cookie:`, for example, and is not the end of a longer name.
        let start =
            pair.iter().rposition(|byte| *byte == b' ' || *byte == b':').map_or(0, |at| at + 1);
        pair.get(start..)?.strip_prefix(cookie.as_bytes())?.strip_prefix(b"=")
    };
    pairs.find_map(value).unwrap_or(text)
}

/// Decodes a part of the token for display.
fn decoded(part: &[u8]) -> String {
    match BASE64URL_NOPAD.decode(part).map(String::from_utf8) {
        Ok(Ok(text)) => visible(&text),
        Ok(Err(_)) => format!("{FAINT}not text{FAINT:#}"),
        Err(_) => format!("{FAINT}not base64url{FAINT:#}"),
    }
}

/// Shows the claims one by one, or the text of `otherwise` if they are no object.
fn show_claims(said: &mut String, json: &[u8], otherwise: impl FnOnce() -> String, now: UnixTime) {
    let entries = serde_json::from_slice::<std::collections::BTreeMap<String, Box<RawValue>>>(json);
    let Ok(entries) = entries else {
        let _ = writeln!(said, "  {}", otherwise());
        return;
    };
    let width =
        entries.keys().map(|name| visible(name).chars().count()).max().unwrap_or_default().min(24);
    for (name, value) in entries {
        let is_time = ["iat", "exp", "nbf", "auth_time"].contains(&&*name);
        let time = serde_json::from_str::<Value>(value.get()).ok().and_then(|value| value.as_u64());
        let date = time.filter(|_| is_time).map(|time| clock::date(time, now)).unwrap_or_default();
        let _ = writeln!(
            said,
            "  {:width$}  {}  {FAINT}{date}{FAINT:#}",
            visible(&name),
            visible(value.get())
        );
    }
}

/// Whether the claims name the key of a device (RFC 7800).
fn is_bound(claims: &str) -> bool {
    serde_json::from_str::<Value>(claims).is_ok_and(|claims| claims.get("cnf").is_some())
}

/// Shows whether the token is valid, if a key is given. Returns `false` only for a token
/// that is rejected.
fn show_verdict(
    said: &mut String,
    args: &InspectArgs,
    verdict: Option<&Result<String, Rejection>>,
) -> bool {
    match verdict {
        None => {
            let _ = writeln!(
                said,
                "  {FAINT}not checked: set SESSION_SECRET, or pass --secret-env or --jwks{FAINT:#}"
            );
            true
        }
        Some(Ok(claims)) => {
            let sealed = if args.keys.is_encrypted() { "encrypted" } else { "signed" };
            let _ = writeln!(
                said,
                "  {GOOD}valid{GOOD:#}: {sealed} with a known key, and not expired; the revocation \
                 list is not checked"
            );
            if is_bound(claims) {
                let _ = writeln!(
                    said,
                    "  it is bound to a device (cnf): a server with device binding also requires the \
                     proof cookie"
                );
            }
            true
        }
        Some(Err(rejection)) => {
            let _ =
                writeln!(said, "  {SEAL}rejected{SEAL:#} ({}): {rejection}", rejection.as_str());
            false
        }
    }
}

fn show_size(said: &mut String, cookie: &str, token: &[u8]) {
    const WIDTH: usize = 40;
    let size = cookie.len() + 1 + token.len();
    let full = (size * WIDTH).div_ceil(LIMIT).min(WIDTH);
    let style = if size > LIMIT { SEAL } else { GOOD };
    let _ = writeln!(said, "Size");
    let _ = writeln!(
        said,
        "  {style}{}{style:#}{FAINT}{}{FAINT:#} {size} of {LIMIT} bytes",
        "█".repeat(full),
        "░".repeat(WIDTH - full)
    );
}
