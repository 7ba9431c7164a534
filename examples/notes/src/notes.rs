//! The notes.

use axum::{Form, extract::State, http::StatusCode, response::Redirect};
use serde::Deserialize;

use crate::{
    app::App,
    failure::Failure,
    page::{self, NoteList, NotesPage},
    user::LoggedIn,
};

pub async fn index(
    LoggedIn { user, session }: LoggedIn,
    State(app): State<App>,
) -> Result<NotesPage, Failure> {
    let notes = NoteList { notes: app.database.notes(user.id)? };
    let flash = page::take_flash(&session)?;
    Ok(NotesPage { name: user.name, is_admin: user.is_admin, notes, flash })
}

#[derive(Deserialize)]
pub struct NewNote {
    text: String,
}

pub async fn add(
    LoggedIn { user, .. }: LoggedIn,
    State(app): State<App>,
    Form(form): Form<NewNote>,
) -> Result<Redirect, Failure> {
    let text = form.text.trim();
    if !(1..=2000).contains(&text.chars().count()) {
        let text = "A note has 1 to 2000 characters.";
        return Err(Failure::Complaint(StatusCode::UNPROCESSABLE_ENTITY, text));
    }
    app.database.add_note(user.id, text)?;
    let _ = app.changes.send(user.id); // an error means that no page is open
    Ok(Redirect::to("/"))
}

#[derive(Deserialize)]
pub struct Remove {
    note: i64,
}

pub async fn remove(
    LoggedIn { user, .. }: LoggedIn,
    State(app): State<App>,
    Form(form): Form<Remove>,
) -> Result<Redirect, Failure> {
    app.database.remove_note(user.id, form.note)?;
    let _ = app.changes.send(user.id);
    Ok(Redirect::to("/"))
}
