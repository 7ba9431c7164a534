//! A strict JSON reader (RFC 8259) that keeps nothing but where the members of
//! the outermost object stand. Values are checked and not read: a caller who
//! wants one says as what. No recursion, and a bound on nesting, so that no
//! claims exhaust the stack of a small machine.

mod word;

use core::ops::Range;

use self::word::{are_digits, plain_bytes};

/// The most arrays and objects that may stand inside each other, the outermost
/// object counted. One bit for each must fit into [`Containers`].
pub(super) const MAX_DEPTH: u32 = 100;

/// Where a member stands.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// The name between its quotes.
    pub(crate) name: Range<usize>,
    /// Whether there are escapes in the name.
    pub(crate) escaped: bool,
    /// The value's text.
    pub(crate) value: Range<usize>,
}

/// Tells the members of the one object in `text`, in their order; `None` if it
/// is anything else, or nested too deep, or `tell` says so.
#[inline]
pub(crate) fn members(text: &str, mut tell: impl FnMut(Found) -> Option<()>) -> Option<()> {
    let mut scan = Scan { bytes: text.as_bytes(), at: 0 };
    scan.white();
    scan.expect(b'{')?;
    scan.white();
    if scan.peek()? == b'}' {
        scan.next()?;
    } else {
        loop {
            let start = scan.at;
            let may_be_escaped = scan.string()?;
            let name = start.saturating_add(1)..scan.at.saturating_sub(1);
            let escaped =
                may_be_escaped && memchr::memchr(b'\\', scan.bytes.get(name.clone())?).is_some();
            scan.colon()?;
            let start = scan.at;
            scan.value()?;
            tell(Found { name, escaped, value: start..scan.at })?;
            scan.white();
            match scan.next()? {
                b',' => scan.white(),
                b'}' => break,
                _ => return None,
            }
        }
    }
    scan.white();
    (scan.at == scan.bytes.len()).then_some(())
}

/// Whether `json`, one JSON value, is nested deeper than it may be as a member.
pub(super) fn is_too_deep(json: &str) -> bool {
    let mut scan = Scan { bytes: json.as_bytes(), at: 0 };
    scan.value().is_none()
}

/// A position in a text. `at` never exceeds its length.
///
/// What is rarely or long busy takes it by value and returns the new position:
/// so it stays in registers everywhere else.
#[derive(Clone, Copy)]
struct Scan<'t> {
    bytes: &'t [u8],
    at: usize,
}

#[expect(clippy::arithmetic_side_effects, reason = "`at` only moves over bytes that are there")]
impl Scan<'_> {
    #[inline]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[inline]
    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    #[inline]
    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.next()? == byte).then_some(())
    }

    #[inline]
    fn white(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    #[inline]
    fn colon(&mut self) -> Option<()> {
        self.white();
        self.expect(b':')?;
        self.white();
        Some(())
    }

    /// One value of any kind, with all that is in it.
    #[inline]
    fn value(&mut self) -> Option<()> {
        match self.peek()? {
            b'"' => self.string().map(drop),
            _ => self.other_value().map(|end| self.at = end),
        }
    }

    /// A string; says whether there may be escapes in it.
    #[inline]
    fn string(&mut self) -> Option<bool> {
        self.expect(b'"')?;
        let rest = self.bytes.get(self.at..)?;
        // Most are names, and short.
        if let Some(eight) = rest.first_chunk() {
            let plain = plain_bytes(u64::from_le_bytes(*eight));
            if rest.get(plain) == Some(&b'"') {
                self.at += plain + 1;
                return Some(false);
            }
        }
        self.at = self.rest_of_string()?;
        Some(true)
    }

    /// The end of a string that has begun.
    #[inline(never)]
    fn rest_of_string(mut self) -> Option<usize> {
        loop {
            self.plain();
            match self.next()? {
                b'"' => return Some(self.at),
                b'\\' => self.escape()?,
                _ => return None,
            }
        }
    }

    /// What may stand in a string as it is, eight bytes at a time.
    #[inline]
    fn plain(&mut self) {
        let mut rest = self.bytes.get(self.at..).unwrap_or_default();
        while let Some((eight, behind)) = rest.split_first_chunk() {
            let plain = plain_bytes(u64::from_le_bytes(*eight));
            if plain < 8 {
                self.at += plain;
                return;
            }
            // Not `plain`: so the next eight need not wait for it.
            self.at += 8;
            rest = behind;
        }
        while self.peek().is_some_and(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
            self.at += 1;
        }
    }

    /// What stands behind a backslash.
    fn escape(&mut self) -> Option<()> {
        match self.next()? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
            b'u' => {
                for _ in 0..4 {
                    self.next()?.is_ascii_hexdigit().then_some(())?;
                }
            }
            _ => return None,
        }
        Some(())
    }

    /// The end of a value that is no string.
    fn other_value(mut self) -> Option<usize> {
        match self.peek()? {
            b'{' | b'[' => return self.container(),
            b'-' | b'0'..=b'9' => self.number()?,
            b't' => self.literal(b"true")?,
            b'f' => self.literal(b"false")?,
            b'n' => self.literal(b"null")?,
            _ => return None,
        }
        Some(self.at)
    }

    fn number(&mut self) -> Option<()> {
        if self.peek()? == b'-' {
            self.at += 1;
        }
        match self.next()? {
            b'0' => {}
            b'1'..=b'9' => self.digits(),
            _ => return None,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.some_digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.some_digits()?;
        }
        Some(())
    }

    #[inline]
    fn digits(&mut self) {
        while let Some(eight) = self.bytes.get(self.at..).and_then(<[u8]>::first_chunk) {
            if !are_digits(u64::from_le_bytes(*eight)) {
                break;
            }
            self.at += 8;
        }
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
    }

    fn some_digits(&mut self) -> Option<()> {
        self.next()?.is_ascii_digit().then_some(())?;
        self.digits();
        Some(())
    }

    fn literal(&mut self, word: &[u8]) -> Option<()> {
        self.bytes.get(self.at..)?.starts_with(word).then_some(())?;
        self.at += word.len();
        Some(())
    }

    /// The end of an array or an object with all that is in it.
    fn container(mut self) -> Option<usize> {
        let mut open = Containers::default();
        loop {
            match self.peek()? {
                bracket @ (b'{' | b'[') => {
                    self.at += 1;
                    open.push(bracket)?;
                    self.white();
                    if self.peek()? != open.end() {
                        if open.is_object() {
                            self.string()?;
                            self.colon()?;
                        }
                        continue;
                    }
                    self.at += 1;
                    open.pop();
                }
                b'"' => self.string().map(drop)?,
                b'-' | b'0'..=b'9' => self.number()?,
                _ => self.at = self.other_value()?,
            }
            // Behind a value: the end of what holds it, or another one.
            loop {
                if open.is_empty() {
                    return Some(self.at);
                }
                self.white();
                match self.next()? {
                    b',' => {
                        self.white();
                        if open.is_object() {
                            self.string()?;
                            self.colon()?;
                        }
                        break;
                    }
                    end if end == open.end() => open.pop(),
                    _ => return None,
                }
            }
        }
    }
}

/// The arrays and objects that have begun and not ended, but the outermost
/// object.
#[derive(Default)]
struct Containers {
    /// Of which kinds they are, the innermost in the lowest bit: set for an
    /// object.
    kinds: u128,
    depth: u32,
}

#[expect(clippy::arithmetic_side_effects, reason = "what was pushed is popped once")]
impl Containers {
    /// `None` if it would be nested too deep.
    fn push(&mut self, bracket: u8) -> Option<()> {
        self.depth += 1;
        self.kinds = self.kinds << 1 | u128::from(bracket == b'{');
        (self.depth < MAX_DEPTH).then_some(())
    }

    const fn pop(&mut self) {
        self.depth -= 1;
        self.kinds >>= 1;
    }

    const fn is_empty(&self) -> bool {
        self.depth == 0
    }

    const fn is_object(&self) -> bool {
        self.kinds & 1 == 1
    }

    /// What ends the innermost.
    const fn end(&self) -> u8 {
        if self.is_object() { b'}' } else { b']' }
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
