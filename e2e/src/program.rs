//! Programs of the workspace: an example, or the `waxseal` command, as a reader
//! of the README runs it.

use std::{path::PathBuf, process::Command};

use serde_json::Value;

/// The program of the example `name`, built first if need be.
pub fn example(name: &str) -> PathBuf {
    build("--example", name)
}

/// The program of the binary `name`, built first if need be.
pub fn binary(name: &str) -> PathBuf {
    build("--bin", name)
}

fn build(kind: &str, name: &str) -> PathBuf {
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--message-format=json", kind, name])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .expect("cargo runs");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let messages = String::from_utf8(built.stdout).expect("UTF-8");
    let executable = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == name)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from));
    executable.expect("cargo names the program")
}
