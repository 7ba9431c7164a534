//! A real browser. `CHROMIUM` and `CHROMEDRIVER` are the paths of the programs; if they are not
//! set, the programs are found on the PATH. `SCREENSHOTS` is the folder for screenshots; if it is
//! not set, a test takes none.

use std::{
    collections::BTreeMap,
    env, fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
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

    /// A browser with more arguments, and a profile that can have been used before.
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

/// The text of the page.
///
/// # Errors
///
/// The browser does not run the command.
pub async fn page_text(browser: &WebDriver) -> WebDriverResult<String> {
    text(browser, "body").await
}

/// The cookies that the browser sends to the current page, which includes those that scripts
/// cannot read: their names and values.
///
/// # Errors
///
/// The browser does not run the command.
pub async fn cookies(browser: &WebDriver) -> WebDriverResult<BTreeMap<String, String>> {
    let cookies = browser.get_all_cookies().await?.into_iter();
    Ok(cookies.map(|cookie| (cookie.name, cookie.value)).collect())
}

/// Waits until the browser has a cookie, for at most ten seconds. Returns whether it has.
///
/// # Errors
///
/// The browser does not run the command.
pub async fn has_cookie(browser: &WebDriver, name: &str) -> WebDriverResult<bool> {
    for _ in 0..200 {
        if cookies(browser).await?.contains_key(name) {
            return Ok(true);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(false)
}

/// Deletes a cookie. If the cookie is bound to the device, the browser refreshes it before its
/// next request.
///
/// # Errors
///
/// The browser does not run the command.
pub async fn delete_cookie(browser: &WebDriver, name: &str) -> WebDriverResult<()> {
    browser.delete_cookie(name).await
}

/// Requests all URLs at once from a script of the page, and returns the status and the body of
/// each response. The status is 0 if the request failed.
///
/// # Errors
///
/// The browser does not run the command.
pub async fn fetch(browser: &WebDriver, urls: &[&str]) -> WebDriverResult<Vec<(u16, String)>> {
    const SCRIPT: &str = "
        const [urls, done] = arguments;
        const load = async url => {
            try {
                const response = await fetch(url);
                return [response.status, await response.text()];
            } catch (error) {
                return [0, String(error)];
            }
        };
        Promise.all(urls.map(load)).then(done);";
    browser.execute_async(SCRIPT, vec![urls.into()]).await?.convert()
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
