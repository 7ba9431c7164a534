//! A bound on nesting, so that reading a member as a tree cannot exhaust the
//! stack of a small machine.

/// The most arrays and objects that may stand inside each other, the claims
/// object counted.
pub(super) const MAX: usize = 100;

/// Whether arrays and objects in `json` stand more than `max` deep.
pub(super) fn exceeds(json: &str, max: usize) -> bool {
    let openings = json.bytes().filter(|byte| matches!(byte, b'[' | b'{')).count();
    openings > max && deepest(json) > max
}

fn deepest(json: &str) -> usize {
    let (mut depth, mut deepest, mut in_string) = (0_usize, 0, false);
    let mut bytes = json.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => in_string = !in_string,
            b'\\' if in_string => {
                bytes.next();
            }
            b'[' | b'{' if !in_string => {
                depth = depth.saturating_add(1);
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_nesting_and_not_brackets() {
        assert!(!exceeds("[[]]", 2));
        assert!(exceeds("[[[]]]", 2));
        assert!(!exceeds(r#"[[],[],[],"[[[[\"[[["]"#, 2));
        assert!(exceeds(r#"["\\",[["]"]]]"#, 2));
    }
}
