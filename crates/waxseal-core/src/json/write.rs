//! Writing JSON: strings, and the members of an object.

use alloc::{string::String, vec::Vec};

/// The JSON text of a string.
pub(crate) fn quote(text: &str) -> String {
    // A string always serializes.
    serde_json::to_string(text).unwrap_or_default()
}

/// Appends a member to an object whose closing brace is still missing.
pub(crate) fn push_member(object: &mut Vec<u8>, name: &str, value: &str) {
    if object.last() != Some(&b'{') {
        object.push(b',');
    }
    object.push(b'"');
    object.extend_from_slice(name.as_bytes());
    object.extend_from_slice(b"\":");
    object.extend_from_slice(value.as_bytes());
}
