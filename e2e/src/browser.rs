//! A real browser. `CHROMIUM` and `CHROMEDRIVER` are the paths of the programs; if they are not
//! set, the programs are found on the PATH. `SCREENSHOTS` is the folder for screenshots; if it is
//! not set, a test takes none.

use std::{
    env, fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use thirtyfour::{
    By, ChromiumLikeCapabilities as _, DesiredCapabilities, WebDriver, WebElement,
    error::WebDriverResult, extensions::query::ElementQueryable as _,
};

/// A chromedriver process, which is killed when this value is dropped.
#[derive(Debug)]
pub struct Driver {
    child: Child,
    url: String,
}

impl Driver {
    /// Starts it on a free port.
    pub fn start() -> Self {
        let program = env::var("CHROMEDRIVER").unwrap_or_else(|_| "chromedriver".into());
        let mut child = Command::new(program)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts");
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let port = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| {
                line.split_once("successfully on port ")
                    .map(|(_, port)| port.trim_end_matches('.').to_owned())
            })
            .expect("chromedriver prints its port");
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, url: format!("http://127.0.0.1:{port}") }
    }

    /// A browser with an empty profile.
    ///
    /// # Errors
    ///
    /// The browser does not run the command.
    pub async fn browser(&self, profile: &Path) -> WebDriverResult<WebDriver> {
        self.browser_with(profile, &[]).await
    }

    /// Like [`browser`](Self::browser), with further arguments.
    ///
    /// # Errors
    ///
    /// The browser does not run the command.
    pub async fn browser_with(
        &self,
        profile: &Path,
        arguments: &[String],
    ) -> WebDriverResult<WebDriver> {
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
        WebDriver::new(&self.url, chrome).await
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for an element.
///
/// # Errors
///
/// The browser does not run the command.
pub async fn element(browser: &WebDriver, css: &str) -> WebDriverResult<WebElement> {
    browser.query(By::Css(css)).first().await
}

/// The text of an element.
///
/// # Errors
///
/// The browser does not run the command.
pub async fn text(browser: &WebDriver, css: &str) -> WebDriverResult<String> {
    element(browser, css).await?.text().await
}

/// Writes a picture into the folder `SCREENSHOTS`, if it is set.
///
/// # Errors
///
/// The browser does not run the command.
pub async fn screenshot(browser: &WebDriver, name: &str) -> WebDriverResult<()> {
    if let Ok(folder) = env::var("SCREENSHOTS") {
        fs::create_dir_all(&folder)?;
        fs::write(Path::new(&folder).join(name), browser.screenshot_as_png().await?)?;
    }
    Ok(())
}
