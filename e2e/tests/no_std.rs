//! The core does not need std: a program without std links and works.
//!
//! The entry point of the program is for Linux on x86-64 only.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::process::{Command, Output};

const PROOF: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/no-std-proof");

fn cargo(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO"))
        .args(arguments)
        .arg("--quiet")
        .arg("--locked")
        .arg("--manifest-path")
        .arg(format!("{PROOF}/Cargo.toml"))
        .arg("--target-dir")
        .arg(concat!(env!("CARGO_TARGET_TMPDIR"), "/no-std-proof"))
        .env_remove("RUSTFLAGS")
        .output()
        .expect("cargo runs")
}

#[test]
fn the_core_links_and_works_without_std() {
    let run = cargo(&["run"]);
    assert_eq!(run.status.code(), Some(0), "{}", String::from_utf8_lossy(&run.stderr));
}

/// With std among the dependencies, the build fails with the expected error.
#[test]
fn the_proof_fails_with_std() {
    let build = cargo(&["build", "--features", "negative"]);
    let messages = String::from_utf8_lossy(&build.stderr);
    assert!(!build.status.success());
    assert!(messages.contains("E0152"), "{messages}");
}
