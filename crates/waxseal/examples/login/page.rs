//! The one page.

use crate::anatomy::Anatomy;

/// The form, or the name of who is logged in; askama escapes all of it.
#[derive(askama::Template)]
#[template(path = "page.html")]
pub struct Page {
    pub username: Option<String>,
    pub anatomy: Option<Anatomy>,
    pub complaint: Option<&'static str>,
    /// Whether all sessions of a user can be ended.
    pub everywhere: bool,
}
