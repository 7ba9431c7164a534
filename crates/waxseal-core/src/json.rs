//! A strict JSON scanner (RFC 8259): it reports where the members of an object
//! and the elements of an array are, and parses no value.
//!
//! Each function takes the text from its position on and returns the text after what
//! it has scanned. None recurses, and nesting is bounded, so no claims can exhaust the
//! stack of a microcontroller.
//!
//! A serde visitor over `RawValue` takes 40 % longer for the claims of a usual session (143
//! bytes), which is 10 % of opening it, bounds no nesting, and gives every user of `serde_json`
//! the feature `raw_value`.

mod unescape;
mod write;

use core::ops::Range;

pub(crate) use self::{
    unescape::{decode_string, unescape},
    write::{push_member, quote},
};

/// How many arrays and objects may be nested within the outermost object.
const MAX_DEPTH: usize = 99;

/// Where a member of an object is in its text.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    /// The name without its quotes.
    pub(crate) name: Range<usize>,
    /// Whether the name contains escapes.
    pub(crate) escaped: bool,
    /// The text of the value.
    pub(crate) value: Range<usize>,
}

/// Calls `each` with every member of the one object in `text`, in order. `None`
/// if `text` is anything else or nested too deep, or if `each` returns `None`.
#[inline]
pub(crate) fn members(text: &str, mut each: impl FnMut(Member) -> Option<()>) -> Option<()> {
    // Wrapping, because the select of a saturating subtraction delays the rest: 4 % of opening a
    // session. `rest` is the end of `text`.
    let at = |rest: &[u8]| text.len().wrapping_sub(rest.len());
    items(text, *b"{}", |start| {
        let mut escaped = false;
        let end = string(start, &mut escaped)?;
        let name = at(start).wrapping_add(1)..at(end).wrapping_sub(1);
        let start = colon(end)?;
        let end = value(start)?;
        each(Member { name, escaped, value: at(start)..at(end) })?;
        Some(end)
    })
}

/// Calls `each` with every element of the one array in `text`, in order.
pub(crate) fn elements<'t>(
    text: &'t str,
    mut each: impl FnMut(&'t str) -> Option<()>,
) -> Option<()> {
    let at = |rest: &[u8]| text.len().saturating_sub(rest.len());
    items(text, *b"[]", |start| {
        let end = value(start)?;
        each(text.get(at(start)..at(end))?)?;
        Some(end)
    })
}

/// Whether `json`, one JSON value, is nested too deep to be a member.
pub(crate) fn is_too_deep(json: &str) -> bool {
    value(json.as_bytes()).is_none()
}

/// The whole of `text`: items between brackets, each of which `item` scans.
#[inline]
fn items(
    text: &str,
    [open, close]: [u8; 2],
    mut item: impl FnMut(&[u8]) -> Option<&[u8]>,
) -> Option<()> {
    let mut rest = white(byte(white(text.as_bytes()), open)?);
    if rest.first()? != &close {
        loop {
            rest = white(item(rest)?);
            match rest {
                [b',', after @ ..] => rest = white(after),
                _ => break,
            }
        }
    }
    white(byte(rest, close)?).is_empty().then_some(())
}

fn byte(text: &[u8], byte: u8) -> Option<&[u8]> {
    text.strip_prefix(&[byte])
}

#[inline]
fn white(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\n' | b'\r' | b'\t', rest @ ..] = text {
        text = rest;
    }
    text
}

fn colon(text: &[u8]) -> Option<&[u8]> {
    byte(white(text), b':').map(white)
}

/// One value of any kind, with everything in it.
#[inline]
fn value(text: &[u8]) -> Option<&[u8]> {
    match text {
        [b'"', ..] => string(text, &mut false),
        [b'{' | b'[', ..] => container(text),
        _ => scalar(text),
    }
}

/// A number or a literal.
fn scalar(text: &[u8]) -> Option<&[u8]> {
    match text {
        [b't', ..] => text.strip_prefix(b"true"),
        [b'f', ..] => text.strip_prefix(b"false"),
        [b'n', ..] => text.strip_prefix(b"null"),
        _ => number(text),
    }
}

/// An array or object.
fn container(mut text: &[u8]) -> Option<&[u8]> {
    let mut open = Nesting { closing: [0; MAX_DEPTH], depth: 0 };
    loop {
        text = match text {
            [bracket @ (b'{' | b'['), rest @ ..] => {
                let close = open.push(*bracket)?;
                let rest = white(rest);
                let Some(rest) = byte(rest, close) else {
                    text = name(rest, close)?;
                    continue;
                };
                open.pop();
                rest
            }
            [b'"', ..] => string(text, &mut false)?,
            _ => scalar(text)?,
        };
        // After a value: another value, or the end of its container, which is a value.
        while let Some(close) = open.innermost() {
            if let [b',', rest @ ..] = white(text) {
                text = name(white(rest), close)?;
                break;
            }
            text = byte(white(text), close)?;
            open.pop();
        }
        if open.innermost().is_none() {
            return Some(text);
        }
    }
}

/// The name in front of the next value, if the container that `close` ends is an
/// object.
fn name(text: &[u8], close: u8) -> Option<&[u8]> {
    if close == b'}' { colon(string(text, &mut false)?) } else { Some(text) }
}

/// A string. Sets `escaped` if it contains escapes. A result with both would pass through
/// memory for each string, which makes opening a session 4 % slower.
#[inline]
fn string<'t>(text: &'t [u8], escaped: &mut bool) -> Option<&'t [u8]> {
    let mut rest = byte(text, b'"')?;
    loop {
        rest = plain(rest)?;
        match rest {
            [b'"', rest @ ..] => return Some(rest),
            [b'\\', after @ ..] => rest = escape(after)?,
            _ => return None,
        }
        *escaped = true;
    }
}

/// Skips the bytes of a string that are neither a quote nor a backslash nor a control
/// character, eight at a time. One at a time, the scanner takes a third longer.
#[inline]
fn plain(mut text: &[u8]) -> Option<&[u8]> {
    const ONES: u64 = u64::MAX / 0xFF;
    let below = |bytes: u64, limit: u64| bytes.wrapping_sub(ONES.wrapping_mul(limit)) & !bytes;
    let equal = |bytes: u64, byte: u8| below(bytes ^ ONES.wrapping_mul(byte.into()), 1);
    while let Some((eight, rest)) = text.split_first_chunk() {
        // Sets the high bit of the first such byte, perhaps of bytes after it, and of no
        // byte before it ("Bit Twiddling Hacks", determine if a word has a byte less
        // than n).
        let bytes = u64::from_le_bytes(*eight);
        let special = below(bytes, 0x20) | equal(bytes, b'"') | equal(bytes, b'\\');
        match special & (ONES << 7) {
            0 => text = rest,
            special => return text.get(special.trailing_zeros() as usize / 8..),
        }
    }
    let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
    text.get(text.iter().position(is_special)?..)
}

/// The rest of an escape, after its backslash.
fn escape(text: &[u8]) -> Option<&[u8]> {
    match text {
        [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', rest @ ..] => Some(rest),
        [b'u', a, b, c, d, rest @ ..] => {
            [a, b, c, d].iter().all(|digit| digit.is_ascii_hexdigit()).then_some(rest)
        }
        _ => None,
    }
}

fn number(text: &[u8]) -> Option<&[u8]> {
    let mut rest = match text.strip_prefix(b"-").unwrap_or(text) {
        [b'0', rest @ ..] => rest,
        text => digits(text)?,
    };
    if let [b'.', fraction @ ..] = rest {
        rest = digits(fraction)?;
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        rest = match exponent {
            [b'+' | b'-', exponent @ ..] | exponent => digits(exponent)?,
        };
    }
    Some(rest)
}

/// One digit or more.
fn digits(text: &[u8]) -> Option<&[u8]> {
    let len = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if len > 0 { text.get(len..) } else { None }
}

/// The arrays and objects around a position.
struct Nesting {
    /// The bracket that closes each, the innermost last.
    closing: [u8; MAX_DEPTH],
    depth: usize,
}

impl Nesting {
    /// The bracket that closes the new container; `None` if it is nested too deep.
    fn push(&mut self, open: u8) -> Option<u8> {
        let close = if open == b'{' { b'}' } else { b']' };
        *self.closing.get_mut(self.depth)? = close;
        self.depth = self.depth.saturating_add(1);
        Some(close)
    }

    const fn pop(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    fn innermost(&self) -> Option<u8> {
        self.closing.get(self.depth.checked_sub(1)?).copied()
    }
}

#[cfg(test)]
mod tests {
    use alloc::{
        collections::BTreeMap,
        format,
        string::{String, ToString as _},
        vec::Vec,
    };

    use proptest::prelude::*;
    use serde_json::value::RawValue;

    use super::*;

    /// The members as `serde_json` sees them: an object, and no more.
    fn by_serde(text: &str) -> Option<BTreeMap<String, String>> {
        let members: BTreeMap<String, &RawValue> = serde_json::from_str(text).ok()?;
        Some(members.into_iter().map(|(name, value)| (name, value.get().to_string())).collect())
    }

    fn by_scan(text: &str) -> Option<BTreeMap<String, String>> {
        let mut found = Vec::new();
        members(text, |member| {
            found.push(member);
            Some(())
        })?;
        found
            .into_iter()
            .map(|member| {
                let quoted = member.name.start - 1..member.name.end + 1;
                let name = serde_json::from_str(&text[quoted]).ok()?;
                Some((name, text[member.value].to_string()))
            })
            .collect()
    }

    #[test]
    fn depth() {
        let nested = |depth: usize| format!("{}1{}", "[{\"a\":".repeat(depth), "}]".repeat(depth));
        assert!(members(&format!("{{\"a\":{}}}", nested(49)), |_| Some(())).is_some());
        assert!(members(&format!("{{\"a\":[{}]}}", nested(49)), |_| Some(())).is_some());
        assert!(members(&format!("{{\"a\":{}}}", nested(50)), |_| Some(())).is_none());
        assert!(!is_too_deep(&format!("[{}]", nested(49))));
        assert!(is_too_deep(&nested(50)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3000))]

        #[test]
        fn agrees_with_serde_json(text in r#"\{("a{0,9}\\?[u"n]?":[-0-9eE.tfnaul"\[\]\{\},: \\é]{0,14},?){0,3}\}"#) {
            prop_assert_eq!(by_scan(&text), by_serde(&text));
        }

        #[test]
        fn agrees_about_damaged_json(
            value in r#"\{"a": ?\[(-?[1-9][0-9]{0,3}(\.[0-9]{1,2})?([eE][+-]?[0-9])?, ?){0,2}"(x|\\n|\\u00e9|é){0,12}"\],"bb":\{"c":(null|true|false|\{\}|\[\])\} ?\}"#,
            at in any::<prop::sample::Index>(),
            with in r#"[\[\]{}",:0-9a-z\\ .+-]?"#,
        ) {
            prop_assert_eq!(by_scan(&value), by_serde(&value));
            let chars: Vec<char> = value.chars().collect();
            let at = at.index(chars.len());
            let damaged: String = chars[..at].iter().copied().chain(with.chars()).chain(chars[at + 1..].iter().copied()).collect();
            prop_assert_eq!(by_scan(&damaged), by_serde(&damaged));
        }
    }
}
