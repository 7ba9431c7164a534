//! The users, and what axum-login must know about them.

use std::{collections::HashSet, sync::Arc};

use axum_login::{AuthUser, AuthnBackend, AuthzBackend, UserId};
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// The session of axum-login, with these users.
pub type AuthSession = axum_login::AuthSession<Backend>;

/// A user of the application.
#[derive(Clone, Debug)]
pub struct User {
    id: i64,
    /// The name for the login.
    pub name: &'static str,
    password: &'static str,
    permissions: &'static [&'static str],
    auth_hash: Vec<u8>,
}

impl User {
    /// `password` is an argon2 hash.
    fn new(
        id: i64,
        name: &'static str,
        password: &'static str,
        permissions: &'static [&'static str],
    ) -> Self {
        // The session contains it, and its cookie is signed but not encrypted: not the hash of
        // the password itself, which an attacker could try passwords on.
        let auth_hash = Sha256::digest(password).to_vec();
        Self { id, name, password, permissions, auth_hash }
    }
}

impl AuthUser for User {
    type Id = i64;

    fn id(&self) -> i64 {
        self.id
    }

    /// A new password ends the sessions.
    fn session_auth_hash(&self) -> &[u8] {
        &self.auth_hash
    }
}

/// The login form.
#[derive(Clone, Deserialize)]
pub struct Credentials {
    name: String,
    password: String,
    /// The page to continue with.
    pub next: Option<String>,
}

/// The users, in memory.
#[derive(Clone, Debug)]
pub struct Backend(Arc<[User]>);

impl Backend {
    /// Ferris can read, and Corro can also edit.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new([
            User::new(1, "ferris", FERRIS, &["read"]),
            User::new(2, "corro", CORRO, &["read", "edit"]),
        ]))
    }
}

impl Default for Backend {
    fn default() -> Self {
        Self::new()
    }
}

/// The argon2 hash of "crab".
const FERRIS: &str = "$argon2id$v=19$m=19456,t=2,p=1$+VfA2MEiC2BY0guZ/ohSKw$GdOewmesCAsbM5nkxv9prMAPn6E0U7p6XcJ2MdLTg8w";
/// The argon2 hash of "unsafe".
const CORRO: &str = "$argon2id$v=19$m=19456,t=2,p=1$A5cBkEXTnemo8qP8wUf9aw$AlgziMTKNePKYNvsVJDCfw0ZEi+RfKpTNQ/PO2OwjNc";

impl AuthnBackend for Backend {
    type User = User;
    type Credentials = Credentials;
    type Error = tokio::task::JoinError;

    async fn authenticate(&self, form: Credentials) -> Result<Option<User>, Self::Error> {
        let user = self.0.iter().find(|user| user.name == form.name).cloned();
        // argon2 takes long.
        let verify = move |user: &User| {
            password_auth::verify_password(form.password.as_bytes(), user.password).is_ok()
        };
        tokio::task::spawn_blocking(move || user.filter(verify)).await
    }

    async fn get_user(&self, id: &UserId<Self>) -> Result<Option<User>, Self::Error> {
        Ok(self.0.iter().find(|user| user.id == *id).cloned())
    }
}

impl AuthzBackend for Backend {
    type Permission = &'static str;

    async fn get_user_permissions(
        &self,
        user: &User,
    ) -> Result<HashSet<&'static str>, Self::Error> {
        Ok(user.permissions.iter().copied().collect())
    }
}
