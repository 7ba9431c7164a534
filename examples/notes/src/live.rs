//! A WebSocket that shows the user's notes in every open page, and closes when its session is
//! revoked or expires.

use std::time::Duration;

use anyhow::anyhow;
use askama::Template as _;
use axum::{
    extract::{
        State,
        ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code},
    },
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use tokio::sync::broadcast::{Receiver, error::RecvError};
use waxseal::SessionRef;

use crate::{app::App, failure::Failure, page::NoteList, user::LoggedIn};

pub async fn socket(
    LoggedIn { user, session }: LoggedIn,
    State(app): State<App>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Failure> {
    if !is_same_origin(&headers) {
        return Err(Failure::Complaint(StatusCode::FORBIDDEN, "This page is on another site."));
    }
    let (Some(reference), Some(end)) = (session.reference(), session.expires_at()) else {
        return Err(anyhow!("a logged-in user has a session").into());
    };
    let time_left = end.saturating_since(session.now());
    Ok(upgrade.on_upgrade(move |socket| serve(socket, app, user.id, reference, time_left)))
}

/// `CsrfLayer` lets GET requests of other sites pass, and browsers send the cookie with a
/// WebSocket of another subdomain.
fn is_same_origin(headers: &HeaderMap) -> bool {
    // On an https site, this also tells the page of http apart.
    if headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin") {
        return false;
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let host = headers.get(header::HOST).map_or(&b""[..], |host| host.as_bytes());
    let origin = origin.as_bytes();
    [&b"https://"[..], b"http://"].iter().any(|scheme| origin.strip_prefix(*scheme) == Some(host))
}

async fn serve(
    mut socket: WebSocket,
    app: App,
    user: i64,
    session: SessionRef,
    time_left: Duration,
) {
    let mut stopping = app.stopping.subscribe();
    let (code, reason) = tokio::select! {
        biased; // the end of the session comes before a change of the notes
        _ = tokio::time::timeout(time_left, app.list.revoked(&session)) => {
            (close_code::POLICY, "session over")
        }
        _ = stopping.wait_for(|is_stopping| *is_stopping) => (close_code::AWAY, "server stops"),
        () = show_changes(&mut socket, &app, user) => return,
    };
    let frame = CloseFrame { code, reason: Utf8Bytes::from_static(reason) };
    // A browser that does not read gets no more than a second.
    let close = socket.send(Message::Close(Some(frame)));
    let _ = tokio::time::timeout(Duration::from_secs(1), close).await;
}

/// Sends the list of notes now and after each change, until the browser closes the socket.
async fn show_changes(socket: &mut WebSocket, app: &App, user: i64) {
    let mut changes = app.changes.subscribe();
    loop {
        let Ok(notes) = app.database.notes(user) else { return };
        let Ok(html) = (NoteList { notes }).render() else { return };
        if socket.send(Message::Text(html.into())).await.is_err() {
            return;
        }
        if !has_changed(socket, &mut changes, user).await {
            return;
        }
    }
}

/// Waits for a change of this user's notes. Returns false if the socket or the server ends.
async fn has_changed(socket: &mut WebSocket, changes: &mut Receiver<i64>, user: i64) -> bool {
    loop {
        tokio::select! {
            message = socket.recv() => {
                if !matches!(message, Some(Ok(_))) {
                    return false;
                }
            }
            change = changes.recv() => match change {
                Ok(of) if of != user => {}
                // After `Lagged`, a change of this user may be among those that were missed.
                Ok(_) | Err(RecvError::Lagged(_)) => return true,
                Err(RecvError::Closed) => return false,
            }
        }
    }
}
