//! Programs of the workspace: the examples and the `waxseal` command, built as in the README.

use std::{
    collections::BTreeMap,
    env,
    path::PathBuf,
    process::Command,
    sync::{Mutex, PoisonError},
};

use serde_json::Value;

/// Builds the example `name` and returns the path of its program.
pub fn example(name: &'static str) -> PathBuf {
    build(&["--example", name])
}

/// Like [`example`], for an example of actix-web.
pub fn actix_example(name: &'static str) -> PathBuf {
    build(&["-p", "waxseal", "--features", "actix", "--example", name])
}

/// Like [`example`], for an example in a package that is not a default member of the workspace.
pub fn heavy_example(name: &'static str) -> PathBuf {
    build(&["-p", "examples", "--example", name])
}

/// Like [`heavy_example`], for an example that a feature of its name enables.
pub fn feature_example(name: &'static str) -> PathBuf {
    build(&["-p", "examples", "--features", name, "--example", name])
}

/// Builds the application `notes`.
pub fn notes() -> PathBuf {
    build(&["-p", "notes", "--bin", "notes"])
}

/// Builds the application `notes` with the stores of many servers.
pub fn notes_with_all_stores() -> PathBuf {
    build(&["-p", "notes", "--features", "redis,postgres", "--bin", "notes"])
}

/// Builds the binary `name` and returns its path.
pub fn binary(name: &'static str) -> PathBuf {
    build(&["--bin", name])
}

/// Builds the command `waxseal` with the stores of many servers.
pub fn command_with_all_stores() -> PathBuf {
    build(&["-p", "waxseal-cli", "--features", "redis-tls,postgres-tls", "--bin", "waxseal"])
}

/// Builds the example `login` with the stores of many servers.
pub fn login_with_all_stores() -> PathBuf {
    build(&["-p", "login", "--features", "redis,postgres", "--example", "login"])
}

/// Builds the example `login` with device binding. A test that uses it cannot use the other builds
/// of `login`, which have the same path.
pub fn login_with_device_binding() -> PathBuf {
    build(&["-p", "login", "--features", "device-bound", "--example", "login"])
}

/// A server on Microdot, run by the Python that `MICRODOT_PYTHON` names, with the packages
/// `microdot` and `PyJWT`. `None` if the variable is not set.
pub fn microdot() -> Option<Command> {
    let mut command = Command::new(env::var_os("MICRODOT_PYTHON")?);
    command
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/microdot/server.py"))
        // PyJWT warns about short keys, which Microdot allows.
        .env("PYTHONWARNINGS", "ignore");
    Some(command)
}

/// Builds the target whose name is the last of `selection`, once per process.
fn build(selection: &[&'static str]) -> PathBuf {
    static BUILT: Mutex<BTreeMap<&str, PathBuf>> = Mutex::new(BTreeMap::new());
    let name = *selection.last().expect("a name");
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    built.entry(name).or_insert_with(|| cargo_build(selection, name)).clone()
}

fn cargo_build(selection: &[&str], name: &str) -> PathBuf {
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--message-format=json"])
        .args(selection)
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
