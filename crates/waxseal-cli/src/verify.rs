//! `waxseal verify`

use std::{
    io::{self, BufWriter, IsTerminal as _, Write},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};
use waxseal_core::{Sealer, UnixTime};

use crate::{
    args::VerifyArgs,
    failure::Failure,
    lines::Lines,
    output::{visible_json, warn},
};

/// A session cookie logs its holder in.
pub(crate) const TOKEN_IN_ARGUMENTS: &str = "other users of this machine can see the arguments of \
    a command, and a token logs its holder in; pass tokens on standard input";

pub(crate) fn run(args: &VerifyArgs) -> Result<(), Failure> {
    let sealer = args.keys.sealer()?;
    let now = args.keys.now.get();
    let mut output = BufWriter::new(io::stdout().lock());
    let mut all_good = true;

    if args.tokens.is_empty() {
        let progress = progress();
        let mut lines = Lines::new(io::stdin().lock(), args.keys.max_bytes.saturating_add(1));
        while let Some(token) = lines.next()? {
            all_good &= verify(&sealer, token, now, &mut output)?;
            progress.inc(1);
        }
        progress.finish_and_clear();
    }
    if !args.tokens.is_empty() {
        warn(TOKEN_IN_ARGUMENTS);
    }
    for token in &args.tokens {
        all_good &= verify(&sealer, token.as_bytes(), now, &mut output)?;
    }
    output.flush()?;
    if all_good { Ok(()) } else { Err(Failure::Quiet) }
}

fn verify(
    sealer: &Sealer,
    token: &[u8],
    now: UnixTime,
    output: &mut impl Write,
) -> io::Result<bool> {
    let verdict = sealer.verify(token, now);
    match &verdict {
        // A line break in the claims is JSON whitespace: no JSON string contains one.
        Ok(claims) => {
            let claims = claims.replace(['\n', '\r', '\t'], " ");
            writeln!(output, r#"{{"ok":true,"claims":{}}}"#, visible_json(claims.trim()))?;
        }
        Err(rejection) => writeln!(output, r#"{{"ok":false,"reason":"{}"}}"#, rejection.as_str())?,
    }
    Ok(verdict.is_ok())
}

/// Shown if the input is a pipe and the output a terminal, and hidden otherwise.
fn progress() -> ProgressBar {
    if io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} {human_pos} tokens, {per_sec}, {elapsed}");
    let bar = ProgressBar::new_spinner();
    bar.enable_steady_tick(Duration::from_millis(200));
    style.map_or(bar.clone(), |style| bar.with_style(style))
}
