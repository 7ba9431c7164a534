//! `waxseal inspect`

use std::io::{self, Read as _};

use anstream::println;
use anstyle::{AnsiColor, Style};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, value::RawValue};
use waxseal_core::UnixTime;

use crate::{args::InspectArgs, clock, failure::Failure};

/// What browsers keep, in bytes.
const LIMIT: usize = 4096;

const HEAD: Style = AnsiColor::Yellow.on_default().bold();
const BODY: Style = AnsiColor::Cyan.on_default().bold();
const SEAL: Style = AnsiColor::Red.on_default().bold();
const GOOD: Style = AnsiColor::Green.on_default().bold();
const FAINT: Style = Style::new().dimmed();

pub(crate) fn run(args: &InspectArgs) -> Result<(), Failure> {
    let mut text = Vec::new();
    if let Some(token) = &args.token {
        text.extend_from_slice(token.as_bytes());
    } else {
        io::stdin().lock().take(1 << 20).read_to_end(&mut text)?;
    }
    let token = find(&text, args.keys.cookie());
    let now = args.keys.now.get();

    let mut parts = token.split(|byte| *byte == b'.');
    let (header, claims) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    println!("{HEAD}Header{HEAD:#}");
    println!("  {}", decoded(header));
    println!("{BODY}Claims{BODY:#}");
    show_claims(claims, now);
    println!("{SEAL}Signature{SEAL:#}");
    let verdict = show_verdict(args, token, now);
    show_size(args.keys.cookie(), token);
    verdict
}

/// The token in whatever a person has copied: alone, in a pair, in a line.
fn find<'t>(text: &'t [u8], cookie: &str) -> &'t [u8] {
    let text = text.trim_ascii();
    let mut pairs = text.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    let value = |pair: &'t [u8]| {
        let start = pair
            .windows(cookie.len() + 1)
            .rposition(|name| name.strip_suffix(b"=") == Some(cookie.as_bytes()))?;
        pair.get(start + cookie.len() + 1..)
    };
    pairs.find_map(value).unwrap_or(text)
}

/// The text that a part encodes.
fn decoded(part: &[u8]) -> String {
    match BASE64URL_NOPAD.decode(part).map(String::from_utf8) {
        Ok(Ok(text)) => visible(&text),
        Ok(Err(_)) => format!("{FAINT}not text{FAINT:#}"),
        Err(_) => format!("{FAINT}not base64url{FAINT:#}"),
    }
}

fn show_claims(part: &[u8], now: UnixTime) {
    let members = BASE64URL_NOPAD.decode(part).ok().and_then(|bytes| {
        serde_json::from_slice::<std::collections::BTreeMap<String, Box<RawValue>>>(&bytes).ok()
    });
    let Some(members) = members else {
        println!("  {}", decoded(part));
        return;
    };
    let width =
        members.keys().map(|name| visible(name).chars().count()).max().unwrap_or_default().min(24);
    for (name, value) in members {
        let is_time = ["iat", "exp", "nbf"].contains(&&*name);
        let time = serde_json::from_str::<Value>(value.get()).ok().and_then(|value| value.as_u64());
        let date = time.filter(|_| is_time).map(|time| clock::date(time, now)).unwrap_or_default();
        println!("  {:width$}  {}  {FAINT}{date}{FAINT:#}", visible(&name), visible(value.get()));
    }
}

/// Says whether the token is good; a bad one fails the command.
fn show_verdict(args: &InspectArgs, token: &[u8], now: UnixTime) -> Result<(), Failure> {
    if !args.keys.has_key() {
        println!(
            "  {FAINT}not checked: set SESSION_SECRET, or give --secret-env or --jwks{FAINT:#}"
        );
        return Ok(());
    }
    match args.keys.sealer()?.verify(token, now) {
        Ok(_) => {
            println!("  {GOOD}good{GOOD:#}: signed with our key, and its time has not run out");
            Ok(())
        }
        Err(rejection) => {
            println!("  {SEAL}refused{SEAL:#}: {rejection}");
            Err(Failure::Quiet)
        }
    }
}

fn show_size(cookie: &str, token: &[u8]) {
    const WIDTH: usize = 40;
    let size = cookie.len() + 1 + token.len();
    let full = (size * WIDTH).div_ceil(LIMIT).min(WIDTH);
    let style = if size > LIMIT { SEAL } else { GOOD };
    println!("Size");
    println!(
        "  {style}{}{style:#}{FAINT}{}{FAINT:#} {size} of {LIMIT} bytes",
        "█".repeat(full),
        "░".repeat(WIDTH - full)
    );
}

/// Text that cannot move the cursor, change a colour or turn the line around.
fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        let formats = matches!(character, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
        if character.is_control() || formats {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    shown
}
