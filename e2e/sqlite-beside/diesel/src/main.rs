//! Opens a revocation list and a database of diesel in one process.

use diesel::{Connection as _, RunQueryDsl as _, SqliteConnection, dsl::sql, sql_types::Text};
use waxseal_revocation::{RevocationList, State, Store};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let list = RevocationList::builder(Store::sqlite(folder.path().join("sessions.db"))).open()?;
    pollster::block_on(list.revoke_user("susan"))?;
    assert_eq!(list.readiness().state, State::Current);
    assert_eq!(list.readiness().entries, 1);

    let file = folder.path().join("app.db").display().to_string();
    let mut database = SqliteConnection::establish(&file)?;
    let version: String =
        diesel::select(sql::<Text>("sqlite_version()")).get_result(&mut database)?;
    println!("beside diesel: SQLite {version}");
    Ok(())
}
