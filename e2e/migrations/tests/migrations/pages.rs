//! The pages contain the real difference between the applications, and real code of the move.
//!
//! `WRITE_DIFFS=1 cargo test pages` writes the diffs into the pages.

use std::{env, fs, path::PathBuf};

use similar::TextDiff;

const START: &str = "\n```diff\n";
const END: &str = "\n```\n";

fn read(path: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The difference without the comment on the module and the comments for callers.
fn difference(before: &str, after: &str) -> String {
    let [before, after] = [before, after].map(|path| {
        let text = read(path);
        let lines = text.lines().filter(|line| !line.starts_with("//"));
        lines
            .skip_while(|line| line.is_empty())
            .fold(String::new(), |text, line| text + line + "\n")
    });
    TextDiff::from_lines(&before, &after).unified_diff().context_radius(3).to_string()
}

/// Asserts that each Rust block of the page is in the program that runs both libraries.
fn quotes(text: &str, page: &str, moving: &str) {
    let program = read(moving);
    let blocks: Vec<_> = text.split("\n```rust,ignore\n").skip(1).collect();
    assert_eq!(blocks.len(), 2, "the blocks of docs/{page}");
    for block in blocks {
        let block = block.split_once(END).expect("the end of a block").0;
        assert!(
            program.contains(block),
            "docs/{page} quotes what {moving} does not contain:\n{block}"
        );
    }
}

fn page_contains(page: &str, before: &str, after: &str, moving: &str) {
    let path = format!("../../docs/{page}");
    let text = read(&path);
    let expected = difference(before, after);
    quotes(&text, page, moving);
    let start = text.find(START).expect("a diff") + START.len();
    let end = start + text[start..].find(END).expect("the end of the diff") + 1;
    assert_eq!(text[end..].matches(START).count(), 0, "one diff in {page}");
    if env::var_os("WRITE_DIFFS").is_some() {
        let written = format!("{}{expected}{}", &text[..start], &text[end..]);
        fs::write(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path), written).expect("a page");
        return;
    }
    assert!(text[start..end] == expected, "the diff in docs/{page} must be:\n{expected}");
}

#[test]
fn from_tower_sessions() {
    page_contains(
        "from-tower-sessions.md",
        "src/before/tower_sessions.rs",
        "src/after/axum.rs",
        "src/moving/tower_sessions.rs",
    );
}

#[test]
fn from_actix_session() {
    page_contains(
        "from-actix-session.md",
        "src/before/actix_session.rs",
        "src/after/actix.rs",
        "src/moving/actix_session.rs",
    );
}

#[test]
fn from_axum_extra() {
    page_contains(
        "from-axum-extra.md",
        "src/before/axum_extra.rs",
        "src/after/axum.rs",
        "src/moving/axum_extra.rs",
    );
}
