//! What a user of the library gets with it, as `cargo tree` shows it.

use std::process::Command;

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

/// The packages of a tree whose name starts with one of `prefixes`.
fn packages<'t>(tree: &'t str, prefixes: &[&str]) -> Vec<&'t str> {
    let is_named = |line: &&str| prefixes.iter().any(|prefix| line.starts_with(prefix));
    tree.lines().filter(is_named).collect()
}

const ACTIX: [&str; 4] = ["-p", "waxseal", "--no-default-features", "--features=actix"];

#[test]
fn a_user_of_axum_gets_no_actix() {
    let tree = tree(&["-p", "waxseal"]);
    assert_eq!(packages(&tree, &["actix"]), [""; 0]);
    assert!(!packages(&tree, &["axum-core "]).is_empty());
}

#[test]
fn a_user_of_actix_gets_no_axum() {
    let tree = tree(&ACTIX);
    assert_eq!(packages(&tree, &["axum", "tower", "http v1"]), [""; 0]);
    assert!(!packages(&tree, &["actix-web "]).is_empty());
}

/// A server without session IDs is opt-in by name.
#[test]
fn every_integration_brings_randomness() {
    for arguments in [&["-p", "waxseal"][..], &ACTIX] {
        let direct = tree(&[arguments, &["--depth", "1"]].concat());
        assert!(!packages(&direct, &["getrandom "]).is_empty(), "{direct}");
    }
}

/// This feature of `serde_json` gives the key `$serde_json::private::RawValue` a
/// meaning in every crate of the program: a form with that key becomes structure.
#[test]
fn no_user_gets_the_raw_values_of_serde_json() {
    for package in ["waxseal-core", "waxseal", "waxseal-picoserve", "waxseal-revocation"] {
        let tree = tree(&["-p", package]);
        assert!(tree.contains("serde_json feature \"alloc\""), "{package}: the features are shown");
        assert!(!tree.contains("serde_json feature \"raw_value\""), "{package}");
    }
}
