//! Signed sessions in other languages: runs the programs of `docs/readers.md`. `INTEROP_PYTHON` is
//! a Python with the packages `PyJWT` and `jwcrypto`. `INTEROP_NODE` is a folder in which npm has
//! installed the packages in `interop/package.json`.

use std::{
    env, fs,
    io::Write as _,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use data_encoding::BASE64URL_NOPAD;
use e2e::{
    client::{Client, Jar},
    mint::Mint,
    pages::page,
    program::binary,
    server::{Format, Server},
};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A program of the page: a word in its first lines, and its language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reader {
    PyJwt,
    Jwcrypto,
    Jose,
}

use Reader::{Jose, Jwcrypto, PyJwt};

const READERS: [Reader; 3] = [PyJwt, Jwcrypto, Jose];

impl Reader {
    /// A new folder with the program of the page, and the command that runs it.
    fn command(self) -> (TempDir, Command) {
        let page = page("docs/readers.md");
        let program = match self {
            PyJwt => page.block("python", "import jwt"),
            Jwcrypto => page.block("python", "from jwcrypto"),
            Jose => page.block("js", "from \"jose\""),
        };
        match self {
            PyJwt | Jwcrypto => python(&program),
            // Node looks for packages in the folders above a program.
            Jose => {
                let packages = env::var_os("INTEROP_NODE").expect("INTEROP_NODE is set");
                let folder = tempfile::tempdir_in(packages).expect("a folder");
                let file = folder.path().join("session.mjs");
                fs::write(&file, program).expect("a file");
                let mut command = Command::new("node");
                command.arg(file);
                (folder, command)
            }
        }
    }

    /// The claims that the program prints, or `None` if it fails.
    fn read(self, keys: &Keys, token: &str) -> Option<Value> {
        let (_folder, mut command) = self.command();
        let output = output(command.arg(&keys.file), token);
        assert_eq!(output.status.success(), !output.stdout.is_empty(), "{self:?}: {output:?}");
        let claims = output.status.success().then(|| serde_json::from_slice(&output.stdout));
        claims.transpose().expect("JSON")
    }
}

fn python(program: &str) -> (TempDir, Command) {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("session.py");
    fs::write(&file, program).expect("a file");
    let mut command = Command::new(env::var_os("INTEROP_PYTHON").expect("INTEROP_PYTHON is set"));
    command.arg(file);
    (folder, command)
}

fn output(command: &mut Command, input: &str) -> Output {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it runs");
    // A program that fails earlier does not read it.
    let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
    child.wait_with_output().expect("it ends")
}

/// A key file.
struct Keys {
    file: PathBuf,
    _folder: TempDir,
}

impl Keys {
    fn new(text: &str) -> Self {
        let folder = TempDir::new().expect("a folder");
        let file = folder.path().join("keys.json");
        fs::write(&file, text).expect("a file");
        Self { file, _folder: folder }
    }

    /// The output of `waxseal keys export` with the secret of `mint`.
    fn exported(mint: &Mint) -> Self {
        Self::new(&export(mint, &[]))
    }
}

fn export(mint: &Mint, arguments: &[&str]) -> String {
    let mut command = Command::new(binary("waxseal"));
    command.args(["keys", "export", "--cookie", mint.cookie]).args(arguments);
    let output = output(command.env("SESSION_SECRET", mint.secret), "");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

const OTHER_SECRET: &str = "the secret of another server, quite long";

#[test]
fn the_programs_print_the_claims() {
    let mint = Mint::waxseal();
    let keys = Keys::exported(&mint);
    let text = r#"aé漢🦀"\ÿ<"#;
    let members = json!({"sub": "susan", "sid": "id", "text": text, "list": [1, null, {}]});
    let token = mint.alive(members.to_string().trim_matches(['{', '}']));
    for reader in READERS {
        let claims = reader.read(&keys, &token).unwrap_or_else(|| panic!("{reader:?} refuses it"));
        for name in ["sub", "sid", "text", "list"] {
            assert_eq!(claims[name], members[name], "{reader:?}");
        }
    }
}

/// A key that signs, one that encrypts, and an old one that only verifies.
#[test]
fn the_programs_find_the_key_among_others() {
    let (mint, old) = (Mint::waxseal(), Mint::waxseal().like(OTHER_SECRET, "__Host-session"));
    let key = |text: String| serde_json::from_str::<Value>(&text).expect("JSON")["keys"][0].take();
    let mut keys =
        [export(&old, &[]), export(&mint, &["--encrypted"]), export(&mint, &[])].map(key);
    keys[0]["key_ops"] = json!(["verify"]);
    let keys = Keys::new(&json!({"keys": keys}).to_string());
    for reader in READERS {
        for mint in [&mint, &old] {
            let claims = reader.read(&keys, &mint.alive(r#""sub":"susan""#));
            assert_eq!(claims.expect("the program succeeds")["sub"], "susan", "{reader:?}");
        }
    }
}

#[test]
fn the_programs_accept_a_clock_that_is_a_little_ahead() {
    let mint = Mint::waxseal();
    let keys = Keys::exported(&mint);
    for (issued, expires) in [(30, 3600), (-3600, -30)] {
        let token = mint.between(issued, expires, r#""sub":"susan""#);
        for reader in READERS {
            assert!(reader.read(&keys, &token).is_some(), "{reader:?}: {issued} {expires}");
        }
    }
}

#[test]
fn the_programs_refuse_other_tokens() {
    let mint = Mint::waxseal();
    let keys = Keys::exported(&mint);
    let user = r#""sub":"susan""#;
    let good = mint.alive(user);
    let other = mint.like(OTHER_SECRET, "__Host-session");
    let (signed, signature) = good.rsplit_once('.').expect("three parts");
    let claims = BASE64URL_NOPAD
        .decode(good.split('.').nth(1).expect("three parts").as_bytes())
        .expect("base64url");
    let claims = String::from_utf8(claims).expect("UTF-8");
    let header = |more: &str| mint.header.replace('}', more);
    let changed = if signature.starts_with('A') { "B" } else { "A" };
    for (what, token) in [
        ("expired", mint.between(-3600, -120, user)),
        ("not valid yet", mint.alive(&format!(r#"{user},"nbf":99999999999"#))),
        ("of another secret", other.alive(user)),
        ("forged", other.posing_as(&mint).alive(user)),
        ("of another cookie", mint.like(mint.secret, "session").alive(user)),
        ("changed", format!("{signed}.{changed}{}", &signature[1..])),
        (
            "unsigned",
            format!(
                "{}.",
                mint.token_with(r#"{"alg":"none"}"#, &claims).rsplit_once('.').expect("a dot").0
            ),
        ),
        ("of another algorithm", mint.token_with(&mint.header.replace("HS256", "HS512"), &claims)),
        ("with crit", mint.token_with(&header(r#","crit":["x"],"x":1}"#), &claims)),
        ("encrypted", Mint::encrypted().alive(user)),
        ("without exp", mint.token(r#"{"iat":1,"sub":"susan"}"#)),
        ("with a mistyped exp", mint.token(r#"{"iat":1,"exp":"never","sub":"susan"}"#)),
        ("without a user", mint.alive(r#""theme":"dark""#)),
        ("empty", String::new()),
    ] {
        for reader in READERS {
            // The page says that jwcrypto ignores `nbf`.
            let is_ignored = reader == Jwcrypto && what == "not valid yet";
            let claims = reader.read(&keys, &token);
            assert_eq!(claims.is_some(), is_ignored, "{reader:?}, one {what}");
        }
    }
}

/// The key file of an application has a purpose, and its tokens have an audience.
#[test]
fn the_programs_check_the_audience() {
    let waxseal = |arguments: &str, input: &str| {
        let command = format!("printf '%s' '{input}' | \"$WAXSEAL\" {arguments}");
        let output =
            output(Command::new("sh").args(["-c", &command]).env("WAXSEAL", binary("waxseal")), "");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned()
    };
    let shop = Keys::new(&waxseal("keygen --jwks --purpose shop", ""));
    let file = shop.file.display();
    let seal = format!("seal --jwks {file} --application shop --user susan");
    let token = waxseal(&seal, "{}");
    let text = fs::read_to_string(&shop.file).expect("the key file");
    let blog = Keys::new(&text.replace("\"shop\"", "\"blog\""));
    for reader in READERS {
        assert!(reader.read(&shop, &token).is_some(), "{reader:?}");
        assert_eq!(reader.read(&blog, &token), None, "{reader:?}");
    }
}

/// A reader with only the key accepts a session after its logout; the server does not.
#[test]
fn only_the_server_knows_of_a_logout() {
    let server =
        Server::start(&mut Command::new(env!("CARGO_BIN_EXE_serve-application")), Format::Waxseal);
    let client = Client::of(&server);
    let mut jar = Jar::default();
    let nobody: [&str; 0] = [];
    jar.take(&client.form("/login", "susan", &nobody));
    let token = jar.value("__Host-session").expect("a session").to_owned();

    let (_folder, mut command) = python(&page("docs/readers.md").block("python", "urlopen"));
    command.arg(format!("{}/session", server.url));
    assert!(output(&mut command, &token).status.success());
    assert_eq!(client.form("/logout", "", &jar.cookies()).status, 200);
    let refused = output(&mut command, &token);
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("401"), "{refused:?}");

    let keys = Keys::exported(&server.mint);
    for reader in READERS {
        assert!(reader.read(&keys, &token).is_some(), "{reader:?}");
    }
}

/// The route of the page is the route of the server that the tests ask.
#[test]
fn the_page_shows_the_route() {
    let route = page("docs/readers.md").block("rust", "StatusCode::NO_CONTENT");
    let route = route.split_once("///").expect("a comment").1.trim();
    assert!(include_str!("../src/bin/serve-application.rs").contains(route), "{route}");
}
