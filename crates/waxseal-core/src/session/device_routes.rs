//! The two routes of device binding: the browser registers its key, and later proves that it still
//! holds it. A request costs at most one verification of a P-256 signature, and none before the
//! MACs of the tokens that the browser returns are verified.

use super::{
    device_answer::{
        DeviceAnswer, DeviceRequest, DeviceResponse, DeviceRoute, ended, method_not_allowed,
        refused, response, unavailable,
    },
    device_page::page,
};
use crate::{
    cookie::pairs,
    device_bound::{self, Binding, DeviceClaims, DeviceProof, thumbprint, unquoted, verify},
    error::Rejection,
    revocation::{Revocation, RevocationStatus, SessionRef, Successor, Target},
    sealer::{Device, Found, Sealer},
    time::UnixTime,
};
use alloc::{borrow::ToOwned as _, format, string::String};

impl Sealer {
    /// Whether the sealer was built with [`device_bound`](crate::SealerBuilder::device_bound). For
    /// integrations: without it, no request needs a check for device binding.
    ///
    /// ```
    /// # use waxseal_core::{Sealer, Secret};
    /// # fn check(secret: Secret) -> Result<(), waxseal_core::BuildError> {
    /// let sealer = Sealer::builder(secret).build()?;
    /// assert!(!sealer.binds_devices());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn binds_devices(&self) -> bool {
        self.binding.is_some()
    }

    /// The route of device binding at this path of a URL; `None` for other paths, and without
    /// [`device_bound`](crate::SealerBuilder::device_bound). For integrations: the application does
    /// not see a request to such a route.
    ///
    /// ```
    /// # use waxseal_core::{DeviceBinding, DeviceRoute, Revocations, Sealer, Secret};
    /// # type Checked = Result<(), Box<dyn std::error::Error>>;
    /// # fn check(secret: Secret, list: impl Revocations + 'static) -> Checked {
    /// let binding = DeviceBinding::default().path("/device");
    /// let sealer = Sealer::builder(secret).revocations(list).device_bound(binding).build()?;
    /// assert_eq!(sealer.device_route("/device/refresh"), Some(DeviceRoute::Refresh));
    /// assert_eq!(sealer.device_route("/"), None);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn device_route(&self, path: &str) -> Option<DeviceRoute> {
        let binding = self.binding.as_ref()?;
        match path {
            path if path == binding.register_path => Some(DeviceRoute::Register),
            path if path == binding.refresh_path => Some(DeviceRoute::Refresh),
            _ => None,
        }
    }

    /// Answers a request to a [route](Self::device_route) of device binding. For integrations: send
    /// the response that the future resolves to, and do not call the application.
    ///
    /// Every problem is a response, not an error: a 400, 403 or 405 for a bad request, a 503 if the
    /// clock is not set or the revocation list is unavailable. A refresh without a current proof
    /// gets a 403 with a challenge. If the session identifier is unknown or expired, or the user
    /// has logged in again, a 200 makes the browser drop its key.
    ///
    /// ```
    /// use waxseal_core::{DeviceRequest, Sealer};
    /// # use waxseal_core::UnixTime;
    ///
    /// # async fn answer(
    /// #     sealer: &Sealer, path: &str, method: &str, cookie: &[u8], now: UnixTime,
    /// #     header: fn(&str) -> Option<&'static [u8]>,
    /// # ) {
    /// if let Some(route) = sealer.device_route(path) {
    ///     let request = DeviceRequest {
    ///         method,
    ///         cookies: &[cookie],
    ///         proof: header("secure-session-response"),
    ///         identifier: header("sec-secure-session-id"),
    ///     };
    ///     let response = sealer.answer_device(route, &request, now).await;
    ///     println!("{} {:?} {}", response.status, response.headers, response.body);
    /// }
    /// # }
    /// ```
    pub fn answer_device(
        &self,
        route: DeviceRoute,
        request: &DeviceRequest<'_>,
        now: UnixTime,
    ) -> DeviceAnswer {
        let answered = match (&self.binding, route) {
            (Some(_), _) if request.method != "POST" => Err(method_not_allowed()),
            (Some(_), _) if !now.is_plausible() => Err(unavailable()),
            (Some(binding), DeviceRoute::Register) => register(self, binding, request, now),
            (Some(binding), DeviceRoute::Refresh) => Err(refresh(self, binding, request, now)),
            (None, _) => Err(refused()),
        };
        answered.unwrap_or_else(DeviceAnswer::ready)
    }

    /// Returns the page for a navigation of a browser whose session is bound, and whose proof
    /// cookie is missing or has expired: the page loads `target` again, and the browser refreshes
    /// first. `None` if the application must answer.
    ///
    /// `target` is the path and the query. A browser does not refresh its proof before a navigation
    /// that another site or another origin has started (`is_from_elsewhere`: `Sec-Fetch-Site` is
    /// `cross-site` or `same-site`). It does before the page loads itself again. A browser whose
    /// clock is behind still has the expired proof cookie, and does not refresh before the page has
    /// removed it.
    ///
    /// For integrations: call it for a `GET` with `Sec-Fetch-Mode: navigate` and without
    /// `Secure-Session-Skipped`.
    ///
    /// ```
    /// # use waxseal_core::{Sealer, UnixTime};
    /// # fn before_the_application(sealer: &Sealer, cookie: &[u8], now: UnixTime) {
    /// let is_from_elsewhere = true;
    /// if let Some(page) = sealer.ask_for_proof("/notes?page=2", is_from_elsewhere, &[cookie], now) {
    ///     println!("{} {:?} {}", page.status, page.headers, page.body);
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn ask_for_proof(
        &self,
        target: &str,
        is_from_elsewhere: bool,
        cookies: &[&[u8]],
        now: UnixTime,
    ) -> Option<DeviceResponse> {
        let binding = self.binding.as_ref()?;
        let mut pairs_of_request = cookies.iter().flat_map(|header| pairs(header));
        // Most navigations need no opening of the session.
        if !is_from_elsewhere && !pairs_of_request.any(|pair| binding.proof(pair).is_some()) {
            return None;
        }
        let mut response = response(401, "asked");
        let mut found = Found::empty(self.format());
        self.open(cookies.iter().copied(), now, &mut found);
        match found.rejection? {
            Rejection::ProofMissing if is_from_elsewhere => {}
            Rejection::ProofExpired => {
                let pairs = cookies.iter().flat_map(|header| pairs(header));
                let proofs = pairs.filter_map(|pair| binding.proof(pair));
                for proof in proofs.filter_map(device_bound::claims) {
                    let thumbprint = DeviceClaims::parse(&proof)?.thumbprint;
                    let line = binding.proof_removal_line(thumbprint);
                    response.headers.push(("set-cookie", line));
                }
            }
            _ => return None,
        }
        response.headers.push(("content-type", "text/html; charset=utf-8".to_owned()));
        response.body = page(target);
        Some(response)
    }
}

/// Binds a session to the key in the proof. The challenge, which only the response to the login
/// contained, names the session; the cookies of the request are ignored. The response sets the
/// proof cookie and leaves the session cookie alone, because a parallel response may have saved
/// other data.
fn register(
    sealer: &Sealer,
    binding: &Binding,
    request: &DeviceRequest<'_>,
    now: UnixTime,
) -> Result<DeviceAnswer, DeviceResponse> {
    let proof = request.proof.and_then(|proof| DeviceProof::parse(proof, &binding.register_path));
    let proof = proof.ok_or_else(refused)?;
    let session = binding.session_of(&proof.challenge, now).ok_or_else(refused)?;
    if let Some(check) = &sealer.revocations {
        match check.list.status(session.view()) {
            RevocationStatus::Unknown => return Err(unavailable()),
            RevocationStatus::Revoked => return Err(refused()),
            // The first registration wins.
            RevocationStatus::Good if sealer.is_replaced(session.view()) => return Err(refused()),
            RevocationStatus::Good => {}
        }
    }
    let (key, thumbprint) = proof.registered_key().ok_or_else(refused)?;

    let absolute_timeout = sealer.limits.absolute_timeout;
    let expires_at = absolute_timeout.map_or(UnixTime::LAST, |secs| session.issued_at.plus(secs));
    let (expires_at, key, thumbprint) = (expires_at.as_secs(), &*key.text(), &*thumbprint);
    let identifier = DeviceClaims { expires_at, thumbprint, key, session_id: &session.id };
    let mut response = response(200, "registered");
    response.headers.push(("content-type", "application/json".to_owned()));
    response.headers.push(("set-cookie", binding.proof_line(identifier, now)));
    response.body = binding.config(&identifier.seal(&binding.identifiers), thumbprint);
    let Some(check) = &sealer.revocations else { return Ok(DeviceAnswer::ready(response)) };

    // With this record, the list refuses a second registration, and after the grace period the
    // unbound copy. A cutoff in its place would revoke the session, too.
    let unbound = Binding::unbound_id(&session.id);
    let recording = check.list.revoke(Revocation {
        target: Target::OnlySession(SessionRef { id: unbound.clone(), ..session.clone() }),
        successor: Some(Successor { session, also: Some(unbound), must_be_good: true }),
    });
    Ok(DeviceAnswer::after(recording, response))
}

/// Sets a new proof cookie if the proof is signed with the key in the session identifier. The
/// revocation list is not checked for the identifier: a proof cookie alone opens no session.
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
    let Some(identifier) = identifier else { return ended(&text) };
    let DeviceClaims { thumbprint, key, .. } = identifier;
    // The session in the cookie is bound to another key, because the user has logged in again: the
    // browser must end the older DBSC session.
    let presented = presented_thumbprint(sealer, request, now);
    if presented.is_some_and(|presented| presented != thumbprint) {
        return ended(&text);
    }
    let challenge_again = |outcome| {
        let challenge = binding.challenge(thumbprint, now);
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
        // Chromium starts a refresh with its last proof, however old that is.
        Some(challenge) if !challenge.is_current(now) => return challenge_again("challenged"),
        Some(challenge) if challenge.thumbprint == thumbprint && proof.is_signed_with(key) => {}
        _ => return challenge_again("refused"),
    }
    let mut response = response(200, "refreshed");
    response.headers.push(("set-cookie", binding.proof_line(identifier, now)));
    response
}

/// The thumbprint of the session in the request's cookies, with or without a valid proof cookie.
fn presented_thumbprint(
    sealer: &Sealer,
    request: &DeviceRequest<'_>,
    now: UnixTime,
) -> Option<String> {
    let mut found = Found::empty(sealer.format());
    sealer.open(request.cookies.iter().copied(), now, &mut found);
    let named = found.data.claim("cnf");
    let to_name = || match found.device.as_ref()? {
        Device::Unproven { thumbprint } => Some(&**thumbprint).filter(|text| !text.is_empty()),
        device => device.to_name(),
    };
    named.map(thumbprint).or_else(to_name).map(String::from)
}
