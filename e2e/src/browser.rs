//! A real browser. `CHROMIUM`, `CHROMEDRIVER`, `FIREFOX` and `GECKODRIVER` are the paths of the
//! programs; if they are not set, the programs are found on the PATH. `SCREENSHOTS` is the folder
//! for screenshots; if it is not set, a test takes none.

mod engine;

use std::{
    collections::BTreeMap,
    env, fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Stdio},
    time::Duration,
};

use thirtyfour::{
    By, WebDriver, WebElement, error::WebDriverResult, extensions::query::ElementQueryable as _,
};

pub use engine::Engine;

/// The process of a driver, which is killed when this value is dropped.
#[derive(Debug)]
pub struct Driver {
    engine: Engine,
    child: Child,
    url: String,
}

impl Driver {
    /// Starts it on a free port. The driver of Firefox has one browser at a time.
    ///
    /// Chromium's driver chooses a port for IPv4, and ends if another program has it for IPv6.
    pub fn start(engine: Engine) -> Self {
        (0..5).find_map(|_| Self::try_start(engine)).expect("the driver prints its port")
    }

    fn try_start(engine: Engine) -> Option<Self> {
        let mut child = engine
            .driver()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the driver starts");
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let port = lines.by_ref().map_while(Result::ok).find_map(|line| engine.port(&line));
        let Some(port) = port else {
            child.wait().expect("it has ended");
            return None;
        };
        std::thread::spawn(move || lines.for_each(drop));
        Some(Self { engine, child, url: format!("http://127.0.0.1:{port}") })
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
        WebDriver::new(&self.url, self.engine.capabilities(profile, arguments)?).await
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

/// Waits until the browser has left its page for one whose URL starts with `url`, for at most ten
/// seconds. Browsers show a page of their own with that URL if an error response is empty.
///
/// # Errors
///
/// The browser does not run the command.
pub async fn arrives(browser: &WebDriver, url: &str) -> WebDriverResult<()> {
    for _ in 0..200 {
        if browser.current_url().await?.as_str().starts_with(url) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the browser never arrives at {url}");
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
