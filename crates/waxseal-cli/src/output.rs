//! Text on standard output.

use std::io::Write as _;

use crate::failure::Failure;

/// Prints text, in colour only on a terminal. A closed pipe or a full disk is an error, not
/// a panic.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut output = anstream::stdout().lock();
    output.write_all(text.as_bytes())?;
    output.flush()?;
    Ok(())
}

/// Escapes text so that it cannot move the cursor, change a colour or reverse the line.
pub(crate) fn visible(text: &str) -> String {
    escaped(text, |character| character.escape_unicode().to_string())
}

/// Like [`visible`], but for JSON, and without changing its meaning: such characters occur
/// only in strings, and their code points have at most four digits.
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

/// Whether a terminal interprets this character instead of showing it.
fn is_obeyed(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
