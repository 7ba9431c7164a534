//! The example `login` with `--device-bound`: over https, with curl and with a real browser.

use std::{
    io::{BufRead as _, BufReader},
    net::TcpStream,
    process::{Child, Command, Output, Stdio},
};

use e2e::{
    browser::{Driver, Engine, element, screenshot, text},
    program::login_with_device_binding,
    visitor::eventually,
};
use thirtyfour::{WebDriver, error::WebDriverResult};

const KEY_HASH: &str = "--ignore-certificate-errors-spki-list=";

/// A running login page, which is killed at the end of the test.
struct Login {
    child: Child,
    /// `https://localhost:PORT`.
    url: String,
    /// The options that it prints for Chromium on Linux.
    options: Vec<String>,
}

impl Login {
    fn start(arguments: &[&str]) -> Self {
        let mut child = command()
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let output = BufReader::new(child.stdout.take().expect("its output is piped"));
        let mut lines = output.lines().map_while(Result::ok);
        let mut login = Self { child, url: String::new(), options: vec![] };
        // The output ends if the server does.
        for line in lines.by_ref() {
            let line = line.trim().trim_end_matches(" \\");
            if line.starts_with("--") {
                login.options.push(line.to_owned());
            } else if line.starts_with("https://") {
                line.clone_into(&mut login.url);
                std::thread::spawn(move || lines.for_each(drop));
                return login;
            }
        }
        panic!("the server prints no address");
    }

    fn key_hash(&self) -> &str {
        let hash = self.options.iter().find_map(|option| option.strip_prefix(KEY_HASH));
        hash.expect("the server prints the hash of its key")
    }

    /// Runs curl, which accepts the certificate only if its key has this hash.
    fn curl_with(&self, key_hash: &str, arguments: &[&str]) -> Output {
        Command::new("curl")
            .args(["--silent", "--show-error", "--include", "--insecure", "--max-time", "60"])
            .args(["--pinnedpubkey", &format!("sha256//{key_hash}")])
            .args(arguments)
            .arg(&self.url)
            .output()
            .expect("curl runs")
    }

    fn curl(&self, arguments: &[&str]) -> String {
        let Output { status, stdout, stderr } = self.curl_with(self.key_hash(), arguments);
        assert!(status.success(), "{status}: {}", String::from_utf8_lossy(&stderr));
        String::from_utf8(stdout).expect("UTF-8")
    }
}

impl Drop for Login {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command() -> Command {
    let mut command = Command::new(login_with_device_binding());
    command.arg("--device-bound").env("PORT", "0");
    for variable in ["SESSION_SECRET", "SESSION_KEYRING", "REVOCATIONS"] {
        command.env_remove(variable);
    }
    command
}

#[test]
fn a_browser_without_device_binding_can_log_in() {
    let folder = tempfile::tempdir().expect("a folder");
    let jar = folder.path().join("cookies").display().to_string();
    let jar = ["--cookie", &jar, "--cookie-jar", &jar];
    for (arguments, cookie) in [(&[][..], "a signed cookie"), (&["--encrypted"], "an encrypted")] {
        let server = Login::start(arguments);
        assert!(server.curl(&[]).contains(cookie));
        let response =
            server.curl(&[&["--data", "username=susan&password=wax"][..], &jar].concat());
        assert!(response.starts_with("HTTP/1.1 303"), "{response}");
        assert!(response.contains("secure-session-registration: (ES256);path="), "{response}");
        // Until then, the page waits for a registration.
        eventually("the page never says that the session is not bound", || {
            let page = server.curl(&jar);
            assert!(page.contains("Hello <b>susan</b>!") && page.contains("Not bound"), "{page}");
            assert_eq!(page.contains("http-equiv=\"refresh\""), page.contains("Not bound yet"));
            page.contains("This browser does not support device binding.")
        });
    }
}

#[test]
fn the_certificate_has_the_printed_key() {
    let server = Login::start(&[]);
    assert!(server.curl(&[]).starts_with("HTTP/1.1 200"));
    let other = Login::start(&[]);
    // CURLE_SSL_PINNEDPUBKEYNOTMATCH
    assert_eq!(server.curl_with(other.key_hash(), &[]).status.code(), Some(90));
}

/// A client that sends nothing does not keep others out.
#[test]
fn handshakes_do_not_wait_for_each_other() {
    let server = Login::start(&[]);
    let address = server.url.replace("https://localhost", "127.0.0.1");
    let silent = TcpStream::connect(address).expect("a connection");
    assert!(server.curl(&["--max-time", "5"]).starts_with("HTTP/1.1 200"));
    drop(silent);
}

#[test]
fn a_key_file_is_an_error() {
    let output = command().env("SESSION_KEYRING", "keys.json").output().expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(
        error.contains("derives its keys from a secret") && error.contains("SESSION_SECRET"),
        "{error}"
    );
}

async fn deletes_the_proof(browser: &WebDriver) -> WebDriverResult<()> {
    for cookie in browser.get_all_cookies().await? {
        if cookie.name.contains("-bound-") {
            browser.delete_cookie(&cookie.name).await?;
        }
    }
    Ok(())
}

async fn a_session_is_bound(browser: &WebDriver, url: &str) -> WebDriverResult<()> {
    browser.goto(url).await?;
    element(browser, "input[name=username]").await?.send_keys("susan").await?;
    element(browser, "input[name=password]").await?.send_keys("wax").await?;
    element(browser, "#login").await?.click().await?;
    // The page loads itself again when the browser has registered its key.
    let key = text(browser, ".binding code").await?;
    assert_eq!(key.len(), 43, "a SHA-256 thumbprint in base64url: {key}");
    assert_eq!(text(browser, ".binding h2").await?, "Bound to this device");
    let countdown = "return getComputedStyle(document.querySelector('.countdown'))\
        .getPropertyValue('--secs')";
    let left = browser.execute(countdown, vec![]).await?;
    let left = left.json().as_str().and_then(|secs| secs.trim().parse::<u32>().ok());
    assert!(left.is_some_and(|left| (500..=600).contains(&left)), "{left:?}");
    screenshot(browser, "bound.png").await?;

    // The browser proves again that it has the key.
    deletes_the_proof(browser).await?;
    browser.goto(url).await?;
    assert_eq!(text(browser, ".binding code").await?, key);

    element(browser, "#logout").await?.click().await?;
    element(browser, "#login").await?;
    Ok(())
}

#[tokio::test]
async fn chromium_binds_a_session_with_the_printed_options() {
    for arguments in [&[][..], &["--encrypted"]] {
        let server = Login::start(arguments);
        let driver = Driver::start(Engine::Chromium);
        let profile = tempfile::tempdir().expect("a new profile");
        let browser = driver.browser_with(profile.path(), &server.options).await;
        let browser = browser.expect("a browser");
        // In its own task, so that the browser is closed if a check fails.
        let checks = tokio::spawn({
            let (browser, url) = (browser.clone(), server.url.clone());
            async move { a_session_is_bound(&browser, &url).await }
        });
        let result = checks.await;
        browser.quit().await.expect("the browser closes");
        result.expect("every check holds").expect("the browser runs the commands");
    }
}
