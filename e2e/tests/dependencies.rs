//! The dependencies of the libraries, as `cargo tree` shows them.

use std::{collections::BTreeSet, process::Command};

use e2e::pages::page;

/// The normal dependencies of a package and their features.
fn tree(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--quiet", "--locked", "--offline", "--prefix", "none"])
        .args(["--edges", "normal,features"])
        .args(arguments)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The packages of a tree whose names start with one of `prefixes`.
fn packages<'t>(tree: &'t str, prefixes: &[&str]) -> Vec<&'t str> {
    let is_named = |line: &&str| prefixes.iter().any(|prefix| line.starts_with(prefix));
    tree.lines().filter(is_named).collect()
}

const ACTIX: [&str; 4] = ["-p", "waxseal", "--no-default-features", "--features=actix"];

#[test]
fn axum_does_not_depend_on_actix() {
    let tree = tree(&["-p", "waxseal"]);
    assert_eq!(packages(&tree, &["actix"]), [""; 0]);
    assert!(!packages(&tree, &["axum-core "]).is_empty());
}

#[test]
fn actix_does_not_depend_on_axum() {
    let tree = tree(&ACTIX);
    assert_eq!(packages(&tree, &["axum", "tower", "http v1"]), [""; 0]);
    assert!(!packages(&tree, &["actix-web "]).is_empty());
}

/// The names and versions of the crates of a tree.
fn crates(tree: &str) -> BTreeSet<&str> {
    tree.lines()
        .map(|line| line.trim_end_matches(" (*)"))
        .filter(|line| !line.is_empty() && !line.contains(" feature "))
        .map(|line| line.split(" (").next().unwrap_or(line))
        .collect()
}

/// The README states the numbers.
#[test]
fn an_application_gets_as_many_crates_as_the_readme_says() {
    let (axum, actix) = (tree(&["-p", "waxseal"]), tree(&ACTIX));
    let (axum, actix) = (crates(&axum), crates(&actix));
    let framework = tree(&["-p", "actix-web"]);
    let more = actix.difference(&crates(&framework)).count();
    let sentences = [
        format!("With axum, waxseal is a tree of {} crates,", axum.len()),
        format!(
            "With actix-web, it is a tree of {} crates, {more} more than actix-web alone,",
            actix.len()
        ),
    ];
    let readme = page("README.md").text.split_whitespace().collect::<Vec<_>>().join(" ");
    for sentence in sentences {
        assert!(readme.contains(&sentence), "{sentence}\n{axum:#?}\n{actix:#?}");
    }
}

/// SECURITY.md says of each one whether it processes unverified bytes.
#[test]
fn the_security_page_names_every_dependency_of_the_core() {
    let tree = tree(&["-p", "waxseal-core", "--all-features"]);
    let names: BTreeSet<_> =
        crates(&tree).iter().filter_map(|line| line.split(' ').next()).collect();
    assert!(names.contains("memchr") && names.contains("p256"), "{names:?}");
    let security = page("SECURITY.md").text;
    let (_, section) =
        security.split_once("### Dependencies that process").expect("the section of the page");
    let listed: BTreeSet<_> = section.split('`').skip(1).step_by(2).collect();
    let missing: Vec<_> =
        names.iter().filter(|name| **name != "waxseal-core" && !listed.contains(*name)).collect();
    assert!(missing.is_empty(), "SECURITY.md does not name {missing:?}");
}

/// Every integration provides session IDs by default.
#[test]
fn every_integration_depends_on_randomness() {
    for arguments in [&["-p", "waxseal"][..], &ACTIX] {
        let direct = tree(&[arguments, &["--depth", "1"]].concat());
        assert!(!packages(&direct, &["getrandom "]).is_empty(), "{direct}");
    }
}

/// The feature `raw_value` of `serde_json` gives the key `$serde_json::private::RawValue` a
/// meaning in every crate of the program: a form with that key becomes raw JSON.
#[test]
fn no_library_enables_raw_value_of_serde_json() {
    for arguments in [
        &["-p", "waxseal-core"][..],
        &["-p", "waxseal"],
        &["-p", "waxseal-picoserve"],
        &["-p", "waxseal-revocation"],
        &["-p", "waxseal-tower-sessions", "--all-features"],
    ] {
        let tree = tree(arguments);
        assert!(
            tree.contains("serde_json feature \"alloc\""),
            "{arguments:?}: cargo tree shows features"
        );
        assert!(!tree.contains("serde_json feature \"raw_value\""), "{arguments:?}");
    }
}

/// `cargo run --example login` builds neither the TLS library and the certificate of
/// `--device-bound` nor the clients of Redis and Postgres.
#[test]
fn the_login_example_builds_tls_only_for_device_binding() {
    let heavy = ["ring ", "rustls", "tokio-rustls", "rcgen", "p256", "redis", "tokio-postgres"];
    let default = tree(&["-p", "login"]);
    assert!(!packages(&default, &["axum "]).is_empty());
    assert_eq!(packages(&default, &heavy), [""; 0]);
    let bound = tree(&["-p", "login", "--features", "device-bound"]);
    assert!(!packages(&bound, &["tokio-rustls "]).is_empty());
    assert_eq!(packages(&bound, &["aws-lc", "openssl"]), [""; 0]);
}
