//! The command line.

mod revocations;

use std::{env::VarError, fs, path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand};
use waxseal_core::{CookieSpec, Jwks, Sealer, Secret, UnixTime};
use zeroize::Zeroizing;

pub(crate) use self::revocations::{Moment, RevocationsArgs, RevocationsCommand};
use crate::{clock, failure::Failure};

/// Make keys for waxseal sessions, look into their tokens, verify and seal
/// them, rotate keys, and end sessions before their time.
///
/// Secrets come from the environment or a key file, never as arguments, and
/// never appear in the output of any command but `keygen` and `keys export`.
#[derive(Debug, Parser)]
#[command(name = "waxseal", version, arg_required_else_help = true)]
pub(crate) struct Waxseal {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Keygen(KeygenArgs),
    Inspect(InspectArgs),
    Verify(VerifyArgs),
    Seal(SealArgs),
    Keys(KeysArgs),
    Revocations(RevocationsArgs),
}

/// Print a new secret, or a key file with one new key.
///
/// The secret is 43 characters of base64url that stand for 32 random bytes;
/// the characters themselves are the secret. Keep it where your server's other
/// secrets are:
///
///     export SESSION_SECRET="$(waxseal keygen)"
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct KeygenArgs {
    /// Print a JSON Web Key Set with one signing key instead
    #[arg(long)]
    pub(crate) jwks: bool,
    /// The cookie that the key is bound to
    #[arg(long, value_name = "NAME", default_value = "__Host-session")]
    pub(crate) cookie: String,
}

/// Show what is in a token, for a person: header, claims, times as dates, size.
///
/// The token may stand alone, as `name=token`, or in a whole Cookie or
/// Set-Cookie line. Anybody can read a token; whether its signature verifies is
/// shown where a secret is given.
#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// The token; read from standard input if there is none
    pub(crate) token: Option<String>,
    #[command(flatten)]
    pub(crate) keys: KeyArgs,
}

/// Verify tokens and print a line of JSON for each.
///
///     {"ok":true,"claims":{…}}
///     {"ok":false,"reason":"expired"}
///
/// Exits with 0 if all are good, with 1 if any is not, with 2 on wrong usage.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct VerifyArgs {
    /// The tokens; read from standard input, one a line, if there are none
    pub(crate) tokens: Vec<String>,
    #[command(flatten)]
    pub(crate) keys: KeyArgs,
}

/// Seal JSON objects from standard input, one a line, and print a token for
/// each.
///
///     echo '{"username":"susan"}' | waxseal seal
///
/// Stops with exit code 1 at the first line that cannot be sealed.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct SealArgs {
    /// Whose sessions these are (the claim `sub`)
    #[arg(long, value_name = "USER")]
    pub(crate) user: Option<String>,
    #[command(flatten)]
    pub(crate) keys: KeyArgs,
}

/// Rotate the keys in a key file, in the safe order.
///
/// 1. `keys add FILE`      a new key, which only verifies. Reload all servers.
/// 2. `keys promote FILE`  it signs from now on; the old key verifies. Reload.
/// 3. `keys retire FILE`   the old key goes, when nothing under it is valid.
///
/// Each command refuses to go on too early. If a key has leaked, there is
/// `keys revoke FILE KID`; its help says what else must be done.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct KeysArgs {
    #[command(subcommand)]
    pub(crate) command: KeysCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Add a new key that only verifies; make the file with a first, signing
    /// key if there is none
    Add {
        file: PathBuf,
        /// The cookie that the keys are bound to; `__Host-session` in a new file
        #[arg(long, value_name = "NAME")]
        cookie: Option<String>,
        #[command(flatten)]
        now: NowArg,
    },
    /// Let a key sign: the newest that never has, or the one that is named
    ///
    /// Every server must accept the key before any signs with it, or sessions
    /// break that move between them. So this refuses until the key has been in
    /// the file for a while.
    Promote {
        file: PathBuf,
        #[arg(allow_hyphen_values = true)]
        kid: Option<String>,
        #[command(flatten)]
        pace: PaceArgs,
    },
    /// Remove keys under which nothing can still be valid, or the one that is
    /// named
    Retire {
        file: PathBuf,
        #[arg(allow_hyphen_values = true)]
        kid: Option<String>,
        /// The longest that a session lives without being read: the absolute
        /// limit, or the idle limit where that is shorter or the only one
        #[arg(long, value_name = "TIME", default_value = "30days", value_parser = humantime::parse_duration)]
        absolute: Duration,
        #[command(flatten)]
        pace: PaceArgs,
    },
    /// Remove a key that has leaked, at once
    ///
    /// Whoever has the key can write any session. Removing it ends all sessions
    /// under it. If it was the signing key, the oldest one that has never signed
    /// takes its place, or a new one. If the whole file has leaked, revoke every
    /// key in it. Then:
    ///
    ///   - reload every server now; until the last one has, the key is accepted
    ///   - find out how it leaked, and what else was in that place
    ///   - look in your own records for what was done under forged sessions
    ///   - where sessions grant access to other keys or tokens, change those, too
    #[command(verbatim_doc_comment)]
    Revoke {
        file: PathBuf,
        #[arg(allow_hyphen_values = true)]
        kid: String,
        #[command(flatten)]
        now: NowArg,
    },
    /// Show the keys of a file: their part, their times, what may be done next
    List {
        file: PathBuf,
        /// The longest that a session lives without being read: the absolute
        /// limit, or the idle limit where that is shorter or the only one
        #[arg(long, value_name = "TIME", default_value = "30days", value_parser = humantime::parse_duration)]
        absolute: Duration,
        /// How long it takes until every server has reloaded the file
        #[arg(long, value_name = "TIME", default_value = "10min", value_parser = humantime::parse_duration)]
        reload: Duration,
        #[command(flatten)]
        now: NowArg,
    },
    /// Print the key that is derived from the secret for a cookie, as the JSON
    /// Web Key Set that a gateway needs
    ///
    /// The output is a secret: whoever has it can write any session in that
    /// cookie.
    Export {
        /// The cookie
        #[arg(long, value_name = "NAME", default_value = "__Host-session")]
        cookie: String,
        #[command(flatten)]
        secret: SecretArg,
    },
}

#[derive(Debug, Args)]
pub(crate) struct PaceArgs {
    /// How long it takes until every server has reloaded the file
    #[arg(long, value_name = "TIME", default_value = "10min", value_parser = humantime::parse_duration)]
    pub(crate) reload: Duration,
    /// Do it too early all the same, for this reason; it is kept in the file.
    /// Also needed with a --now that is still to come
    #[arg(long, value_name = "REASON")]
    pub(crate) because: Option<String>,
    #[command(flatten)]
    pub(crate) now: NowArg,
}

#[derive(Debug, Args)]
pub(crate) struct NowArg {
    /// The time, in seconds since 1970, instead of the clock's
    #[arg(long, value_name = "UNIX")]
    now: Option<u64>,
}

impl NowArg {
    pub(crate) fn get(&self) -> UnixTime {
        self.now.map_or_else(clock::now, UnixTime::from_secs)
    }

    /// The same, for a time that goes into a file.
    pub(crate) fn to_record(&self) -> Result<UnixTime, Failure> {
        let now = self.get();
        clock::must_be_set(now)?;
        Ok(now)
    }

    /// Whether it says that it is later than it is.
    pub(crate) fn is_ahead(&self) -> bool {
        self.get() > clock::now()
    }
}

#[derive(Debug, Args)]
pub(crate) struct SecretArg {
    /// The environment variable that holds the secret, instead of
    /// `SESSION_SECRET`
    #[arg(long, value_name = "VARIABLE")]
    secret_env: Option<String>,
}

impl SecretArg {
    fn variable(&self) -> &str {
        self.secret_env.as_deref().unwrap_or("SESSION_SECRET")
    }

    /// A secret of any length. What stands in the variable is in no error.
    fn read_any(&self) -> Result<Zeroizing<String>, Failure> {
        let variable = self.variable();
        match std::env::var(variable) {
            Ok(secret) => Ok(Zeroizing::new(secret)),
            Err(VarError::NotPresent) => Err(Failure::Usage(format!("{variable} is not set"))),
            Err(VarError::NotUnicode(_)) => Err(Failure::Usage(format!("{variable} is not UTF-8"))),
        }
    }

    pub(crate) fn read(&self) -> Result<Secret, Failure> {
        Secret::from_env(self.variable())
            .map_err(|error| Failure::Usage(format!("{}: {error}", self.variable())))
    }

    /// Whether there is a secret, or should be.
    fn is_meant(&self) -> bool {
        self.secret_env.is_some() || std::env::var_os(self.variable()).is_some()
    }
}

/// Where keys come from, and what tokens are measured by.
#[derive(Debug, Args)]
pub(crate) struct KeyArgs {
    #[command(flatten)]
    secret: SecretArg,
    /// A key file, instead of a secret
    #[arg(long, value_name = "FILE", conflicts_with = "microdot")]
    jwks: Option<PathBuf>,
    /// The cookie that the tokens are for: each has its own key
    #[arg(long, value_name = "NAME", default_value = "__Host-session")]
    cookie: String,
    /// The tokens are Microdot's; the secret is the key itself, of any length
    #[arg(long)]
    microdot: bool,
    /// How long a session lives without activity; `off` for no limit
    #[arg(long, value_name = "TIME", default_value = "7days", value_parser = limit)]
    idle: Limit,
    /// How long a session lives from its beginning; `off` for no limit
    #[arg(long, value_name = "TIME", default_value = "30days", value_parser = limit)]
    absolute: Limit,
    /// The longest token that is looked at, in bytes
    #[arg(long, value_name = "N", default_value_t = 4096)]
    pub(crate) max_bytes: usize,
    #[command(flatten)]
    pub(crate) now: NowArg,
}

#[derive(Clone, Copy, Debug)]
struct Limit(Option<Duration>);

fn limit(text: &str) -> Result<Limit, humantime::DurationError> {
    if text == "off" {
        Ok(Limit(None))
    } else {
        humantime::parse_duration(text).map(|time| Limit(Some(time)))
    }
}

impl KeyArgs {
    /// Whether any key is given.
    pub(crate) fn has_key(&self) -> bool {
        self.jwks.is_some() || self.secret.is_meant()
    }

    pub(crate) fn cookie(&self) -> &str {
        if self.microdot { "session" } else { &self.cookie }
    }

    pub(crate) fn sealer(&self) -> Result<Sealer, Failure> {
        if self.microdot {
            return Sealer::microdot(&*self.secret.read_any()?).map_err(Failure::usage);
        }
        let cookie = CookieSpec::builder(&self.cookie).build().map_err(Failure::usage)?;
        let builder = match &self.jwks {
            Some(path) => Sealer::builder(read_jwks(path)?),
            None => Sealer::builder(self.secret.read()?),
        };
        builder
            .cookie(cookie)
            .idle_timeout(self.idle.0)
            .absolute_timeout(self.absolute.0)
            .max_token_bytes(self.max_bytes)
            .build()
            .map_err(Failure::usage)
    }
}

fn read_jwks(path: &PathBuf) -> Result<Jwks, Failure> {
    let text = fs::read_to_string(path).map(Zeroizing::new);
    let text = text.map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))?;
    Jwks::parse(&text).map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))
}
