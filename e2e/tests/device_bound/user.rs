//! A user with a real browser.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use e2e::{
    browser::{Driver, Engine, cookies, delete_cookie, element, fetch, has_cookie},
    device::{arguments, probe},
    https::Exchange,
};
use thirtyfour::{
    By, WebDriver,
    error::{WebDriverErrorInner, WebDriverResult},
    extensions::query::ElementQueryable as _,
};
use tokio::sync::OnceCell;

use super::site::{COOKIE, Jar, REGISTER, Site};

/// Panics unless the installed Chromium supports device-bound sessions.
pub async fn supported() {
    static PROBE: OnceCell<Result<(), String>> = OnceCell::const_new();
    let probed = PROBE.get_or_init(async || probe(&Driver::start(Engine::Chromium)).await).await;
    probed.as_ref().unwrap_or_else(|problem| panic!("{problem}"));
}

#[derive(Clone)]
pub struct User {
    pub site: Arc<Site>,
    driver: Arc<Driver>,
    profile: PathBuf,
    arguments: Vec<String>,
    /// A restart replaces it.
    browser: Arc<Mutex<WebDriver>>,
}

/// Runs the checks in a new browser that binds sessions.
pub async fn with_browser<F>(site: Site, checks: impl FnOnce(User) -> F)
where
    F: Future<Output = WebDriverResult<()>> + Send + 'static,
{
    let arguments = arguments(&site.https).into();
    with_arguments(site, arguments, checks).await;
}

/// Runs the checks in a new browser with these arguments.
pub async fn with_arguments<F>(site: Site, arguments: Vec<String>, checks: impl FnOnce(User) -> F)
where
    F: Future<Output = WebDriverResult<()>> + Send + 'static,
{
    let driver = Driver::start(Engine::Chromium);
    let profile = tempfile::tempdir().expect("a new profile");
    let browser = driver.browser_with(profile.path(), &arguments).await.expect("a browser");
    let browser = Arc::new(Mutex::new(browser));
    let user = User {
        site: Arc::new(site),
        driver: Arc::new(driver),
        profile: profile.path().into(),
        arguments,
        browser: browser.clone(),
    };
    let driver = user.driver.clone();
    // In its own task, so that the browser is closed if a check fails.
    let result = tokio::spawn(checks(user)).await;
    let browser = browser.lock().expect("no panic").clone();
    browser.quit().await.expect("the browser closes");
    drop(driver);
    result.expect("every check holds").expect("the browser runs the commands");
}

impl User {
    pub fn browser(&self) -> WebDriver {
        self.browser.lock().expect("no panic").clone()
    }

    /// Closes the browser, and starts it again with the same profile.
    pub async fn restart_browser(&self) -> WebDriverResult<()> {
        self.browser().quit().await?;
        let browser = self.driver.browser_with(&self.profile, &self.arguments).await?;
        *self.browser.lock().expect("no panic") = browser;
        Ok(())
    }

    /// Opens the page of the site, and returns the user that it shows.
    pub async fn visit(&self) -> WebDriverResult<String> {
        self.browser().goto(self.site.https.url()).await?;
        self.shown().await
    }

    /// The user that the page shows. Waits for a page of the application.
    pub async fn shown(&self) -> WebDriverResult<String> {
        self.shown_where("true()").await
    }

    /// The user that the page shows, once an `XPath` condition is true.
    async fn shown_where(&self, condition: &str) -> WebDriverResult<String> {
        let path = format!("//*[@id='who' and {condition}]");
        for _ in 0..20 {
            let who = self.browser().query(By::XPath(&path)).first().await?;
            // The next page can replace it at any time, and then is waited for.
            match who.text().await {
                Err(error)
                    if matches!(
                        error.as_inner(),
                        WebDriverErrorInner::StaleElementReference(_)
                    ) => {}
                result => return result,
            }
        }
        panic!("the page changes all the time")
    }

    /// Logs in with the form of the page.
    pub async fn log_in(&self, name: &str) -> WebDriverResult<()> {
        self.visit().await?;
        let (logins, pages) = ("POST /login", "GET /");
        let answered = [logins, pages].map(|request| self.site.exchanges(request).len());
        element(&self.browser(), &format!("#{name}")).await?.click().await?;
        self.site.https.answered(logins, answered[0] + 1).await.expect("the form is sent");
        self.site.https.answered(pages, answered[1] + 1).await.expect("the login redirects");
        self.shown_where(&format!("starts-with(., '{name}, ')")).await.map(drop)
    }

    /// Logs in, and waits until the browser has bound the session: its registration is the one
    /// with this number. Returns the registration.
    pub async fn log_in_bound(&self, name: &str, number: usize) -> WebDriverResult<Exchange> {
        self.log_in(name).await?;
        let registration = self.registered(number).await?;
        assert_eq!(self.visit().await?, format!("{name}, bound"));
        Ok(registration)
    }

    /// Waits for a registration, until the browser refreshes the proof cookie.
    pub async fn registered(&self, number: usize) -> WebDriverResult<Exchange> {
        let registration = self.site.https.answered(REGISTER, number).await;
        let registration = registration.expect("the browser registers");
        assert_eq!(registration.status, 200, "{registration:?}");
        let name = proof_name(&registration);
        assert!(has_cookie(&self.browser(), &name).await?, "{name}");
        // The browser can have stored the cookies before it stores the session.
        for _ in 0..20 {
            delete_cookie(&self.browser(), &name).await?;
            let (_, who) = self.fetch("/who").await?;
            if who.ends_with(", bound") {
                // The server accepts no copy without a proof any more, and a save names the key.
                self.site.clock.advance(Duration::from_secs(70));
                assert_eq!(self.post("/save").await?.0, 200);
                return Ok(registration);
            }
            assert!(who.ends_with(", unbound") || who.ends_with(", ProofMissing"), "{who}");
        }
        panic!("the browser does not refresh");
    }

    /// Requests a path from a script of the page.
    pub async fn fetch(&self, path: &str) -> WebDriverResult<(u16, String)> {
        Ok(fetch(&self.browser(), &[path]).await?.remove(0))
    }

    /// Posts to a path from a script of the page. Returns the status and the body.
    pub async fn post(&self, path: &str) -> WebDriverResult<(u16, String)> {
        const SCRIPT: &str = "
            const [path, done] = arguments;
            fetch(path, {method: 'POST'}).then(
                async response => done([response.status, await response.text()]),
                error => done([0, String(error)]));";
        self.browser().execute_async(SCRIPT, vec![path.into()]).await?.convert()
    }

    /// The cookies of the browser for the site.
    pub async fn cookies(&self) -> WebDriverResult<Jar> {
        Ok(Jar(cookies(&self.browser()).await?))
    }

    /// Deletes the proof cookies, as their expiry does.
    pub async fn expire_proofs(&self) -> WebDriverResult<()> {
        for name in self.cookies().await?.0.into_keys().filter(|name| is_proof(name)) {
            delete_cookie(&self.browser(), &name).await?;
        }
        Ok(())
    }

    /// Deletes the proof cookies, and returns the user for whom the next page is.
    pub async fn visit_without_proof(&self) -> WebDriverResult<String> {
        self.expire_proofs().await?;
        self.visit().await
    }
}

pub fn is_proof(name: &str) -> bool {
    name.strip_prefix(COOKIE).is_some_and(|rest| rest.starts_with("-bound-"))
}

/// The name of the proof cookie that a registration sets.
pub fn proof_name(registration: &Exchange) -> String {
    let jar = Jar::set_by(&registration.response_headers);
    jar.0.into_keys().find(|name| is_proof(name)).expect("a proof cookie")
}
