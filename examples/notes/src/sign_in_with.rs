//! Login with a provider. Each attempt has a short-lived cookie of its own, named after its
//! state, so several tabs can log in at once.

use anyhow::{Context as _, anyhow};
use axum::{
    Form,
    extract::{Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use waxseal::{Sealer, Session, UnixTime};
use waxseal_core::OpenSession;

use crate::{
    account::Then,
    app::App,
    failure::Failure,
    keys::random,
    page::{self, ConsentPage},
    provider::challenge,
};

/// Why neither opening nor finishing an attempt can fail.
const NO_LIST: &str = "an attempt has no revocation list that could be unavailable";

/// Sends the browser to the provider, for a login or to confirm the user. This provider asks who
/// the user is each time. Others must be told so (`max_age=0`), and their `auth_time` must be
/// checked.
pub async fn start(State(app): State<App>, Form(then): Form<Then>) -> Result<Response, Failure> {
    let (state, verifier) = (random::<16>()?, random::<32>()?);
    let sealer = app.keys.attempt(&state)?;
    let mut attempt = open(&sealer, &HeaderMap::new())?;
    attempt.insert("verifier", &verifier)?;
    attempt.insert("then", then.page())?;
    attempt.save()?;
    let to = format!("/provider?state={state}&challenge={}", challenge(&verifier));
    with_cookie(attempt, Redirect::to(&to)).await
}

#[derive(Deserialize)]
pub struct Callback {
    state: String,
    code: String,
}

/// The provider sends the browser back.
pub async fn callback(
    session: Session,
    State(app): State<App>,
    Query(callback): Query<Callback>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let over = || Failure::Complaint(StatusCode::FORBIDDEN, "This login attempt is over.");
    let sealer = app.keys.attempt(&callback.state).map_err(|_| over())?;
    let mut attempt = open(&sealer, &headers)?;
    // If the cookie is missing, another browser started this attempt (login CSRF).
    let verifier = attempt.take::<String>("verifier")?;
    let then = attempt.take::<String>("then")?.unwrap_or_default();
    attempt.delete()?;
    let user = verifier.and_then(|verifier| app.provider.redeem(&callback.code, &verifier));
    let Some(provider_id) = user else { return with_cookie(attempt, over()).await };

    let name = format!("{provider_id} (provider)");
    app.database.add_user(&name, None, Some(&provider_id))?; // changes nothing if the user exists
    let user = app.database.user_of_provider(&provider_id)?.context("the user was just added")?;
    if user.is_locked {
        return with_cookie(attempt, over()).await;
    }
    session.log_in(&user.session_user())?; // keeps the data of the same user, with a new ID and time
    page::flash(&session, "You are logged in with the provider.")?;
    with_cookie(attempt, Redirect::to(&then)).await
}

/// Without a revocation list: the provider accepts a code only once.
fn open<'s>(sealer: &'s Sealer, headers: &HeaderMap) -> anyhow::Result<OpenSession<&'s Sealer>> {
    let cookies = headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes);
    let opened = OpenSession::open(sealer, cookies, UnixTime::now());
    opened.map_err(|_| anyhow!(NO_LIST))
}

/// The response with the cookie of the attempt.
async fn with_cookie(
    mut attempt: OpenSession<&Sealer>,
    response: impl IntoResponse,
) -> Result<Response, Failure> {
    let mut response = response.into_response();
    let changes = attempt.finish().await.map_err(|_| anyhow!(NO_LIST))?;
    for line in changes.set_cookie_lines() {
        response.headers_mut().append(header::SET_COOKIE, line.parse()?);
    }
    Ok(response)
}

/// The provider's side: it asks the user, who is logged in there.
#[derive(Deserialize)]
pub struct Authorization {
    state: String,
    challenge: String,
    #[serde(default)]
    user: String,
}

pub async fn consent_page(Query(asked): Query<Authorization>) -> ConsentPage {
    ConsentPage { state: asked.state, challenge: asked.challenge }
}

pub async fn consent(
    State(app): State<App>,
    Form(form): Form<Authorization>,
) -> Result<Redirect, Failure> {
    let is_state = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let is_asked = form.state.bytes().all(is_state) && form.challenge.len() == 43;
    if !is_asked || !(1..=30).contains(&form.user.len()) {
        let text = "The provider needs a name of 1 to 30 bytes.";
        return Err(Failure::Complaint(StatusCode::BAD_REQUEST, text));
    }
    let code = random::<32>()?;
    app.provider.issue(code.clone(), form.challenge, form.user);
    Ok(Redirect::to(&format!("/login-with/callback?state={}&code={code}", form.state)))
}
