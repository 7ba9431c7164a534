//! `waxseal revocations`

mod check;
mod list;

use std::{fs, io::ErrorKind, path::PathBuf};

use waxseal_core::UnixTime;
use waxseal_revocation::{
    Entry, SessionKey, Store, StoreError,
    operator::{Operator, Summary},
};

use crate::{
    args::{RevocationsArgs, RevocationsCommand, revocation_store},
    clock,
    failure::Failure,
    output::{print, visible, warn},
};

pub(crate) fn run(args: &RevocationsArgs) -> Result<(), Failure> {
    #[cfg(feature = "postgres")]
    if matches!(args.command, RevocationsCommand::Sql) {
        return crate::output::print_plain(waxseal_revocation::Postgres::SCHEMA);
    }
    let (store, path) = revocation_store()?;
    let file = RevocationStore { store, path };
    match &args.command {
        RevocationsCommand::List { user, json } => list::list(&file, user.as_deref(), *json),
        RevocationsCommand::Count => list::count(&file),
        RevocationsCommand::Check => check::check(&file),
        RevocationsCommand::RevokeUser { user } => {
            file.open_to_write()?.revoke_user(user)?;
            print(&format!("Revoked all sessions of user \"{}\".\n", user.escape_debug()))
        }
        RevocationsCommand::RevokeSession { id } => {
            if SessionKey::new(id).to_string() != *id {
                warn("this session ID does not have the form of waxseal's IDs; check it");
            }
            file.open_to_write()?.revoke_session(id)?;
            print(&format!("Revoked session {}.\n", visible(id)))
        }
        RevocationsCommand::RevokeBefore { time } => {
            file.open_to_write()?.revoke_issued_before(*time)?;
            let time = clock::calendar(time.as_secs()).unwrap_or_else(|| time.to_string());
            print(&format!("Revoked all sessions issued before {time}.\n"))
        }
        RevocationsCommand::RevokeAll => {
            file.open_to_write()?.revoke_all()?;
            print("Revoked all sessions of all users.\n")
        }
        RevocationsCommand::Create { trust_existing } => create(&file, *trust_existing),
        #[cfg(feature = "postgres")]
        RevocationsCommand::Sql => Ok(()),
    }
}

fn create(file: &RevocationStore, trust_existing: bool) -> Result<(), Failure> {
    clock::must_be_set(UnixTime::now())?;
    if !Operator::create(&file.store, trust_existing)? {
        return Err(Failure::Bad(format!(
            "the revocation list {} already exists, so nothing was changed; to revoke all \
             sessions, run `waxseal revocations revoke-all`",
            file.store
        )));
    }
    print(if trust_existing {
        "Created a revocation list. No session was revoked.\n"
    } else {
        "Created a revocation list, and revoked every session issued before.\n"
    })
}

/// The store of a revocation list.
struct RevocationStore {
    store: Store,
    /// The path of a file.
    path: Option<PathBuf>,
}

impl RevocationStore {
    fn is_missing(&self) -> bool {
        self.path.as_ref().is_some_and(|path| {
            fs::symlink_metadata(path).is_err_and(|error| error.kind() == ErrorKind::NotFound)
        })
    }

    /// Connects to an existing store.
    fn open(&self) -> Result<Operator, Failure> {
        if self.is_missing() {
            return Err(self.no_list());
        }
        Ok(Operator::open(&self.store)?)
    }

    /// Like [`open`](Self::open), but requires that the clock was set: an entry with the time of
    /// an unset clock expires too early.
    fn open_to_write(&self) -> Result<Operator, Failure> {
        clock::must_be_set(UnixTime::now())?;
        self.open()
    }

    /// Reads all entries of an existing list.
    fn read(&self, visit: impl FnMut(Entry)) -> Result<Summary, Failure> {
        self.open()?.read(visit)?.ok_or_else(|| self.no_list())
    }

    fn no_list(&self) -> Failure {
        Failure::Bad(format!(
            "{} has no revocation list; start a server, or run `waxseal revocations \
             create`",
            self.store
        ))
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Bad(error.to_string())
    }
}
