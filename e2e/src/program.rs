//! Programs of the workspace: an example, or the `waxseal` command, as a reader
//! of the README runs it.

use std::{
    collections::BTreeMap,
    env,
    path::PathBuf,
    process::Command,
    sync::{Mutex, PoisonError},
};

use serde_json::Value;

/// The program of the example `name`, built first if need be.
pub fn example(name: &'static str) -> PathBuf {
    build(&["--example", name])
}

/// The program of the example `name` for actix-web.
pub fn actix_example(name: &'static str) -> PathBuf {
    build(&["-p", "waxseal", "--features", "actix", "--example", name])
}

/// The program of the example `name` among those that are no default member of
/// the workspace.
pub fn heavy_example(name: &'static str) -> PathBuf {
    build(&["-p", "examples", "--example", name])
}

/// The program of the binary `name`, built first if need be.
pub fn binary(name: &'static str) -> PathBuf {
    build(&["--bin", name])
}

/// The real Microdot, run by the Python that `MICRODOT_PYTHON` names; it has to
/// have `microdot` and `PyJWT`. `None` where the variable is not set.
pub fn microdot() -> Option<Command> {
    let mut command = Command::new(env::var_os("MICRODOT_PYTHON")?);
    command
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/microdot/server.py"))
        // PyJWT warns of keys as short as Microdot allows them.
        .env("PYTHONWARNINGS", "ignore");
    Some(command)
}

/// Builds the one target that `selection` names, last; once in a process.
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
