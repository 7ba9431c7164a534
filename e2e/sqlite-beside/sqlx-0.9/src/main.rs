//! Opens a revocation list and a database of sqlx 0.9 in one process.

use sqlx::{Connection as _, Row as _, SqliteConnection};
use waxseal_revocation::{RevocationList, State, Store};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let list = RevocationList::builder(Store::sqlite(folder.path().join("sessions.db"))).open()?;
    list.revoke_user("susan").await?;
    assert_eq!(list.readiness().state, State::Current);
    assert_eq!(list.readiness().entries, 1);

    let url = format!("sqlite:{}?mode=rwc", folder.path().join("app.db").display());
    let mut database = SqliteConnection::connect(&url).await?;
    let row = sqlx::query("SELECT sqlite_version()").fetch_one(&mut database).await?;
    println!("beside sqlx 0.9: SQLite {}", row.try_get::<String, _>(0)?);
    Ok(())
}
