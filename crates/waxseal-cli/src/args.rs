//! The command line.

mod revocations;

use std::{env::VarError, fs, path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand};
use waxseal_core::{CookieSpec, Jwks, Sealer, Secret, SecretError, UnixTime};
use zeroize::Zeroizing;

pub(crate) use self::revocations::{RevocationsArgs, RevocationsCommand, revocation_store};
use crate::{clock, failure::Failure};

/// Generate keys, inspect, verify and seal session tokens, rotate keys, and
/// revoke sessions.
///
/// Secrets are read from the environment or a key file, and are never passed as
/// arguments. Only `keygen` and `keys export` print secrets.
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

/// Print a new secret, or a key file with one new key
///
/// The secret is 32 random bytes, encoded as 43 characters of base64url. Use the
/// text itself as the secret, without decoding it. Store it with the other secrets
/// of the server:
///
///     export SESSION_SECRET="$(waxseal keygen)"
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct KeygenArgs {
    /// Print a JSON Web Key Set with one key instead of a secret
    #[arg(long)]
    pub(crate) jwks: bool,
    /// The cookie that the key is bound to
    #[arg(long, value_name = "NAME", default_value = "__Host-session")]
    pub(crate) cookie: String,
    /// The application and the marker that the key is bound to: `shop`, `shop/admin` or
    /// `/admin`
    #[arg(long, value_name = "PURPOSE", requires = "jwks")]
    pub(crate) purpose: Option<String>,
    /// With --jwks: print a key that encrypts instead of one that signs. A secret works
    /// for both
    #[arg(long, requires = "jwks")]
    pub(crate) encrypted: bool,
}

/// Show the content of a token: header, claims, times as dates, size.
///
/// Accepts a token, a pair `name=token`, or a complete Cookie or Set-Cookie line.
/// A signed token can be read without a key. With a secret or a key file, the
/// command also verifies the signature and the times, and with --encrypted it
/// decrypts an encrypted token.
#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// The token; read from standard input if omitted. Other users of the machine can
    /// see an argument
    pub(crate) token: Option<String>,
    #[command(flatten)]
    pub(crate) keys: KeyArgs,
}

/// Verify tokens, and print a line of JSON for each
///
///     {"ok":true,"claims":{…}}
///     {"ok":false,"reason":"expired"}
///
/// Exits with 0 if all tokens are valid, 1 if a token is invalid, and 2 on wrong
/// usage. Checks neither a revocation list nor the device of a bound session: a valid
/// token can be that of a user who has logged out.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct VerifyArgs {
    /// The tokens; read from standard input, one per line, if omitted. Other users of the
    /// machine can see arguments
    pub(crate) tokens: Vec<String>,
    #[command(flatten)]
    pub(crate) keys: KeyArgs,
}

/// Seal JSON objects from standard input, one per line, and print their tokens
///
///     echo '{"username":"susan"}' | waxseal seal
///
/// Stops with exit code 1 at the first line that cannot be sealed.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct SealArgs {
    /// The user of the sessions (the claim `sub`)
    #[arg(long, value_name = "USER")]
    pub(crate) user: Option<String>,
    #[command(flatten)]
    pub(crate) keys: KeyArgs,
}

/// Rotate the keys in a key file, in the safe order
///
/// 1. `keys add FILE`      adds a new key, which only opens sessions. Reload all servers.
/// 2. `keys promote FILE`  the new key seals (signs or encrypts), not the old. Reload.
/// 3. `keys retire FILE`   removes the old key, once all its sessions have expired.
///
/// A step that is too early is an error. If a key has leaked, use
/// `keys revoke FILE KID`; its help lists the further steps.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct KeysArgs {
    #[command(subcommand)]
    pub(crate) command: KeysCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Add a new key that only opens; if the file does not exist, create it with a key
    /// that seals
    Add {
        /// The key file
        file: PathBuf,
        /// The cookie that the keys are bound to (`__Host-session` in a new file)
        #[arg(long, value_name = "NAME")]
        cookie: Option<String>,
        /// The application and the marker that the keys are bound to: `shop`,
        /// `shop/admin` or `/admin`
        #[arg(long, value_name = "PURPOSE")]
        purpose: Option<String>,
        /// In a new file, or one with both kinds of key: a key for encrypted sessions
        #[arg(long)]
        encrypted: bool,
        #[command(flatten)]
        now: NowArg,
    },
    /// Make KID the key that seals, or else the newest key that has never sealed
    ///
    /// Every server must have loaded the key before a server seals with it.
    /// Otherwise, servers reject each other's sessions. The command therefore fails
    /// until the key has been in the file for the time of --reload.
    Promote {
        /// The key file
        file: PathBuf,
        /// The ID of the key
        #[arg(allow_hyphen_values = true)]
        kid: Option<String>,
        #[command(flatten)]
        pace: PaceArgs,
    },
    /// Remove the keys whose sessions have all expired, or only KID
    Retire {
        /// The key file
        file: PathBuf,
        /// The ID of the key
        #[arg(allow_hyphen_values = true)]
        kid: Option<String>,
        /// How long a session of an old key can stay valid without a request: the
        /// absolute timeout of the sealer, or its idle timeout if that is shorter
        #[arg(long, value_name = "TIME", default_value = "30days", value_parser = humantime::parse_duration)]
        absolute: Duration,
        #[command(flatten)]
        pace: PaceArgs,
    },
    /// Remove a leaked key at once
    ///
    /// An attacker with the key can forge any session. Removing the key
    /// invalidates all sessions that it has sealed. If it was the key that seals, the
    /// oldest key that has never sealed replaces it, or a new key if every key has
    /// sealed. If the whole file has leaked, revoke every key in it. Then:
    ///
    ///   - reload every server now, and every gateway and reader with the key; each
    ///     accepts the key until it reloads. A server that cannot read the new file
    ///     keeps the old keys, and logs an error
    ///   - if another key has sealed while servers accepted this one, servers have
    ///     moved sessions to it, also forged ones. To end them, wait for a minute after
    ///     the last server has reloaded, and run `waxseal revocations revoke-before`
    ///     with the time now, which logs everyone out. The other cutoffs do not end a
    ///     forged session. Without a revocation list, revoke the other key, too
    ///   - find out how the key leaked, and what else leaked with it
    ///   - search your records for actions in forged sessions
    ///   - if sessions grant access to other keys or tokens, replace those, too
    #[command(verbatim_doc_comment)]
    Revoke {
        /// The key file
        file: PathBuf,
        /// The ID of the key
        #[arg(allow_hyphen_values = true)]
        kid: String,
        #[command(flatten)]
        now: NowArg,
    },
    /// Show the keys in a file: their state, their times, and when they can be
    /// retired
    List {
        /// The key file
        file: PathBuf,
        /// How long a session of an old key can stay valid without a request: the
        /// absolute timeout of the sealer, or its idle timeout if that is shorter
        #[arg(long, value_name = "TIME", default_value = "30days", value_parser = humantime::parse_duration)]
        absolute: Duration,
        /// The time until every server has reloaded the file
        #[arg(long, value_name = "TIME", default_value = "10min", value_parser = humantime::parse_duration)]
        reload: Duration,
        #[command(flatten)]
        now: NowArg,
    },
    /// Print the key that is derived from the secret for a cookie, as a JSON Web
    /// Key Set for a gateway; only for sessions without an application or a marker
    ///
    /// The output is a secret: with it, an attacker can forge any session in that
    /// cookie.
    Export {
        /// The cookie that the key is for
        #[arg(long, value_name = "NAME", default_value = "__Host-session")]
        cookie: String,
        /// The key for encrypted sessions
        #[arg(long)]
        encrypted: bool,
        #[command(flatten)]
        secret: SecretArg,
    },
}

#[derive(Debug, Args)]
pub(crate) struct PaceArgs {
    /// The time until every server has reloaded the file
    #[arg(long, value_name = "TIME", default_value = "10min", value_parser = humantime::parse_duration)]
    pub(crate) reload: Duration,
    /// Run the step although it is too early; the file records the reason. Also
    /// required if --now is in the future
    #[arg(long, value_name = "REASON")]
    pub(crate) because: Option<String>,
    #[command(flatten)]
    pub(crate) now: NowArg,
}

#[derive(Debug, Args)]
pub(crate) struct NowArg {
    /// Use this time, in seconds since 1970, instead of the system clock
    #[arg(long, value_name = "UNIX")]
    now: Option<u64>,
}

impl NowArg {
    pub(crate) fn get(&self) -> UnixTime {
        self.now.map_or_else(UnixTime::now, UnixTime::from_secs)
    }

    /// Like [`get`](Self::get), but rejects the time of a clock that was never set, because
    /// the time is written to a file.
    pub(crate) fn to_record(&self) -> Result<UnixTime, Failure> {
        let now = self.get();
        clock::must_be_set(now)?;
        Ok(now)
    }

    /// Returns whether `--now` is in the future.
    pub(crate) fn is_ahead(&self) -> bool {
        self.get() > UnixTime::now()
    }
}

#[derive(Debug, Args)]
pub(crate) struct SecretArg {
    /// Read the secret from this environment variable instead of `SESSION_SECRET`
    #[arg(long, value_name = "VARIABLE")]
    secret_env: Option<String>,
}

impl SecretArg {
    fn variable(&self) -> &str {
        self.secret_env.as_deref().unwrap_or("SESSION_SECRET")
    }

    /// Reads a secret of any length. No error contains the value of the variable.
    fn read_any(&self) -> Result<Zeroizing<String>, Failure> {
        let variable = self.variable();
        match std::env::var(variable) {
            Ok(secret) => Ok(Zeroizing::new(secret)),
            Err(VarError::NotPresent) => {
                Err(Failure::Usage(format!("{variable} is not set; set it to the secret")))
            }
            Err(VarError::NotUnicode(_)) => Err(Failure::Usage(format!("{variable} is not UTF-8"))),
        }
    }

    pub(crate) fn read(&self) -> Result<Secret, Failure> {
        Secret::from_env(self.variable()).map_err(|error| match error {
            SecretError::TooShort { .. } => Failure::Usage(format!("{}: {error}", self.variable())),
            names_the_variable => Failure::Usage(names_the_variable.to_string()),
        })
    }

    /// Returns whether a secret is set, or `--secret-env` is given.
    fn is_meant(&self) -> bool {
        self.secret_env.is_some() || std::env::var_os(self.variable()).is_some()
    }
}

/// The source of the keys, and the rules for tokens.
#[derive(Debug, Args)]
pub(crate) struct KeyArgs {
    #[command(flatten)]
    secret: SecretArg,
    /// Use this key file instead of a secret
    #[arg(long, value_name = "FILE", conflicts_with = "microdot")]
    jwks: Option<PathBuf>,
    /// The cookie that the tokens belong to; each cookie has its own key
    #[arg(long, value_name = "NAME", default_value = "__Host-session")]
    cookie: String,
    /// The application of the sessions
    #[arg(long, value_name = "NAME", conflicts_with = "microdot")]
    application: Option<String>,
    /// The marker of the sessions: the `PURPOSE` of its type
    #[arg(long, value_name = "MARKER", conflicts_with = "microdot")]
    marker: Option<String>,
    /// Use Microdot's token format; the secret is the key itself and can have any
    /// length
    #[arg(long)]
    microdot: bool,
    /// The sessions are encrypted
    #[arg(long, conflicts_with = "microdot")]
    encrypted: bool,
    /// The idle timeout of sessions; `off` for none
    #[arg(long, value_name = "TIME", default_value = "7days", value_parser = timeout)]
    idle: Timeout,
    /// The absolute timeout of sessions; `off` for none
    #[arg(long, value_name = "TIME", default_value = "30days", value_parser = timeout)]
    absolute: Timeout,
    /// The maximum size of a token, in bytes
    #[arg(long, value_name = "N", default_value_t = 4096)]
    pub(crate) max_bytes: usize,
    #[command(flatten)]
    pub(crate) now: NowArg,
}

#[derive(Clone, Copy, Debug)]
struct Timeout(Option<Duration>);

fn timeout(text: &str) -> Result<Timeout, humantime::DurationError> {
    if text == "off" {
        Ok(Timeout(None))
    } else {
        humantime::parse_duration(text).map(|time| Timeout(Some(time)))
    }
}

impl KeyArgs {
    /// Returns whether a secret or a key file is given.
    pub(crate) fn has_key(&self) -> bool {
        self.jwks.is_some() || self.secret.is_meant()
    }

    pub(crate) fn is_encrypted(&self) -> bool {
        self.encrypted
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
        let builder = match &self.application {
            Some(name) => builder.application(name),
            None => builder,
        };
        let builder = match &self.marker {
            // A marker is a constant of a program; this one lives as long as the command.
            Some(purpose) => builder.marker_purpose(purpose.clone().leak()),
            None => builder,
        };
        let builder = if self.encrypted { builder.encrypted() } else { builder };
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
