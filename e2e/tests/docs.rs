//! The pages of the documentation: their links, the tests that they name, and their code.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Component, Path, PathBuf},
};

use e2e::pages::{Page, guides, page, root};

/// The pages in which links are checked: all that people read on the web.
fn pages() -> Vec<Page> {
    let mut pages = guides();
    let others = ["CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "RELEASING.md"];
    pages.extend(others.map(page));
    for folder in fs::read_dir(root().join("crates")).expect("the crates") {
        let name = folder.expect("a folder").file_name();
        let readme = format!("crates/{}/README.md", name.to_str().expect("UTF-8"));
        if root().join(&readme).exists() {
            pages.push(page(&readme));
        }
    }
    pages
}

/// A link of a page.
#[derive(Clone, Debug)]
struct Link {
    line: usize,
    text: String,
    target: String,
}

/// The links of a page, in the form `[text](target)`.
fn links(page: &Page) -> Vec<Link> {
    let mut links = Vec::new();
    for (line, text) in page.prose() {
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("](") {
            let Some((target, after)) = after.split_once(')') else { break };
            let text = before.rsplit_once('[').map_or("", |(_, text)| text);
            links.push(Link { line, text: text.into(), target: target.into() });
            rest = after;
        }
    }
    links
}

/// The anchors of a page's headings, as GitHub makes them.
fn anchors(page: &Page) -> BTreeSet<String> {
    let mut count = BTreeMap::new();
    let headings = page.prose().into_iter().filter(|(_, line)| line.starts_with('#'));
    headings
        .map(|(_, line)| {
            let text = line.trim_start_matches('#').trim().to_lowercase();
            let kept = text.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            let slug: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
            let times = count.entry(slug.clone()).or_insert(0);
            *times += 1;
            if *times == 1 { slug } else { format!("{slug}-{}", *times - 1) }
        })
        .collect()
}

/// The path in the repository of a target, seen from `page`. Panics if it leaves the repository.
fn resolve(page: &Page, target: &str) -> PathBuf {
    let folder = Path::new(&page.name).parent().expect("a page is in a folder");
    let mut resolved = PathBuf::new();
    for part in folder.join(target).components() {
        match part {
            Component::ParentDir => assert!(resolved.pop(), "{}: {target}", page.name),
            part => resolved.push(part),
        }
    }
    resolved
}

#[test]
fn every_link_has_a_target() {
    let mut checked = 0;
    let pages = pages();
    for page_of_link in &pages {
        for Link { line, target, .. } in links(page_of_link) {
            if target.starts_with("https://") || target.starts_with("http://localhost") {
                continue;
            }
            let at = format!("{}:{line}: {target}", page_of_link.name);
            let (file, anchor) = match target.split_once('#') {
                Some((file, anchor)) => (file, Some(anchor)),
                None => (&*target, None),
            };
            let path = match file {
                "" => PathBuf::from(&page_of_link.name),
                file => resolve(page_of_link, file),
            };
            assert!(root().join(&path).exists(), "{at}: no such file");
            if let Some(anchor) = anchor {
                let target = page(path.to_str().expect("UTF-8"));
                assert!(anchors(&target).contains(anchor), "{at}: no such heading");
            }
            checked += 1;
        }
    }
    assert!(checked > 100, "only {checked} links");
}

/// The clauses of ASVS 5.0 in the chapters V7 and V9.
fn clauses() -> Vec<String> {
    let sections = [
        ("7.1", 3),
        ("7.2", 4),
        ("7.3", 2),
        ("7.4", 5),
        ("7.5", 3),
        ("7.6", 2),
        ("9.1", 3),
        ("9.2", 4),
    ];
    let all = sections
        .into_iter()
        .flat_map(|(section, count)| (1..=count).map(move |clause| format!("{section}.{clause}")));
    all.collect()
}

#[test]
fn the_page_of_the_standard_has_a_row_for_each_clause() {
    let page = page("docs/asvs.md");
    let rows = page.text.lines().filter_map(|line| line.strip_prefix("| **"));
    let found: Vec<_> =
        rows.map(|row| row.split("**").next().expect("a number").to_owned()).collect();
    assert_eq!(found, clauses());
}

/// Returns whether a file contains the test `name`: a test, or a case that `conformance!` runs for
/// each integration.
fn has_test(file: &Path, name: &str) -> bool {
    let text = fs::read_to_string(root().join(file)).expect("a file");
    let conformance = Path::new("e2e/src/conformance");
    if file.starts_with(conformance) {
        let cases = fs::read_to_string(root().join("e2e/src/conformance.rs")).expect("the cases");
        return text.contains(&format!("pub fn {name}(")) && cases.contains(&format!(" {name}\n"));
    }
    let Some((before, _)) = text.split_once(&format!("fn {name}(")) else { return false };
    let attributes = before.rsplit_once("\n\n").map_or(before, |(_, item)| item);
    attributes.lines().any(|line| line.trim().ends_with("test]"))
}

#[test]
fn every_test_that_the_page_of_the_standard_names_exists() {
    let page = page("docs/asvs.md");
    let mut checked = 0;
    for Link { line, text, target } in links(&page) {
        let Some(name) = text.strip_prefix('`').and_then(|text| text.strip_suffix('`')) else {
            continue;
        };
        assert!(
            has_test(&resolve(&page, &target), name),
            "line {line}: {target} has no test {name}"
        );
        checked += 1;
    }
    assert!(checked > 50, "only {checked} tests");
    assert!(!has_test(Path::new("e2e/tests/docs.rs"), "has_test"), "it is not a test");
    assert!(!has_test(Path::new("e2e/tests/docs.rs"), "no_such_test"));
}

/// A vulnerability, or a clause for which waxseal does something, without a test would be a claim.
#[test]
fn every_rule_on_the_page_of_the_standard_has_a_test() {
    for line in page("docs/asvs.md").text.lines() {
        let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let is_row = cells[0].starts_with("**")
            || cells[0].starts_with("CVE")
            || cells[0].starts_with("GHSA");
        if !is_row {
            continue;
        }
        let tests = cells.last().expect("a cell");
        let does_nothing = cells[2].starts_with("Nothing") || cells[0].starts_with("**7.1.1**");
        assert_eq!(*tests == "none", does_nothing, "{}", cells[0]);
        assert!(does_nothing || tests.contains(".rs)"), "{}", cells[0]);
    }
}

/// Returns the source files of the crates that contain `text`.
fn crates_with(text: &str) -> usize {
    let crates = fs::read_dir(root().join("crates")).expect("the crates");
    let sources = crates.map(|folder| folder.expect("a folder").path().join("src/lib.rs"));
    sources.filter_map(|file| fs::read_to_string(file).ok()).filter(|it| it.contains(text)).count()
}

/// A crate compiles the blocks of a page as doctests.
#[test]
fn every_page_with_rust_is_compiled() {
    let mut compiled = 0;
    for page in guides() {
        let mut languages = page.blocks().into_iter().map(|block| block.language);
        if languages.any(|it| it.starts_with("rust") && it != "rust,ignore") {
            let include = format!("doc = include_str!(\"../../../{}\")", page.name);
            assert_eq!(crates_with(&include), 1, "no crate compiles {}", page.name);
            compiled += 1;
        }
    }
    assert!(compiled > 5, "only {compiled} pages");
}

/// The files whose code a page shows without compiling it: no doctest has their dependencies.
const SHOWN: [(&str, &str); 5] = [
    ("docs/integrations.md", "crates/waxseal-core/examples/login-std.rs"),
    ("docs/edge.md", "e2e/edge/src/lib.rs"),
    ("docs/from-tower-sessions.md", "e2e/migrations/src/moving/tower_sessions.rs"),
    ("docs/from-actix-session.md", "e2e/migrations/src/moving/actix_session.rs"),
    ("docs/from-axum-extra.md", "e2e/migrations/src/moving/axum_extra.rs"),
];

#[test]
fn every_block_that_is_not_compiled_is_in_a_program() {
    for page in guides() {
        for block in page.blocks() {
            assert_ne!(block.language, "rs", "{}:{}: write `rust`", page.name, block.line);
            // framework_pages.rs compares that page with several programs.
            if block.language != "rust,ignore" || page.name == "docs/frameworks.md" {
                continue;
            }
            let at = format!("{}:{}", page.name, block.line);
            let shown = SHOWN.iter().find(|(name, _)| *name == page.name);
            let (_, file) = shown.unwrap_or_else(|| panic!("{at}: no program has this code"));
            let program = fs::read_to_string(root().join(file)).expect("a program");
            let program: Vec<_> = program.lines().map(str::trim).collect();
            for line in block.text.lines().map(str::trim) {
                assert!(program.contains(&line), "{at}: {file} has no line {line}");
            }
        }
    }
}

#[test]
fn the_quick_start_shows_the_example() {
    let program = page("docs/quick-start.md").block("rust,no_run", "fn main");
    let example = include_str!("../../crates/waxseal/examples/quick-start.rs");
    let (_, example) = example.split_once("\n\n").expect("a comment and code");
    assert_eq!(program, example);
}
