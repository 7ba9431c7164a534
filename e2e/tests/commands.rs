//! Runs every block of commands in the README and in `docs`, as the table says. A block that the
//! table does not list fails the test, and so does an entry without a block.

#[path = "commands/table.rs"]
mod table;

use std::{
    env,
    ffi::OsString,
    io::{BufRead as _, BufReader},
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Command, Stdio},
};

use e2e::{
    pages::{Block, guides, root},
    program::{binary, example},
    server::{Format, Server},
};
use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use table::{Entry, How, Run, TABLE};

const SECRET: &str = "a secret for the commands of the pages";

/// The search path with the built command `waxseal`.
fn search_path() -> OsString {
    let waxseal = binary("waxseal");
    let before = env::var_os("PATH").unwrap_or_default();
    let folders = waxseal.parent().map(Path::to_owned).into_iter().chain(env::split_paths(&before));
    env::join_paths(folders).expect("a search path")
}

fn bash(script: &str, folder: &Path) -> Command {
    // The limit includes the time to build an example.
    let mut command = Command::new("timeout");
    command.args(["600", "bash", "-eu", "-o", "pipefail", "-c", script]).current_dir(folder);
    command.env("PATH", search_path()).env("SESSION_SECRET", SECRET).env_remove("REVOCATIONS");
    command.stdin(Stdio::null());
    command
}

/// Panics unless `output` contains the texts in this order.
fn assert_prints(output: &str, texts: &[impl AsRef<str>], at: &str) {
    let mut rest = output;
    for text in texts.iter().map(AsRef::as_ref) {
        let (_, after) =
            rest.split_once(text).unwrap_or_else(|| panic!("{at}: no {text:?} in {output}"));
        rest = after;
    }
}

fn run(script: &str, folder: &Path, at: &str) -> String {
    let output = bash(script, folder).output().expect("bash runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{at}: {}\n{said}{errors}", output.status);
    said
}

fn runs(block: &Block, how: &Run, at: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut text = block.text.clone();
    for (from, to) in how.replace {
        assert!(text.contains(from), "{at}: the block has no {from}");
        text = text.replace(from, to);
    }
    let output = run(&format!("{}\n{text}{}", how.before, how.after), folder.path(), at);
    assert_prints(&output, how.prints, at);
}

/// Runs a block that starts a server, until it prints its address.
fn serves(block: &Block, before: &str, at: &str) {
    let mut command = bash(&format!("{before}\n{}", block.text), root());
    command.env("PORT", "0").stdout(Stdio::piped()).process_group(0);
    let mut child = command.spawn().expect("bash runs");
    let output = BufReader::new(child.stdout.take().expect("a pipe"));
    // A server that ends closes its output.
    let address = output.lines().map_while(Result::ok).find(|line| line.contains("http://"));
    let group = Pid::from_raw(child.id().try_into().expect("a process id"));
    let _ = killpg(group, Signal::SIGKILL);
    let _ = child.wait();
    assert!(address.is_some(), "{at}: no server");
}

/// Runs requests to the program of the quick start.
fn requests(block: &Block, at: &str) {
    let server = Server::start(&mut Command::new(example("quick-start")), Format::Waxseal);
    let folder = tempfile::tempdir().expect("a folder");
    let address = server.url.replace("127.0.0.1", "localhost");
    let script = block.text.replace("http://localhost:3000", &address);
    let expected: Vec<_> = block
        .text
        .lines()
        .filter_map(|line| line.split_once("# "))
        .map(|(_, output)| output)
        .collect();
    assert!(!expected.is_empty(), "{at}: no output to compare");
    let output = run(&script, folder.path(), at);
    let output: Vec<_> = output.lines().collect();
    assert_eq!(output, expected, "{at}");
}

fn entry(page: &str, block: &Block) -> Option<&'static Entry> {
    let first = block.text.lines().next();
    TABLE.iter().find(|entry| entry.page == page && Some(entry.first) == first)
}

#[test]
fn every_block_of_commands_runs() {
    let mut found = 0;
    for page in guides() {
        for block in page.blocks() {
            let at = format!("{}:{}", page.name, block.line);
            let is_other = ["bash", "shell", "console"].contains(&&*block.language);
            assert!(!is_other, "{at}: write `sh`");
            if block.language != "sh" {
                continue;
            }
            let entry = entry(&page.name, &block);
            let entry = entry
                .unwrap_or_else(|| panic!("{at}: tests/commands/table.rs lists no such block"));
            found += 1;
            match &entry.how {
                How::Runs(how) => runs(&block, how, &at),
                How::Serves { before } => serves(&block, before, &at),
                How::Requests => requests(&block, &at),
                How::NotRun(reason) => println!("{at} is not run: {reason}"),
            }
        }
    }
    assert_eq!(found, TABLE.len(), "an entry of the table has no block");
}
