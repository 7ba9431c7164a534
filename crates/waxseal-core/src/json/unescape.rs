//! Decoding JSON strings (RFC 8259, section 7).
//!
//! Opening a session decodes `sid`, `sub` and names with escapes by this code
//! instead of `serde_json`, whose code takes 26 KiB of a microcontroller's flash.

use alloc::{borrow::Cow, boxed::Box, string::String};

/// The text of `json`, one JSON value that the scanner has accepted; `None` if it is no
/// string, or contains a lone surrogate. Copies only if there are escapes.
pub(crate) fn decode_string(json: &str) -> Option<Cow<'_, str>> {
    let text = json.strip_prefix('"')?.strip_suffix('"')?;
    if text.contains('\\') {
        return unescape(text).map(|text| Cow::Owned(text.into_string()));
    }
    Some(Cow::Borrowed(text))
}

/// The text of a JSON string without its quotes, which the scanner has accepted;
/// `None` if it contains a lone surrogate.
pub(crate) fn unescape(text: &str) -> Option<Box<str>> {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        plain.push(if char == '\\' { escaped(&mut chars)? } else { char });
    }
    Some(plain.into_boxed_str())
}

/// The character that an escape stands for, after its backslash.
fn escaped(chars: &mut core::str::Chars<'_>) -> Option<char> {
    Some(match chars.next()? {
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => {
            let first = code_unit(chars)?;
            let second = if matches!(first, 0xD800..0xDC00) {
                chars.as_str().starts_with("\\u").then_some(())?;
                chars.nth(1)?;
                Some(code_unit(chars)?)
            } else {
                None
            };
            char::decode_utf16([first].into_iter().chain(second)).next()?.ok()?
        }
        itself => itself,
    })
}

/// Four hexadecimal digits.
fn code_unit(chars: &mut core::str::Chars<'_>) -> Option<u16> {
    let mut unit = 0;
    for _ in 0..4 {
        let digit = chars.next()?.to_digit(16)?;
        unit = unit << 4 | u16::try_from(digit).ok()?;
    }
    Some(unit)
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3000))]

        #[test]
        fn agrees_with_serde_json(
            text in r#"([aé🦀]{0,2}\\(["\\/bfnrt]|u00[0-9a-fA-F]{2}|u[dD][89abAB][0-9]{2}\\u[dD][c-fC-F][0-9]{2}|u[dD][89a-f][0-9]{2}|u20[aA]c)){0,4}"#,
        ) {
            let expected: Option<Box<str>> = serde_json::from_str(&format!("\"{text}\"")).ok();
            prop_assert_eq!(unescape(&text), expected);
        }
    }

    #[test]
    fn a_lone_surrogate_is_no_text() {
        assert_eq!(unescape(r"\ud83e\udd80").as_deref(), Some("🦀"));
        for text in
            [r"\ud83e", r"\udd80", r"\udd80\ud83e", r"\ud83e\u0041", r"\ud83ex", r"\ud83e\n"]
        {
            assert_eq!(unescape(text), None, "{text}");
        }
    }
}
