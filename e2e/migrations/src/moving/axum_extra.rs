//! The application on waxseal, while the last users move from the signed cookies of axum-extra.

use axum::{
    Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use axum_extra::extract::cookie::{Cookie, Key, SignedCookieJar};
use waxseal::{BuildError, Sealer, Secret, Session, SessionError, SessionLayer};
use waxseal_revocation::RevocationList;

use crate::after::axum::routes;

/// Logs the user of an old cookie in, and removes the old cookies.
async fn move_session(
    State(key): State<Key>,
    session: Session,
    request: Request,
    next: Next,
) -> Result<Response, SessionError> {
    let jar = SignedCookieJar::from_headers(request.headers(), key);
    let Some(user) = jar.get("user") else { return Ok(next.run(request).await) };
    if session.user().is_none() {
        session.log_in(user.value())?;
        let items = jar.get("items").and_then(|cookie| cookie.value().parse::<u32>().ok());
        session.insert("items", items.unwrap_or_default())?;
        session.save()?;
    }
    let removal = |name| Cookie::build((name, "")).path("/");
    let jar = jar.remove(removal("user")).remove(removal("items"));
    Ok((jar, next.run(request).await).into_response())
}

/// The application, with the layer that moves the users of the old cookies.
///
/// # Errors
///
/// If the configuration of the sessions is wrong.
pub fn app(key: Key, secret: Secret, revocations: RevocationList) -> Result<Router, BuildError> {
    let sealer = Sealer::builder(secret).revocations(revocations).build()?;
    Ok(routes()
        .layer(middleware::from_fn_with_state(key, move_session))
        .layer(SessionLayer::new(sealer)))
}
