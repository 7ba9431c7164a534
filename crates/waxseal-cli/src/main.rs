//! The `waxseal` command: makes keys, inspects, verifies and seals session tokens, rotates
//! keys in the safe order, and revokes sessions.

#![allow(
    rustdoc::invalid_rust_codeblocks,
    reason = "the doc comments of arguments are the help text, with shell commands as examples"
)]

mod args;
mod clock;
mod failure;
mod inspect;
mod keygen;
mod keys;
mod lines;
mod output;
mod revocations;
mod seal;
mod verify;

use std::{io::Write as _, process::ExitCode};

use clap::Parser as _;

use args::{Command, Waxseal};
use failure::Failure;

fn main() -> ExitCode {
    let result = match Waxseal::parse().command {
        Command::Keygen(args) => keygen::run(&args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Seal(args) => seal::run(&args),
        Command::Keys(args) => keys::run(&args.command),
        Command::Revocations(args) => revocations::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Quiet) => ExitCode::FAILURE,
        Err(Failure::Bad(message)) => {
            complain(&message);
            ExitCode::FAILURE
        }
        Err(Failure::Usage(message)) => {
            complain(&message);
            ExitCode::from(2)
        }
    }
}

/// Prints an error. A failure to print it is ignored, because the exit code also reports the
/// error.
fn complain(message: &str) {
    let _ = writeln!(anstream::stderr(), "waxseal: {}", output::visible_lines(message));
}
