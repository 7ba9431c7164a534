//! The table of servers in `docs/servers.md` names existing suites and examples.

use std::{fs, path::PathBuf};

fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The cells of each row of the first table.
fn rows() -> Vec<Vec<String>> {
    let page = fs::read_to_string(root().join("docs/servers.md")).expect("the page");
    let table = page.split("\n## ").next().expect("the first section");
    let rows = table.lines().filter(|line| line.starts_with("| "));
    let cells =
        |row: &str| row.trim_matches('|').split('|').map(|cell| cell.trim().into()).collect();
    rows.skip(1).map(cells).collect()
}

/// The targets of the links in a cell.
fn links(cell: &str) -> impl Iterator<Item = &str> {
    cell.split("](").skip(1).filter_map(|rest| rest.split(')').next())
}

/// Whether a link of the page has a target.
fn exists(link: &str) -> bool {
    root().join("docs").join(link).exists()
}

#[test]
fn every_row_names_an_existing_suite_and_example() {
    let folders = ["waxseal", "waxseal-core", "waxseal-picoserve"]
        .map(|name| format!("crates/{name}/examples"));
    for row in rows() {
        let [server, session, example, .., checked] = &row[..] else {
            panic!("too few cells: {row:?}")
        };
        assert!(links(checked).all(exists), "{server}: {checked}");
        assert!(checked.contains("](../e2e/tests/"), "{server}: no suite checks it");
        assert!(links(session).all(exists), "{server}: {session}");

        let name = example.trim_matches('`').rsplit(' ').next().expect("a name");
        let mut sources = folders.iter().map(String::as_str).chain(["examples"]);
        let contains = |folder: &str| {
            let source = root().join(folder).join(name);
            source.is_dir() || source.with_extension("rs").is_file()
        };
        assert!(sources.any(contains), "{server}: the example {name} does not exist");
    }
}

/// Every server of `round_trip.rs` is in the table.
#[test]
fn every_server_of_the_round_trip_has_a_row() {
    let round = fs::read_to_string(root().join("e2e/tests/round_trip.rs")).expect("the round");
    let pages = round.lines().filter_map(|line| line.trim().strip_prefix("(\"")?.split('"').next());
    let servers = rows().into_iter().map(|row| row[0].clone()).collect::<Vec<_>>().join(", ");
    let missing: Vec<_> = pages.filter(|page| !servers.contains(page)).collect();
    assert!(missing.is_empty(), "{missing:?} have no row");
}
