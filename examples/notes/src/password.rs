//! Hashes of passwords, with argon2id and the defaults of its crate.

use argon2::{
    Argon2,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};

use tokio::sync::Semaphore;

/// An account without a password, and an unknown user, have this hash: a login takes as long as
/// for any other user, and fails.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Each hash takes 19 MiB and about 20 ms, so more logins at once than this wait.
static HASHING: Semaphore = Semaphore::const_new(2);

/// Runs `f` on a thread that serves no requests.
async fn run<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> anyhow::Result<T> {
    let _permit = HASHING.acquire().await?;
    Ok(tokio::task::spawn_blocking(f).await?)
}

pub async fn hash(password: String) -> anyhow::Result<String> {
    let hash = run(move || Argon2::default().hash_password(password.as_bytes())).await?;
    Ok(hash?.to_string())
}

/// Whether `password` has this hash.
pub async fn verify(password: String, hash: Option<String>) -> anyhow::Result<bool> {
    run(move || {
        let hash = PasswordHash::new(hash.as_deref().unwrap_or(NOBODY));
        let verify = |hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok();
        hash.is_ok_and(verify)
    })
    .await
}
