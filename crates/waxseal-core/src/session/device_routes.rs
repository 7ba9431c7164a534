//! The two routes of device binding: a browser registers its key, and later proves that it still
//! has it. Each costs at most one verification of a P-256 signature, and none before the MACs of
//! what the browser gives back are verified.

use alloc::{
    borrow::{Cow, ToOwned as _},
    format,
    string::String,
    vec::Vec,
};
use core::{
    fmt,
    future::Future,
    ops::Deref,
    pin::Pin,
    task::{Context, Poll, ready},
};

use super::{
    changes::{Outcome, ResponseChanges},
    finish::Finish,
    state::{Origin, SessionState},
};
use crate::{
    cookie::pairs,
    device_bound::{Binding, DeviceClaims, DeviceProof, thumbprint, unquoted, verify},
    error::Rejection,
    json::decode_string,
    random::Random,
    sealer::Sealer,
    time::UnixTime,
};

/// A route that the session layer answers before the application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceRoute {
    /// The browser registers its key after a login.
    Register,
    /// The browser proves that it still has the key.
    Refresh,
}

/// The parts of a request to a [`DeviceRoute`]. Its body is ignored.
#[derive(Clone, Copy, Debug)]
pub struct DeviceRequest<'r> {
    /// The method.
    pub method: &'r str,
    /// The values of the `Cookie` headers.
    pub cookies: &'r [&'r [u8]],
    /// The value of `Secure-Session-Response`.
    pub proof: Option<&'r [u8]>,
    /// The value of `Sec-Secure-Session-Id`.
    pub identifier: Option<&'r [u8]>,
}

/// The response to a [`DeviceRequest`].
#[derive(Debug)]
#[must_use = "send it in place of the application's response"]
pub struct DeviceResponse {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body: JSON, or empty.
    pub body: String,
    /// What became of the request, as one word for counters: `registered`, `refreshed`,
    /// `challenged`, `refused`, `ended`, `unavailable` or `asked`.
    pub outcome: &'static str,
}

/// The future of [`Sealer::answer_device`].
#[must_use = "the response is what this future resolves to"]
pub struct DeviceAnswer<S>(Stage<S>);

enum Stage<S> {
    Ready(Option<DeviceResponse>),
    /// A registration, until the list has recorded it.
    Registering(Finish<S>, Option<DeviceResponse>),
}

impl Sealer {
    /// The route of device binding at this path of a URL, if the sealer binds sessions.
    #[must_use]
    pub fn device_route(&self, path: &str) -> Option<DeviceRoute> {
        let binding = self.binding.as_ref()?;
        match path {
            path if path == binding.register_path => Some(DeviceRoute::Register),
            path if path == binding.refresh_path => Some(DeviceRoute::Refresh),
            _ => None,
        }
    }

    /// Answers a request to a route of device binding, for integrations.
    pub fn answer_device<S: Deref<Target = Self> + Clone>(
        sealer: &S,
        route: DeviceRoute,
        request: &DeviceRequest<'_>,
        now: UnixTime,
        random: Random,
    ) -> DeviceAnswer<S> {
        let answered = match (&sealer.binding, route) {
            (Some(_), _) if request.method != "POST" => Err(method_not_allowed()),
            (Some(_), _) if !now.is_plausible() => Err(unavailable()),
            (Some(binding), DeviceRoute::Register) => {
                register(sealer, binding, request, now, random)
            }
            (Some(binding), DeviceRoute::Refresh) => Err(refresh(sealer, binding, request, now)),
            (None, _) => Err(refused()),
        };
        DeviceAnswer(match answered {
            Ok((finish, response)) => Stage::Registering(finish, Some(response)),
            Err(response) => Stage::Ready(Some(response)),
        })
    }
}

impl Sealer {
    /// The page for a navigation of a browser that has a bound session and no proof cookie, such as
    /// a link from another site: the page loads the URL again, for which the browser first proves
    /// that it has the key. `None` if the request needs no proof, or has seen the page within 30
    /// seconds: the browser cannot prove it.
    #[must_use]
    pub fn ask_for_proof(&self, cookies: &[&[u8]], now: UnixTime) -> Option<DeviceResponse> {
        let binding = self.binding.as_ref()?;
        let is_asked = |pair| binding.is_asked(pair);
        if cookies.iter().flat_map(|header| pairs(header)).any(is_asked) {
            return None;
        }
        let found = self.open(cookies.iter().copied(), now);
        let mut response = response(401, "asked");
        match found.rejection? {
            Rejection::ProofMissing => {}
            // The browser's clock is behind, so it would not prove again while it has the cookie.
            Rejection::ProofExpired => {
                let line = binding.proof_removal_line(&found.unproven?);
                response.headers.push(("set-cookie", line));
            }
            _ => return None,
        }
        response.headers.push(("content-type", "text/html; charset=utf-8".to_owned()));
        response.headers.push(("set-cookie", binding.asked_line(now)));
        response.body = PAGE.into();
        Some(response)
    }
}

/// A redirect would not make the browser prove anything; a page that loads itself again does.
const PAGE: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
    <meta http-equiv=\"refresh\" content=\"0\"><title>One moment</title>\
    <p>Checking this device. If the page does not change, load it again.";

impl<S: Deref<Target = Sealer>> Future for DeviceAnswer<S> {
    type Output = DeviceResponse;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<DeviceResponse> {
        let (waiting, response) = match &mut self.0 {
            Stage::Ready(response) => (None, response),
            Stage::Registering(finish, response) => (Some(finish), response),
        };
        let changes = waiting.map(|finish| Pin::new(finish).poll(cx));
        let changes = match changes {
            None => None,
            Some(changes) => Some(ready!(changes)),
        };
        let Some(response) = response.take() else { return Poll::Pending };
        Poll::Ready(match changes {
            None => response,
            Some(Ok(changes)) if changes.outcome() == Outcome::Saved => {
                with_session(response, &changes)
            }
            // Another browser was first, or the session is revoked.
            Some(Ok(_)) => refused(),
            Some(Err(_)) => unavailable(),
        })
    }
}

// Nothing in it is pinned.
impl<S> Unpin for DeviceAnswer<S> {}

impl<S> fmt::Debug for DeviceAnswer<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceAnswer(..)")
    }
}

/// Binds the session of the request to the key of the proof. The challenge names the session, so
/// a key cannot be registered for another one.
fn register<S: Deref<Target = Sealer> + Clone>(
    sealer: &S,
    binding: &Binding,
    request: &DeviceRequest<'_>,
    now: UnixTime,
    random: Random,
) -> Result<(Finish<S>, DeviceResponse), DeviceResponse> {
    let proof = request.proof.and_then(|proof| DeviceProof::parse(proof, &binding.register_path));
    let proof = proof.ok_or_else(refused)?;
    let challenge = verify(proof.challenge.as_bytes(), &binding.challenges);
    let challenge = challenge.as_deref().and_then(DeviceClaims::parse);
    let challenge = challenge.filter(|challenge| challenge.is_current(now)).ok_or_else(refused)?;

    let found = sealer.open(request.cookies.iter().copied(), now);
    let mut session = SessionState::new(sealer, found, now).map_err(|_| unavailable())?;
    session.random = Some(random);
    let id = session.id().and_then(decode_string).map(|id| Cow::from(id.into_owned()));
    let is_unbound = session.data.claim("cnf").is_none();
    let is_existing = matches!(session.origin, Origin::Existing { .. });
    if id.is_none() || id != challenge.session_id || !is_unbound || !is_existing {
        return Err(refused());
    }
    let (key, thumbprint) = proof.registered_key().ok_or_else(refused)?;

    session.bind(sealer, &thumbprint).map_err(|_| unavailable())?;
    let expires_at = sealer
        .limits
        .absolute_timeout
        .map_or(UnixTime::LAST, |secs| session.issued_at.unwrap_or(now).plus(secs));
    let identifier = DeviceClaims {
        expires_at: expires_at.as_secs(),
        session_id: id.clone(),
        thumbprint: Some(Cow::from(&*thumbprint)),
        key: Some(key.text().into()),
    };
    let identifier = identifier.seal(&binding.identifiers);
    let mut response = response(200, "registered");
    response.headers.push(("content-type", "application/json".to_owned()));
    response.headers.push(("set-cookie", binding.proof_line(id, &thumbprint, now)));
    response.body = binding.config(&identifier, &thumbprint);
    Ok((Finish::new(sealer.clone(), session.finish(sealer)), response))
}

/// Renews the proof cookie for a proof that is signed with the key of the identifier. A proof
/// cookie alone opens nothing, so the revocation list does not matter here.
fn refresh(
    sealer: &Sealer,
    binding: &Binding,
    request: &DeviceRequest<'_>,
    now: UnixTime,
) -> DeviceResponse {
    let token = unquoted(request.identifier.unwrap_or_default());
    let text = String::from_utf8_lossy(token);
    let identifier = verify(token, &binding.identifiers);
    let identifier = identifier.as_deref().and_then(DeviceClaims::parse);
    let identifier = identifier.filter(|identifier| identifier.is_current(now));
    let Some(DeviceClaims { session_id, thumbprint: Some(thumbprint), key: Some(key), .. }) =
        identifier
    else {
        return ended(&text);
    };
    // The user has logged in again: the browser keeps the newer binding.
    let presented = presented_thumbprint(sealer, request, now);
    if presented.is_some_and(|presented| presented != thumbprint) {
        return ended(&text);
    }
    let challenge_again = |outcome| {
        let challenge = binding.challenge(None, Some(&thumbprint), now);
        let mut response = response(403, outcome);
        let value = format!(r#""{challenge}";id="{text}""#);
        response.headers.push(("secure-session-challenge", value));
        response
    };
    let Some(header) = request.proof else { return challenge_again("challenged") };
    let Some(proof) = DeviceProof::parse(header, &binding.refresh_path) else {
        return challenge_again("refused");
    };
    let challenge = verify(proof.challenge.as_bytes(), &binding.challenges);
    match challenge.as_deref().and_then(DeviceClaims::parse) {
        // Chromium first sends its last proof again.
        Some(challenge) if !challenge.is_current(now) => return challenge_again("challenged"),
        Some(challenge)
            if challenge.thumbprint.as_ref() == Some(&thumbprint) && proof.is_signed_with(&key) => {
        }
        _ => return challenge_again("refused"),
    }
    let mut response = response(200, "refreshed");
    response.headers.push(("set-cookie", binding.proof_line(session_id, &thumbprint, now)));
    response
}

/// The key of the session in the request's cookies, with or without a good proof.
fn presented_thumbprint(
    sealer: &Sealer,
    request: &DeviceRequest<'_>,
    now: UnixTime,
) -> Option<String> {
    let found = sealer.open(request.cookies.iter().copied(), now);
    let accepted = found.accepted.as_ref();
    let cnf = accepted.and_then(|session| session.data.claim("cnf"));
    cnf.map(|cnf| thumbprint(cnf).into_owned()).or(found.unproven)
}

/// Adds the bound session to the response.
fn with_session(mut response: DeviceResponse, changes: &ResponseChanges) -> DeviceResponse {
    for line in changes.set_cookie_lines() {
        response.headers.push(("set-cookie", line.to_owned()));
    }
    response
}

fn response(status: u16, outcome: &'static str) -> DeviceResponse {
    let headers = [("cache-control", "no-store".to_owned())].into();
    DeviceResponse { status, headers, body: String::new(), outcome }
}

/// The browser drops a registration that gets this status.
fn refused() -> DeviceResponse {
    response(400, "refused")
}

fn method_not_allowed() -> DeviceResponse {
    let mut response = response(405, "refused");
    response.headers.push(("allow", "POST".to_owned()));
    response
}

/// The browser tries again later, and keeps its key.
fn unavailable() -> DeviceResponse {
    response(503, "unavailable")
}

/// Ends the binding in the browser.
fn ended(identifier: &str) -> DeviceResponse {
    let mut response = response(200, "ended");
    response.headers.push(("content-type", "application/json".to_owned()));
    response.body = Binding::end(identifier);
    response
}
