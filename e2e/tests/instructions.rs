//! The number of instructions for opening, rejecting and saving, counted by callgrind. The count is
//! the same on every run and does not depend on the load. callgrind does not support the SHA
//! instructions of the processor, so the share of the hash is larger than in practice.
//!
//! If a figure changes for a good reason, for example with a new release of Rust, update it here.
//! The failing test prints the new figure.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// The tolerance of a figure, in percent.
const MARGIN: u64 = 5;

const REJECT: u64 = 18_465;
const OPEN_AFTER_THE_MAC: u64 = 3_975;
const SAVE: u64 = 21_322;

/// Builds the program that repeats an operation, with a feature of waxseal if there is one.
fn release(feature: Option<&str>) -> PathBuf {
    let folder = concat!(env!("CARGO_TARGET_TMPDIR"), "/release");
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--locked", "--release", "-p", "e2e", "--bin", "count"])
        .args(["--target-dir", folder])
        .args(feature.map(|feature| format!("--features=waxseal/{feature}")))
        .env_remove("RUSTFLAGS")
        .status()
        .expect("cargo runs");
    assert!(built.success());
    Path::new(folder).join("release").join("count")
}

/// The instructions of one call.
fn instructions(count: &Path, what: &str) -> u64 {
    let total = |times: &str| -> u64 {
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(count)
            .args([what, times])
            .output()
            .expect("valgrind runs");
        let said = String::from_utf8_lossy(&output.stderr);
        let collected = said.lines().find_map(|line| line.split_once("Collected : "));
        collected.expect("a count").1.trim().parse().expect("a number")
    };
    (total("1100") - total("100")) / 1000
}

#[test]
fn the_number_of_instructions_does_not_grow() {
    check(&release(None));
}

/// A sealer that does not bind sessions costs the same with the feature: the rest is the layout of
/// the machine code.
#[test]
#[ignore = "scripts/assure runs it: it is another release build"]
fn the_feature_device_bound_costs_nothing() {
    let operations = ["reject", "open", "save"];
    let count = |feature| {
        let program = release(feature);
        operations.map(|what| instructions(&program, what))
    };
    let (without, with) = (count(None), count(Some("device-bound")));
    println!("{operations:?}: {without:?} without the feature, {with:?} with it");
    for (without, with) in without.into_iter().zip(with) {
        assert!(with * 1000 <= without * 1004, "{with} instructions instead of {without}");
    }
}

fn check(count: &Path) {
    let reject = instructions(count, "reject");
    let open = instructions(count, "open") - reject;
    let save = instructions(count, "save");
    println!("REJECT {reject}, OPEN_AFTER_THE_MAC {open}, SAVE {save}");
    for (now, before) in [(reject, REJECT), (open, OPEN_AFTER_THE_MAC), (save, SAVE)] {
        let margin = before * MARGIN / 100;
        assert!(now <= before + margin, "{now} instructions instead of {before}");
        assert!(
            now + margin >= before,
            "{now} instructions instead of {before}: update the figure"
        );
    }
}
