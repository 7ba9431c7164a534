//! The Rust code of `docs/frameworks.md` is in programs that the compiler checks.

use std::{fs, path::PathBuf};

/// The folders of the programs.
const PROGRAMS: [&str; 4] = [
    "examples/leptos/src",
    "e2e/frameworks/dioxus/src",
    "e2e/frameworks/loco/src",
    "e2e/frameworks/utoipa/src",
];

fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

#[test]
fn the_programs_contain_the_code_of_the_page() {
    let files = PROGRAMS.iter().flat_map(|folder| {
        fs::read_dir(root().join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"))
    });
    let sources: Vec<_> = files
        .map(|file| fs::read_to_string(file.expect("a file").path()).expect("a program"))
        .collect();
    let page = fs::read_to_string(root().join("docs/frameworks.md")).expect("the page");
    let blocks: Vec<_> = page
        .split("\n```rust,ignore\n")
        .skip(1)
        .map(|rest| rest.split_once("\n```\n").expect("the end of a block").0)
        .collect();
    assert_eq!(blocks.len(), 6);
    for item in blocks.iter().flat_map(|block| block.split("\n\n")) {
        assert!(sources.iter().any(|source| source.contains(item)), "no program contains:\n{item}");
    }
}
