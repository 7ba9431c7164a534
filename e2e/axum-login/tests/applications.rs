//! Drives both applications over HTTP.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::Duration,
};

use ureq::Agent;
use waxseal_revocation::{RevocationList, Store};

/// A running application. It ends with the test.
struct Application {
    process: Child,
    url: String,
}

impl Application {
    /// Starts `program` in `folder`, where it must not need any file but the revocation list.
    fn start(program: &str, folder: &Path, revocations: Option<&str>) -> Self {
        let mut command = Command::new(program);
        command
            .current_dir(folder)
            .env("SESSION_SECRET", "a secret of 32 bytes for the test")
            .stdout(Stdio::piped());
        match revocations {
            Some(file) => command.env("REVOCATIONS", file),
            None => command.env_remove("REVOCATIONS"),
        };
        let mut process = command.spawn().expect("the application starts");
        let mut url = String::new();
        let stdout = process.stdout.take().expect("its output");
        BufReader::new(stdout).read_line(&mut url).expect("its address");
        assert!(url.starts_with("http://127.0.0.1:"), "it did not start: {url}");
        Self { process, url: url.trim().into() }
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        self.process.kill().expect("it ends");
        self.process.wait().expect("it has ended");
    }
}

struct Page {
    status: u16,
    location: String,
    body: String,
}

/// A browser with one cookie.
#[derive(Clone)]
struct Browser {
    agent: Agent,
    cookie: Option<String>,
}

impl Browser {
    fn new() -> Self {
        let config = Agent::config_builder()
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(60)))
            .build();
        Self { agent: config.into(), cookie: None }
    }

    fn get(&mut self, application: &Application, path: &str) -> Page {
        let mut request = self.agent.get(format!("{}{path}", application.url));
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        self.read(request.call().expect("a response"))
    }

    fn log_in(&mut self, application: &Application, name: &str, password: &str) -> Page {
        self.log_in_for(application, name, password, "/")
    }

    fn log_in_for(
        &mut self,
        application: &Application,
        name: &str,
        password: &str,
        next: &str,
    ) -> Page {
        let mut request = self.agent.post(format!("{}/login", application.url));
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        let form = [("name", name), ("password", password), ("next", next)];
        self.read(request.send_form(form).expect("a response"))
    }

    fn read(&mut self, mut response: ureq::http::Response<ureq::Body>) -> Page {
        let lines: Vec<_> = response.headers().get_all("set-cookie").iter().collect();
        assert!(lines.len() <= 1, "more than one cookie: {lines:?}");
        if let Some(line) = lines.first() {
            let pair = line.to_str().expect("ASCII").split(';').next().expect("a pair");
            assert!(pair.starts_with("__Host-session="), "another cookie: {pair}");
            self.cookie = Some(pair.to_owned()).filter(|pair| !pair.ends_with('='));
        }
        let location = response.headers().get("location");
        let location = location.map(|value| value.to_str().expect("ASCII").to_owned());
        Page {
            status: response.status().as_u16(),
            location: location.unwrap_or_default(),
            body: response.body_mut().read_to_string().expect("a body"),
        }
    }
}

fn is_empty(folder: &Path) -> bool {
    folder.read_dir().expect("the folder").next().is_none()
}

#[test]
fn the_password_login_needs_no_store() {
    let folder = tempfile::tempdir().expect("a folder");
    let start = || Application::start(env!("CARGO_BIN_EXE_login"), folder.path(), None);
    let application = start();
    let mut browser = Browser::new();

    let page = browser.get(&application, "/");
    assert_eq!((page.status, &*page.location), (307, "/login?next=%2F"));
    assert_eq!(browser.cookie, None);

    // A wrong password: a message, shown once.
    let page = browser.log_in(&application, "ferris", "lobster");
    assert_eq!((page.status, &*page.location), (303, "/login"));
    let page = browser.get(&application, "/login?next=/");
    assert_eq!(page.body, "Error: Wrong name or password\nlogin, then /");
    assert_eq!(browser.get(&application, "/login").body, "login, then /");
    assert_eq!(browser.get(&application, "/").status, 307);

    let page = browser.log_in(&application, "ferris", "crab");
    assert_eq!((page.status, &*page.location), (303, "/"));
    assert_eq!(browser.get(&application, "/").body, "Success: Welcome ferris\nhome of ferris");
    assert_eq!(browser.get(&application, "/").body, "home of ferris");

    // After a restart, the session is still there.
    drop(application);
    let application = start();
    assert_eq!(browser.get(&application, "/").body, "home of ferris");

    let page = browser.get(&application, "/logout");
    assert_eq!((page.status, &*page.location), (303, "/login"));
    assert_eq!(browser.cookie, None);
    assert_eq!(browser.get(&application, "/").status, 307);
    assert!(is_empty(folder.path()));
}

#[test]
fn a_revocation_from_outside_ends_the_sessions_of_a_user() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = "revocations.db";
    let start = || Application::start(env!("CARGO_BIN_EXE_login"), folder.path(), Some(file));
    let application = start();
    let (mut ferris, mut corro) = (Browser::new(), Browser::new());
    ferris.log_in(&application, "ferris", "crab");
    corro.log_in(&application, "corro", "unsafe");
    assert_eq!(ferris.get(&application, "/").status, 200);

    // After a logout, a copy of the cookie is useless.
    let mut copy = corro.clone();
    corro.get(&application, "/logout");
    assert_eq!(copy.get(&application, "/").status, 307);
    corro.log_in(&application, "corro", "unsafe");

    // Another process, as the command `waxseal` is.
    let store = Store::sqlite(folder.path().join(file));
    let list = RevocationList::builder(store).open().expect("the list");
    pollster::block_on(list.revoke_user("1")).expect("durable");
    let is_revoked = (0..100).any(|_| {
        let status = ferris.clone().get(&application, "/").status;
        if status == 200 {
            sleep(Duration::from_millis(100));
        }
        status == 307
    });
    assert!(is_revoked, "the server does not read the revocation");
    assert_eq!(corro.get(&application, "/").status, 200);

    // Also after a restart. The user can log in again.
    drop(application);
    let application = start();
    assert_eq!(ferris.get(&application, "/").status, 307);
    ferris.log_in(&application, "ferris", "crab");
    assert_eq!(ferris.get(&application, "/").status, 200);
}

#[test]
fn permissions_belong_to_the_user() {
    let folder = tempfile::tempdir().expect("a folder");
    let application = Application::start(env!("CARGO_BIN_EXE_permissions"), folder.path(), None);
    let mut browser = Browser::new();
    assert_eq!(browser.get(&application, "/").status, 401);
    let page = browser.get(&application, "/read");
    assert_eq!((page.status, &*page.location), (307, "/login?next=%2Fread"));
    assert_eq!(browser.get(&application, "/edit").status, 403);

    let page = browser.log_in_for(&application, "ferris", "crab", "/read");
    assert_eq!((page.status, &*page.location), (303, "/read"));
    assert_eq!(browser.get(&application, "/read").body, "read");
    assert_eq!(browser.get(&application, "/edit").status, 403);

    // Another user, without a logout.
    browser.log_in(&application, "corro", "unsafe");
    assert_eq!(browser.get(&application, "/edit").body, "edit");
    browser.get(&application, "/logout");
    assert_eq!(browser.get(&application, "/edit").status, 403);
    assert_eq!(browser.get(&application, "/").status, 401);
    assert!(is_empty(folder.path()));
}
