//! nginx as a gateway, with the files in `gateway`, which `docs/gateway.md` shows. Needs nginx and
//! its module njs.

use std::{
    fs::{self, Permissions},
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Child, Command, Stdio},
    slice, thread,
    time::Duration,
};

use e2e::{
    client::{Client, Jar, Response},
    mint::Mint,
    pages::page,
    program::binary,
    server::{Format, Server},
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::{Value, json};
use tempfile::TempDir;

const NO_COOKIES: [&str; 0] = [];
const OTHER_SECRET: &str = "the secret of another server, quite long";

/// nginx in a folder of its own, before an application.
struct Gateway {
    nginx: Child,
    folder: TempDir,
    port: u16,
    application: Server,
}

/// The rest of nginx's configuration, which a Debian system contains.
fn configuration(folder: &Path, port: u16, application: &Server) -> String {
    let address = application.url.strip_prefix("http://").expect("an address");
    let recipe = include_str!("../gateway/nginx.conf")
        .replace("listen 8080", &format!("listen 127.0.0.1:{port}"))
        .replace("127.0.0.1:3000", address)
        .replace("127.0.0.1:3001", address)
        .replace("/etc/nginx/waxseal", folder.to_str().expect("UTF-8"));
    let folder = folder.display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {folder}/{kind};\n"))
        .concat();
    format!(
        "load_module /usr/lib/nginx/modules/ngx_http_js_module.so;\n\
         pid {folder}/pid;\nerror_log {folder}/log notice;\ndaemon off;\nworker_processes 1;\n\
         events {{}}\nhttp {{\naccess_log off;\n{temporary}{recipe}\n}}\n"
    )
}

impl Gateway {
    fn start(keys: &str) -> Self {
        let application = Command::new(env!("CARGO_BIN_EXE_serve-application"));
        let application = Server::start(&mut { application }, Format::Waxseal);
        let folder = TempDir::new().expect("a folder");
        // The workers have another user, and read neither the keys nor the script.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("a mode");
        write_keys(folder.path(), keys);
        let script = include_str!("../gateway/session.js");
        fs::write(folder.path().join("session.js"), script).expect("a script");
        // Another process can take the port before nginx does.
        for _ in 0..5 {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
            let port = listener.local_addr().expect("an address").port();
            drop(listener);
            let conf = configuration(folder.path(), port, &application);
            fs::write(folder.path().join("nginx.conf"), conf).expect("a file");
            let mut nginx = nginx(folder.path(), "log").spawn().expect("nginx starts");
            if answers(&mut nginx, port) {
                return Self { nginx, folder, port, application };
            }
        }
        panic!("nginx does not start: {:?}", fs::read_to_string(folder.path().join("log")));
    }

    fn mint(&self) -> &Mint {
        &self.application.mint
    }

    fn get(&self, path: &str, cookies: &[String]) -> Response {
        Client::at(&format!("http://127.0.0.1:{}", self.port)).get(path, cookies)
    }

    /// The user whom the gateway admits with these `Cookie` headers, or its status.
    fn admits(&self, cookies: &[String]) -> Result<String, u16> {
        let response = self.get("/report", cookies);
        assert_ne!(response.status, 500, "{}", self.log());
        if response.status != 200 {
            return Err(response.status);
        }
        let user =
            response.body.strip_prefix(r#"/report [""#).and_then(|it| it.strip_suffix(r#""]"#));
        Ok(user.unwrap_or_else(|| panic!("no user: {}", response.body)).to_owned())
    }

    /// Whether nginx accepts its configuration.
    fn is_valid(&self) -> bool {
        let status = nginx(self.folder.path(), "log-of-the-test").arg("-t").status();
        status.expect("nginx runs").success()
    }

    /// Lets nginx read the key file, and waits for the condition.
    fn reload(&self, condition: impl Fn() -> bool) {
        kill(pid(&self.nginx), Signal::SIGHUP).expect("nginx is ours");
        eventually(|| format!("nginx does not reload: {}", self.log()), condition);
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).expect("a log")
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // The main process ends its workers.
        let _ = kill(pid(&self.nginx), Signal::SIGTERM);
        let _ = self.nginx.wait();
    }
}

fn nginx(folder: &Path, log: &str) -> Command {
    let mut command = Command::new("nginx");
    command.arg("-p").arg(folder).arg("-c").arg(folder.join("nginx.conf"));
    command.arg("-e").arg(folder.join(log));
    command.stdin(Stdio::null()).stderr(Stdio::null());
    command
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(child.id().try_into().expect("a process id"))
}

/// Waits for at most twenty seconds.
fn eventually(failure: impl Fn() -> String, condition: impl Fn() -> bool) {
    for _ in 0..1000 {
        if condition() {
            return;
        }
        thread::sleep(Duration::from_millis(20));
    }
    panic!("{}", failure());
}

/// Returns whether nginx listens, or false if it has ended.
fn answers(nginx: &mut Child, port: u16) -> bool {
    for _ in 0..1000 {
        if nginx.try_wait().expect("a status").is_some() {
            return false;
        }
        if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return nginx.try_wait().expect("a status").is_none();
        }
        thread::sleep(Duration::from_millis(20));
    }
    panic!("nginx does not listen");
}

fn write_keys(folder: &Path, keys: &str) {
    let file = folder.join("keys.json");
    fs::write(&file, keys).expect("a key file");
    fs::set_permissions(file, Permissions::from_mode(0o600)).expect("a mode");
}

/// The output of `waxseal keys export` with the secret of `mint`.
fn export(mint: &Mint) -> String {
    let mut command = Command::new(binary("waxseal"));
    command.args(["keys", "export", "--cookie", mint.cookie]).env("SESSION_SECRET", mint.secret);
    let output = command.output().expect("waxseal runs");
    assert!(output.status.success());
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// A key file with the keys of several secrets. The last one signs.
fn key_file(mints: &[&Mint]) -> String {
    let keys = mints.iter().rev().enumerate().map(|(at, mint)| {
        let mut set: Value = serde_json::from_str(&export(mint)).expect("JSON");
        let mut key = set["keys"][0].take();
        key["key_ops"] = if at == 0 { json!(["sign", "verify"]) } else { json!(["verify"]) };
        key
    });
    json!({"keys": keys.collect::<Vec<_>>()}).to_string()
}

fn gateway() -> Gateway {
    Gateway::start(&export(&Mint::waxseal()))
}

#[test]
fn a_valid_session_is_admitted() {
    let gateway = gateway();
    let mint = gateway.mint();
    let cookie = mint.pair(&mint.alive(r#""sub":"susan","theme":"dark""#));
    assert_eq!(gateway.admits(slice::from_ref(&cookie)), Ok("susan".into()));
    assert_eq!(gateway.admits(&[format!("a=b;\t{cookie} ; c=d")]), Ok("susan".into()));
    assert_eq!(gateway.admits(&["a=b".into(), cookie]), Ok("susan".into()));
    let cookie = mint.pair(&mint.between(30, 3600, r#""sub":"süsan\r\nx""#));
    assert_eq!(gateway.admits(&[cookie]), Ok("s%C3%BCsan%0D%0Ax".into()));
}

#[test]
fn other_tokens_are_refused() {
    let gateway = gateway();
    let mint = gateway.mint();
    let user = r#""sub":"susan""#;
    let good = mint.alive(user);
    let (signed, signature) = good.rsplit_once('.').expect("three parts");
    let other = mint.like(OTHER_SECRET, mint.cookie);
    let claims = r#"{"iat":1,"exp":99999999999,"sub":"susan"}"#;
    assert_eq!(gateway.admits(&[mint.pair(&mint.token(claims))]), Ok("susan".into()));
    let header = |more: &str| mint.header.replace('}', more);
    let none = mint.token_with(r#"{"alg":"none"}"#, claims);
    let none = none.rsplit_once('.').expect("three parts").0;
    let changed = if signature.starts_with('A') { "B" } else { "A" };
    for (what, token) in [
        ("expired", mint.expired(user)),
        ("issued in the future", mint.between(120, 3600, user)),
        ("not valid yet", mint.alive(&format!(r#"{user},"nbf":99999999999"#))),
        ("of another secret", other.alive(user)),
        ("forged", other.clone().posing_as(mint).alive(user)),
        ("of another cookie", mint.like(mint.secret, "session").posing_as(mint).alive(user)),
        ("changed", format!("{signed}.{changed}{}", &signature[1..])),
        ("cut off", format!("{signed}.{}", &signature[..42])),
        ("with padding", format!("{good}=")),
        ("with a fourth part", format!("{good}.")),
        ("with alg none", none.to_owned()),
        ("with alg none and a dot", format!("{none}.")),
        ("with alg none and a signature", mint.token_with(r#"{"alg":"none"}"#, claims)),
        ("of another algorithm", mint.token_with(&mint.header.replace("HS256", "HS512"), claims)),
        ("with crit", mint.token_with(&header(r#","crit":["x"],"x":1}"#), claims)),
        ("encrypted", Mint::encrypted().alive(user)),
        ("without exp", mint.token(r#"{"iat":1,"sub":"susan"}"#)),
        ("with a mistyped exp", mint.token(r#"{"iat":1,"exp":"99999999999","sub":"susan"}"#)),
        ("with an audience", mint.alive(&format!(r#"{user},"aud":"shop""#))),
        ("without a user", mint.alive(r#""theme":"dark""#)),
        ("over the size limit", mint.alive(&format!(r#"{user},"x":"{}""#, "x".repeat(3000)))),
        ("empty", String::new()),
    ] {
        assert_eq!(gateway.admits(&[mint.pair(&token)]), Err(401), "{what}: {token}");
    }
    assert_eq!(gateway.admits(&[]), Err(401));
    assert_eq!(gateway.admits(&[format!("session={good}")]), Err(401));
    assert_eq!(gateway.admits(&[format!("x__Host-session={good}")]), Err(401));
    assert!(!gateway.log().contains("js exception"), "{}", gateway.log());
}

/// The same as in waxseal: the first valid session counts, and 16 cookies reach the MAC.
#[test]
fn the_first_of_several_cookies_that_is_valid_counts() {
    let gateway = gateway();
    let mint = gateway.mint();
    let susan = mint.pair(&mint.alive(r#""sub":"susan""#));
    let joe = mint.pair(&mint.alive(r#""sub":"joe""#));
    let nobody = mint.pair(&mint.alive(r#""theme":"dark""#));
    let expired = mint.pair(&mint.expired(r#""sub":"joe""#));
    let planted = mint.pair("planted");
    for (cookies, user) in [
        (vec![format!("{susan}; {joe}")], Ok("susan")),
        (vec![format!("{joe}; {susan}")], Ok("joe")),
        (vec![joe.clone(), susan.clone()], Ok("joe")),
        (vec![format!("{planted}; {expired}; {susan}")], Ok("susan")),
        (vec![format!("{nobody}; {susan}")], Err(401)),
        (vec![format!("{}{susan}", format!("{planted}; ").repeat(15))], Ok("susan")),
        (vec![format!("{}{susan}", format!("{planted}; ").repeat(16))], Err(401)),
    ] {
        assert_eq!(gateway.admits(&cookies), user.map(String::from), "{cookies:?}");
    }
}

/// nginx refuses a header line of more than 8 KB itself.
#[test]
fn an_oversized_header_is_refused() {
    let gateway = gateway();
    let mint = gateway.mint();
    let susan = mint.pair(&mint.alive(r#""sub":"susan""#));
    let with = |len| vec![format!("{susan}; padding={}", "x".repeat(len))];
    assert_eq!(gateway.admits(&with(7000)), Ok("susan".into()));
    assert_eq!(gateway.admits(&with(9000)), Err(400));
}

#[test]
fn a_client_cannot_name_its_user() {
    let gateway = gateway();
    let mint = gateway.mint();
    let susan = mint.pair(&mint.alive(r#""sub":"susan""#));
    let client = Client::at(&format!("http://127.0.0.1:{}", gateway.port));
    let response = client.form_with("/report", "", &[&susan], &[("session-user", "admin")]);
    assert_eq!(response.body, r#"/report ["susan"]"#);
    for path in ["/waxseal/verify", "/waxseal/ask"] {
        assert_eq!(gateway.get(path, slice::from_ref(&susan)).status, 404, "{path}");
    }
    let cookie = log_in(&gateway);
    let response = client.form_with("/account/", "", &cookie, &[("session-user", "admin")]);
    assert_eq!(response.body, "/account/ []");
}

/// The `Cookie` header after a login at the application.
fn log_in(gateway: &Gateway) -> Vec<String> {
    let mut jar = Jar::default();
    jar.take(&Client::of(&gateway.application).form("/login", "susan", &NO_COOKIES));
    jar.cookies()
}

/// njs does not know of a logout; the application does.
#[test]
fn the_application_knows_of_a_logout() {
    let gateway = gateway();
    let cookie = log_in(&gateway);
    assert_eq!(gateway.get("/account/", &[]).status, 401);
    assert_eq!(gateway.get("/account/", &cookie).status, 200);
    assert_eq!(gateway.admits(&cookie), Ok("susan".into()));
    assert_eq!(Client::of(&gateway.application).form("/logout", "", &cookie).status, 200);
    assert_eq!(gateway.get("/account/", &cookie).status, 401);
    assert_eq!(gateway.admits(&cookie), Ok("susan".into()), "njs has no list");
}

#[test]
fn a_rotation_takes_a_reload() {
    let old = Mint::waxseal();
    let new = old.like(OTHER_SECRET, old.cookie);
    let gateway = Gateway::start(&key_file(&[&old]));
    let [by_old, by_new] =
        [&old, &new].map(|mint| vec![mint.pair(&mint.alive(r#""sub":"susan""#))]);
    let admitted = || [&by_old, &by_new].map(|cookies| gateway.admits(cookies).is_ok());
    assert_eq!(admitted(), [true, false]);

    write_keys(gateway.folder.path(), &key_file(&[&new, &old]));
    assert!(gateway.is_valid());
    assert_eq!(admitted(), [true, false], "the key file is read by a reload only");
    // The previous worker accepts requests until it has exited.
    let exited = || gateway.log().matches(" exited with code 0").count();
    gateway.reload(|| exited() == 1);
    assert_eq!(admitted(), [true, true]);

    // nginx keeps its keys if the file is damaged.
    write_keys(gateway.folder.path(), r#"{"keys":["#);
    assert!(!gateway.is_valid());
    gateway.reload(|| gateway.log().matches(": reconfiguring\n").count() == 2);
    for _ in 0..20 {
        assert_eq!(admitted(), [true, true]);
    }

    write_keys(gateway.folder.path(), &key_file(&[&new]));
    gateway.reload(|| exited() == 2);
    assert_eq!(admitted(), [false, true]);
}

/// The key file of an application has a purpose, and its tokens have an audience.
#[test]
fn the_audience_is_checked() {
    let mint = Mint::waxseal();
    let keys = export(&mint)
        .replace("\"waxseal:cookie\"", "\"waxseal:purpose\":\"shop\",\"waxseal:cookie\"");
    let gateway = Gateway::start(&keys);
    let admits = |claims: &str| gateway.admits(&[mint.pair(&mint.alive(claims))]);
    assert_eq!(admits(r#""sub":"susan","aud":"shop""#), Ok("susan".into()));
    for claims in
        [r#""sub":"susan","aud":"blog""#, r#""sub":"susan","aud":["shop"]"#, r#""sub":"susan""#]
    {
        assert_eq!(admits(claims), Err(401), "{claims}");
    }
}

#[test]
fn the_page_shows_the_files() {
    let page = page("docs/gateway.md");
    assert_eq!(page.block("nginx", "js_import"), include_str!("../gateway/nginx.conf"));
    assert_eq!(page.block("js", "export default"), include_str!("../gateway/session.js"));
}
