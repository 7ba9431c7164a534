//! Finding a cookie among those that a request presents.

/// The cookies of one `Cookie` header, each as `name=value`.
pub(crate) fn pairs(header: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(header);
    core::iter::from_fn(move || {
        let header = rest?;
        let cut = memchr::memchr(b';', header).and_then(|at| header.split_at_checked(at));
        let (pair, after) = cut.map_or((header, None), |(pair, after)| (pair, after.get(1..)));
        rest = after;
        Some(pair.trim_ascii())
    })
}

/// The value of the cookie `pair` if its name is exactly `name`. Nothing is decoded,
/// unquoted or folded (RFC 6265bis, section 5.8.3, gives names and values no
/// structure).
pub(crate) fn value_of<'h>(pair: &'h [u8], name: &str) -> Option<&'h [u8]> {
    pair.strip_prefix(name.as_bytes())?.strip_prefix(b"=")
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    fn found(header: &str) -> Vec<&str> {
        let values = pairs(header.as_bytes()).filter_map(|pair| value_of(pair, "s"));
        values.map(|value| core::str::from_utf8(value).unwrap()).collect()
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
