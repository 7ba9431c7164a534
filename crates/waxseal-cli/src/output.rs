//! Text on standard output.

use std::io::Write as _;

use crate::failure::Failure;

/// Prints text that may contain names from a file, escaped.
pub(crate) fn print_plain(text: &str) -> Result<(), Failure> {
    print(&visible_lines(text))
}

/// Prints text, in colour only on a terminal. A closed pipe or a full disk is an error, not
/// a panic.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut output = anstream::stdout().lock();
    output.write_all(text.as_bytes())?;
    output.flush()?;
    Ok(())
}

/// [`visible`] for each line.
pub(crate) fn visible_lines(text: &str) -> String {
    text.split('\n').map(visible).collect::<Vec<_>>().join("\n")
}

/// Prints a warning on standard error. A failure to print it is ignored.
pub(crate) fn warn(message: &str) {
    let _ = writeln!(anstream::stderr(), "waxseal: warning: {}", visible_lines(message));
}

/// Prints a secret on standard output, and warns if that is a file that other users can read.
pub(crate) fn print_secret(text: &str) -> Result<(), Failure> {
    writeln!(std::io::stdout(), "{text}")?;
    #[cfg(unix)]
    warn_of_readers()?;
    Ok(())
}

#[cfg(unix)]
fn warn_of_readers() -> std::io::Result<()> {
    use std::os::{fd::AsFd as _, unix::fs::PermissionsExt as _};

    let output = std::fs::File::from(std::io::stdout().as_fd().try_clone_to_owned()?);
    let metadata = output.metadata()?;
    let mode = metadata.permissions().mode() & 0o777;
    if metadata.is_file() && mode & 0o077 != 0 {
        warn(&format!(
            "other users can read the secret in this file (mode {mode:03o}): run chmod 600, or \
             let `waxseal keys add FILE` create a key file that only you can read"
        ));
    }
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
