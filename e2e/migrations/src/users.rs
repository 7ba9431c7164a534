//! The part of the application that no migration changes.

use std::fmt;

/// The fields of the login form.
#[derive(serde::Deserialize)]
pub struct Login {
    /// The name of the user.
    pub username: String,
    /// The password.
    pub password: String,
}

impl fmt::Debug for Login {
    // A log must not contain the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("username", &self.username).finish_non_exhaustive()
    }
}

impl Login {
    /// Returns the stable ID of the user, if the password is right. Stands for the database of
    /// users, with hashes of passwords (argon2).
    #[must_use]
    pub fn verify(&self) -> Option<String> {
        let exists = matches!(self.username.chars().count(), 1..=64);
        (exists && self.password == "wax").then(|| self.username.clone())
    }
}

/// The page of the application.
#[must_use]
pub fn page(user: Option<&str>, items: u32) -> String {
    match user {
        Some(user) => format!("Hello {user}, {items} items in your cart"),
        None => format!("Not logged in, {items} items in your cart"),
    }
}
