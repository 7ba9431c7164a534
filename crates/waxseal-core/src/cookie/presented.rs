//! Finding our cookie among those that a request presents.

/// The cookies of one `Cookie` header, each as `name=value`, from either end.
pub(crate) fn pairs(header: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    Pairs { rest: Some(header) }.map(<[u8]>::trim_ascii)
}

/// The value of the cookie `pair` if it is named exactly `name`. Bytes against
/// bytes: nothing is decoded, unquoted or folded (RFC 6265bis, section 5.8.3,
/// gives names and values no structure).
pub(crate) fn value_of<'h>(pair: &'h [u8], name: &str) -> Option<&'h [u8]> {
    pair.strip_prefix(name.as_bytes())?.strip_prefix(b"=")
}

/// The parts between semicolons, from either end.
struct Pairs<'h> {
    rest: Option<&'h [u8]>,
}

impl<'h> Iterator for Pairs<'h> {
    type Item = &'h [u8];

    fn next(&mut self) -> Option<&'h [u8]> {
        let rest = self.rest?;
        let cut = memchr::memchr(b';', rest).and_then(|at| rest.split_at_checked(at));
        let (pair, after) = cut.map_or((rest, None), |(pair, after)| (pair, after.get(1..)));
        self.rest = after;
        Some(pair)
    }
}

impl DoubleEndedIterator for Pairs<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let rest = self.rest?;
        let cut = memchr::memrchr(b';', rest).and_then(|at| rest.split_at_checked(at));
        let (before, pair) =
            cut.map_or((None, Some(rest)), |(before, after)| (Some(before), after.get(1..)));
        self.rest = before;
        pair
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    fn found(header: &str) -> Vec<&str> {
        let text = |value| core::str::from_utf8(value).unwrap();
        let ours = |pair| value_of(pair, "s").map(text);
        let forwards: Vec<_> = pairs(header.as_bytes()).filter_map(ours).collect();
        let mut backwards: Vec<_> = pairs(header.as_bytes()).rev().filter_map(ours).collect();
        backwards.reverse();
        assert_eq!(forwards, backwards, "{header:?}");
        forwards
    }

    #[test]
    fn exactly_our_name() {
        assert_eq!(found("s=1"), ["1"]);
        assert_eq!(found("a=b; s=1;s=2 ; ss=3; S=4; s =5; =s=6;s;"), ["1", "2"]);
        assert_eq!(found(" s=; s=a=b; s=\"q\""), ["", "a=b", "\"q\""]);
        assert_eq!(found(""), [""; 0]);
        assert_eq!(found(";;; ;"), [""; 0]);
    }
}
