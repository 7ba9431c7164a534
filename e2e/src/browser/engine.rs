//! What differs between the engines of browsers: the driver, how a browser starts, and the
//! preference for a color scheme.

use std::{env, path::Path, process::Command};

use axum::http::Method;
use serde_json::{Value, json};
use thirtyfour::{
    BrowserCapabilitiesHelper as _, Capabilities, ChromiumLikeCapabilities as _,
    DesiredCapabilities, RequestData, SessionId, WebDriver, common::command::FormatRequestData,
    error::WebDriverResult,
};

/// The engine of a browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Blink, in Chromium.
    Chromium,
    /// Gecko, in Firefox.
    Firefox,
}

impl Engine {
    /// The name for file names of screenshots.
    pub fn name(self) -> &'static str {
        match self {
            Self::Chromium => "chromium",
            Self::Firefox => "firefox",
        }
    }

    /// The command that starts a driver on a free port.
    pub(super) fn driver(self) -> Command {
        let program = |variable, name: &str| env::var(variable).unwrap_or_else(|_| name.into());
        match self {
            Self::Chromium => {
                let mut command = Command::new(program("CHROMEDRIVER", "chromedriver"));
                command.arg("--port=0");
                command
            }
            Self::Firefox => {
                let mut command = Command::new(program("GECKODRIVER", "geckodriver"));
                // System access is for the preference of a color scheme.
                command.args(["--port=0", "--websocket-port=0", "--allow-system-access"]);
                command
            }
        }
    }

    /// The port in a line of the driver's output.
    pub(super) fn port(self, line: &str) -> Option<u16> {
        let before = match self {
            Self::Chromium => "successfully on port ",
            Self::Firefox => "Listening on 127.0.0.1:",
        };
        let (_, port) = line.split_once(before)?;
        port.trim_end_matches('.').parse().ok()
    }

    /// The capabilities of a browser without a display.
    pub(super) fn capabilities(
        self,
        profile: &Path,
        arguments: &[String],
    ) -> WebDriverResult<Capabilities> {
        match self {
            Self::Chromium => chromium(profile, arguments),
            Self::Firefox => firefox(profile, arguments),
        }
    }

    /// Sets the color scheme that the user of the browser prefers: `light` or `dark`. Waits until
    /// the page has it.
    ///
    /// # Errors
    ///
    /// The browser does not run the command.
    pub async fn prefer(self, browser: &WebDriver, scheme: &str) -> WebDriverResult<()> {
        const APPLIED: &str = "
            const [scheme, done] = arguments;
            const query = matchMedia(`(prefers-color-scheme: ${scheme})`);
            if (query.matches) done(); else query.onchange = () => done();";
        let run =
            async |path, body| browser.handle().cmd(DriverCommand { path, body }).await.map(drop);
        match self {
            Self::Chromium => {
                let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
                let params = json!({ "features": features });
                let body = json!({ "cmd": "Emulation.setEmulatedMedia", "params": params });
                run("goog/cdp/execute", body).await?;
            }
            Self::Firefox => {
                const SCRIPT: &str = "Services.prefs.setIntPref(
                    'layout.css.prefers-color-scheme.content-override', arguments[0])";
                run("moz/context", json!({ "context": "chrome" })).await?;
                let number = u8::from(scheme == "light");
                let set = browser.execute(SCRIPT, vec![number.into()]).await;
                run("moz/context", json!({ "context": "content" })).await?;
                set?;
            }
        }
        browser.execute_async(APPLIED, vec![scheme.into()]).await.map(drop)
    }
}

fn chromium(profile: &Path, arguments: &[String]) -> WebDriverResult<Capabilities> {
    let mut chrome = DesiredCapabilities::chrome();
    for argument in [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--window-size=1000,1250",
        &format!("--user-data-dir={}", profile.display()),
    ] {
        chrome.add_arg(argument)?;
    }
    for argument in arguments {
        chrome.add_arg(argument)?;
    }
    if let Ok(chromium) = env::var("CHROMIUM") {
        chrome.set_binary(&chromium)?;
    }
    Ok(chrome.into())
}

fn firefox(profile: &Path, arguments: &[String]) -> WebDriverResult<Capabilities> {
    let mut firefox = DesiredCapabilities::firefox();
    let profile = profile.display().to_string();
    for argument in ["--headless", "--width=1000", "--height=1250", "--profile", &profile] {
        firefox.add_arg(argument)?;
    }
    for argument in arguments {
        firefox.add_arg(argument)?;
    }
    // As root, Firefox starts only if root owns the home folder, which is not so in every
    // container.
    firefox.set_browser_option("env", json!({ "HOME": profile }))?;
    firefox.set_firefox_binary(&env::var("FIREFOX").unwrap_or_else(|_| "firefox-esr".into()))?;
    Ok(firefox.into())
}

/// A command of one driver, beyond the standard.
#[derive(Debug)]
struct DriverCommand {
    path: &'static str,
    body: Value,
}

impl FormatRequestData for DriverCommand {
    fn format_request(&self, session: &SessionId) -> RequestData {
        let path = format!("/session/{session}/{}", self.path);
        RequestData::new(Method::POST, path).add_body(self.body.clone())
    }
}
