//! The page.

use crate::{anatomy::Anatomy, binding::Binding};

/// The form, or the name of the user. askama escapes all values.
#[derive(askama::Template, Default)]
#[template(path = "page.html")]
pub struct Page {
    pub username: Option<String>,
    pub anatomy: Option<Anatomy>,
    pub complaint: Option<&'static str>,
    /// Whether the user's sessions in other browsers can be revoked.
    pub everywhere: bool,
    /// Whether sessions are encrypted.
    pub encrypted: bool,
    /// The device of a logged-in user's session, if the server binds sessions.
    pub binding: Option<Binding>,
}
