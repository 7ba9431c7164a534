//! Finding our cookie among those that a request presents.

/// The values of every cookie named exactly `name` in one `Cookie` header, in
/// their order. Bytes against bytes: nothing is decoded, unquoted or folded
/// (RFC 6265bis, section 5.8.3, gives names and values no structure).
pub(crate) fn values<'h>(
    header: &'h [u8],
    name: &'h str,
) -> impl DoubleEndedIterator<Item = &'h [u8]> {
    Pairs { rest: Some(header) }
        .filter_map(move |pair| pair.trim_ascii().strip_prefix(name.as_bytes())?.strip_prefix(b"="))
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
        let forwards: Vec<_> = values(header.as_bytes(), "s").map(text).collect();
        let mut backwards: Vec<_> = values(header.as_bytes(), "s").rev().map(text).collect();
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
