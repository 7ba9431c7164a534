use std::{fs, path::Path};

use data_encoding::BASE64URL_NOPAD;

/// Returns the committed inputs of a target: one line of base64url each.
pub fn inputs(target: &str) -> Vec<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("corpus/{target}.txt"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    let decode = |line: &str| BASE64URL_NOPAD.decode(line.as_bytes()).expect("base64url");
    let inputs: Vec<_> = text.lines().map(decode).collect();
    assert!(!inputs.is_empty(), "{path:?} has no inputs");
    inputs
}
