//! What a person reads, on standard output.

use std::io::Write as _;

use crate::failure::Failure;

/// Prints text, in colour only on a terminal. A reader who has gone, or a disk
/// that is full, is a failure and no panic.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut output = anstream::stdout().lock();
    output.write_all(text.as_bytes())?;
    output.flush()?;
    Ok(())
}

/// Text that cannot move the cursor, change a colour or turn the line around.
pub(crate) fn visible(text: &str) -> String {
    escaped(text, |character| character.escape_unicode().to_string())
}

/// The same for JSON, which stays what it was: such characters stand only in its
/// strings, and none has more than four digits.
pub(crate) fn visible_json(json: &str) -> String {
    escaped(json, |character| format!("\\u{:04x}", u32::from(character)))
}

fn escaped(text: &str, escape: impl Fn(char) -> String) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if is_obeyed(character) {
            shown.push_str(&escape(character));
        } else {
            shown.push(character);
        }
    }
    shown
}

/// Whether a terminal does something at this character, instead of showing it.
fn is_obeyed(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
