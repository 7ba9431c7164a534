//! Hashes of passwords, with argon2id and the defaults of its crate.

use argon2::{
    Argon2,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};

use crate::failure::Failure;

/// An account without a password, and an unknown user, have this hash: a login takes as long as
/// for any other user, and fails.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Hashing takes about 20 ms, so it does not run on the threads that serve requests.
pub async fn hash(password: String) -> Result<String, Failure> {
    tokio::task::spawn_blocking(move || {
        let hash = Argon2::default().hash_password(password.as_bytes());
        hash.map(|hash| hash.to_string()).map_err(|error| error.to_string().into())
    })
    .await?
}

/// Whether `password` has this hash.
pub async fn verify(password: String, hash: Option<String>) -> Result<bool, Failure> {
    let verify = move || {
        let hash = PasswordHash::new(hash.as_deref().unwrap_or(NOBODY));
        let verify = |hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok();
        hash.is_ok_and(verify)
    };
    Ok(tokio::task::spawn_blocking(verify).await?)
}
