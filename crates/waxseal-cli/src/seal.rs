//! `waxseal seal`

use std::{
    io::{self, BufWriter, Write as _},
    pin::pin,
    task::{Context, Poll, Waker},
};

use serde_json::value::RawValue;
use waxseal_core::{OpenSession, RandomError, Sealer, UnixTime};

use crate::{args::SealArgs, failure::Failure, lines::Lines};

/// The maximum length of a line, in bytes, which is more than a cookie can hold.
const MAX_LINE: usize = 1 << 16;

pub(crate) fn run(args: &SealArgs) -> Result<(), Failure> {
    let sealer = args.keys.sealer()?;
    let now = args.keys.now.get();
    let mut output = BufWriter::new(io::stdout().lock());
    let mut lines = Lines::new(io::stdin().lock(), MAX_LINE);
    let mut number = 0_u64;
    while let Some(line) = lines.next()? {
        number += 1;
        match seal(&sealer, line, args.user.as_deref(), now) {
            Ok(token) => writeln!(output, "{token}")?,
            Err(error) => {
                output.flush()?;
                return Err(Failure::Bad(format!("line {number}: {error}")));
            }
        }
    }
    output.flush()?;
    Ok(())
}

fn seal(sealer: &Sealer, line: &[u8], user: Option<&str>, now: UnixTime) -> Result<String, String> {
    // Raw text keeps all digits of a number.
    let data: &RawValue = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    let session = OpenSession::open(sealer, [], now).map_err(|error| error.to_string())?;
    let mut session = session.with_randomness(random);
    session.set_data(data).map_err(|error| error.to_string())?;
    let saved = match user {
        Some(user) => session.log_in(user),
        None => session.save(),
    };
    saved.map_err(|error| error.to_string())?;
    // A new session revokes none, so the future is ready at once.
    let finish = pin!(session.finish()).poll(&mut Context::from_waker(Waker::noop()));
    let Poll::Ready(Ok(changes)) = finish else { return Err("the session is not sealed".into()) };
    let pair = changes.set_cookie_lines().next_back().and_then(|line| line.split(';').next());
    Ok(pair
        .and_then(|pair| pair.split_once('='))
        .map(|(_, token)| token.into())
        .unwrap_or_default())
}

fn random() -> Result<[u8; 16], RandomError> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).map_err(|_| RandomError)?;
    Ok(bits)
}
