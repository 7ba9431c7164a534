//! A million tokens through a pipe, in constant memory.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Command, Stdio},
    thread,
};

const TOKENS: usize = 1_000_000;

fn waxseal(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_waxseal"));
    command.args(arguments).env("SESSION_SECRET", "a secret of more than 32 characters, for tests");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn token() -> Vec<u8> {
    let mut seal = waxseal(&["seal"]).spawn().unwrap();
    seal.stdin.take().unwrap().write_all(b"{\"username\":\"susan\"}").unwrap();
    seal.wait_with_output().unwrap().stdout
}

/// The peak memory of the process, in KiB.
fn peak(id: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

#[test]
fn a_million_tokens_are_verified_in_constant_memory() {
    let token = token();
    let mut verify = waxseal(&["verify"]).spawn().unwrap();
    let (id, mut stdin) = (verify.id(), verify.stdin.take().unwrap());
    let writer = thread::spawn(move || {
        let batch = token.repeat(1000);
        (0..TOKENS / 1000).for_each(|_| stdin.write_all(&batch).unwrap());
    });
    let mut output = BufReader::new(verify.stdout.take().unwrap());
    let (mut line, mut verified) = (String::new(), 0);
    let mut memory = Vec::new();
    while output.read_line(&mut line).unwrap() > 0 {
        assert!(line.starts_with("{\"ok\":true,"), "{line}");
        line.clear();
        verified += 1;
        if verified % (TOKENS / 10) == 0 {
            memory.extend(peak(id));
        }
    }
    writer.join().unwrap();
    assert_eq!(verified, TOKENS);
    assert!(verify.wait().unwrap().success());
    // Without /proc, memory is not checked.
    if let (Some(first), Some(last)) = (memory.first(), memory.last()) {
        assert!(last - first < 1024, "grew from {first} to {last} KiB");
        assert!(*last < 64 << 10, "{last} KiB");
    }
    // No progress bar, because standard error is a pipe.
    let mut said = String::new();
    BufReader::new(verify.stderr.take().unwrap()).read_line(&mut said).unwrap();
    assert_eq!(said, "");
}
