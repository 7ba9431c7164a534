//! Signed, encrypted and Microdot's sessions with other libraries: writes the table in
//! `docs/interop.md` with `WRITE_INTEROP=1`, and otherwise compares it. Each cell is the result of
//! a run.
//!
//! `INTEROP_PYTHON` is a Python with the packages in `interop/requirements.txt` and
//! `microdot/requirements.txt`, with `micropython` beside it. `INTEROP_NODE` is a folder in which
//! npm has installed the packages in `interop/package.json`; it also contains `pyjwt-VERSION` with
//! other versions of PyJWT. The command `go` and golang-jwt are from Debian.

use std::{
    env, fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use e2e::{mint::Mint, pages::root};
use serde_json::{Value, json};
use waxseal::{Rejection, Sealer, Secret, UnixTime, test_util};
use waxseal_core::Jwks;

const PAGE: &str = "docs/interop.md";
const START: &str = "<!-- Written by e2e/tests/interop_matrix.rs -->\n";
const END: &str = "<!-- The end of what it writes -->\n";

/// Claims with every type of JSON, and characters of one to four bytes.
fn members(name: &str) -> Value {
    json!({"name": name, "text": "aé漢🦀\"\\\n<", "list": [1, -2, 0.5, null, true, {}], "entry": {"a": "b"}})
}

/// What tokens contain, and the key for them.
struct Format {
    mint: Mint,
    sealer: Sealer,
    /// The members of a peer's input that contain the key.
    key: Value,
}

impl Format {
    fn waxseal(mint: Mint) -> Self {
        let secret = || Secret::new(mint.secret).expect("long enough");
        let (sealer, keys) = if mint.is_encrypted() {
            let sealer = Sealer::builder(secret()).encrypted().build();
            (sealer, Jwks::derived_encryption(&secret(), mint.cookie))
        } else {
            (Sealer::builder(secret()).build(), Jwks::derived(&secret(), mint.cookie))
        };
        let mut keys: Value = serde_json::from_str(&keys.expose()).expect("JSON");
        let key = json!({"key": keys["keys"][0].take()});
        Self { sealer: sealer.expect("a sealer"), key, mint }
    }

    fn microdot() -> Self {
        let mint = Mint::microdot();
        let sealer = Sealer::microdot(mint.secret).expect("a sealer");
        Self { sealer, key: json!({"secret": mint.secret}), mint }
    }

    /// The tokens of new sessions.
    fn tokens(&self) -> Vec<String> {
        let token = |name| {
            let cookie = test_util::cookie(&self.sealer, UnixTime::now(), |session| {
                Ok(session.set_data(members(name))?)
            });
            let cookie = cookie.expect("small");
            cookie.split_once('=').expect("a cookie").1.to_owned()
        };
        ["susan", "José"].map(token).into()
    }

    fn verify(&self, token: &str) -> Result<Value, Rejection> {
        let claims = self.sealer.verify(token.as_bytes(), UnixTime::now())?;
        Ok(serde_json::from_str(&claims).expect("JSON"))
    }
}

/// Claims that a peer writes, which expire these many seconds from now.
fn claims(name: &str, expires: i64) -> Value {
    let now = i64::try_from(UnixTime::now().as_secs()).expect("a time of this era");
    let mut claims = members(name);
    claims["iat"] = json!(now - 7200);
    claims["exp"] = json!(now + expires);
    claims["sid"] = json!("AAAAAAAAAAAAAAAAAAAAAA");
    claims
}

/// Another library. Each has a program that reads and writes tokens.
enum Peer {
    PyJwt(Option<&'static str>),
    Jwcrypto,
    Jose,
    Go,
    Microdot { on_micropython: bool },
}

const PEERS: [Peer; 8] = [
    Peer::PyJwt(Some("2.0.0")),
    Peer::PyJwt(Some("2.8.0")),
    Peer::PyJwt(None),
    Peer::Jwcrypto,
    Peer::Jose,
    Peer::Go,
    Peer::Microdot { on_micropython: false },
    Peer::Microdot { on_micropython: true },
];

/// A folder or a program that a variable names.
fn variable(name: &str) -> Result<PathBuf, String> {
    env::var_os(name).map(PathBuf::from).ok_or_else(|| format!("{name} is not set"))
}

impl Peer {
    fn command(&self) -> Result<Command, String> {
        let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/matrix");
        let python = |program: &str| -> Result<Command, String> {
            let mut command = Command::new(variable("INTEROP_PYTHON")?);
            // PyJWT warns about short keys, which Microdot allows.
            command.arg("-Wignore").arg(programs.join(program));
            Ok(command)
        };
        Ok(match self {
            Self::PyJwt(version) => {
                let mut command = python("with_pyjwt.py")?;
                if let Some(version) = version {
                    let packages = variable("INTEROP_NODE")?.join(format!("pyjwt-{version}"));
                    if !packages.exists() {
                        return Err(format!("PyJWT {version} is not installed"));
                    }
                    command.env("PYTHONPATH", packages);
                }
                command
            }
            Self::Jwcrypto => python("with_jwcrypto.py")?,
            Self::Jose => {
                // Node looks for packages in the folders above a program.
                let program = variable("INTEROP_NODE")?.join("matrix.mjs");
                fs::copy(programs.join("with_jose.mjs"), &program).map_err(|it| it.to_string())?;
                let mut command = Command::new("node");
                command.arg(program);
                command
            }
            Self::Go => {
                let mut command = Command::new("go");
                command.arg("run").arg(programs.join("with_golang_jwt.go"));
                // Debian's packages, without a download.
                command.env("GO111MODULE", "off").env("GOPATH", "/usr/share/gocode");
                command
            }
            Self::Microdot { on_micropython } => {
                let interpreter = variable("INTEROP_PYTHON")?;
                let find = "import microdot, os; print(os.path.dirname(microdot.__path__[0]))";
                let found = Command::new(&interpreter).args(["-c", find]).output();
                let found = found.map_err(|error| error.to_string())?.stdout;
                let packages = String::from_utf8(found).expect("UTF-8");
                let mut command = if *on_micropython {
                    let mut command = Command::new(interpreter.with_file_name("micropython"));
                    command.arg(programs.join("with_microdot.py"));
                    command
                } else {
                    python("with_microdot.py")?
                };
                command.arg(packages.trim()).arg(programs.join("micropython"));
                command
            }
        })
    }

    /// Runs the program. The error says why it gives no answer.
    fn answer(&self, format: &Format, read: &[String], write: &[Value]) -> Result<Answer, String> {
        let mut input = json!({"read": read, "write": write});
        let members = format.key.as_object().expect("an object").clone();
        input.as_object_mut().expect("an object").extend(members);
        let mut command = self.command()?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("{command:?}: {error}"))?;
        // The output of a program that ends earlier says why.
        let _ = child.stdin.take().expect("a pipe").write_all(input.to_string().as_bytes());
        let output = child.wait_with_output().expect("the peer ends");
        let mut answer: Value = serde_json::from_slice(&output.stdout)
            .map_err(|_| String::from_utf8_lossy(&output.stderr).into_owned())?;
        Ok(Answer {
            name: answer["name"].as_str().ok_or("no name")?.into(),
            read: serde_json::from_value(answer["read"].take()).expect("a list"),
            written: serde_json::from_value(answer["written"].take()).expect("a list"),
        })
    }

    /// Whether it reads the sessions of waxseal, and whether waxseal reads its sessions.
    fn exchange(&self, format: &Format) -> Result<(String, bool, bool), String> {
        let tokens = format.tokens();
        let written = ["susan", "José"].map(|name| claims(name, 3600));
        let answer = self.answer(format, &tokens, &written)?;
        let ours = tokens.iter().map(|token| format.verify(token).ok());
        let theirs = answer.written.iter().map(|token| format.verify(token).ok());
        let (read, written) = (ours.eq(answer.read), theirs.eq(written.into_iter().map(Some)));
        Ok((answer.name, read, written))
    }

    /// Whether both sides refuse an expired session of the other, and accept the same session
    /// before.
    fn honours_expiry(&self, format: &Format) -> Result<bool, String> {
        let tokens = [-3600, 3600].map(|expires| {
            let claims = claims("susan", expires).to_string();
            format.mint.token(&claims)
        });
        let written = [-3600, 3600].map(|expires| claims("susan", expires));
        let answer = self.answer(format, &tokens, &written)?;
        let verdicts: Vec<_> = answer.written.iter().map(|token| format.verify(token)).collect();
        let peer = matches!(&answer.read[..], [None, Some(_)]);
        Ok(peer && matches!(&verdicts[..], [Err(Rejection::Expired), Ok(_)]))
    }

    /// The row of the table.
    fn row(&self, formats: &[Format; 3]) -> Result<String, String> {
        let [signed, encrypted, microdot] = formats;
        let is_microdot = matches!(self, Self::Microdot { .. });
        let format = if is_microdot { microdot } else { signed };
        let (name, reads, writes) = self.exchange(format)?;
        let expiry = self.honours_expiry(format)?;
        let word = |is: bool| if is { "yes" } else { "no" };
        // Microdot has no encrypted sessions. Of a library, a failure is the answer, too.
        let encrypted = if is_microdot {
            "–"
        } else {
            word(matches!(self.exchange(encrypted), Ok((_, true, true))))
        };
        Ok(format!(
            "| {name} | {} | {} | {encrypted} | {} |\n",
            word(reads),
            word(writes),
            word(expiry)
        ))
    }
}

struct Answer {
    name: String,
    read: Vec<Option<Value>>,
    written: Vec<String>,
}

#[test]
fn the_page_has_the_results_of_all_peers() {
    let formats =
        [Format::waxseal(Mint::waxseal()), Format::waxseal(Mint::encrypted()), Format::microdot()];
    let mut table = String::from(
        "| library | reads waxseal's sessions | waxseal reads its sessions | encrypted | expiry |\n\
         |---|---|---|---|---|\n",
    );
    let mut failures = Vec::new();
    for peer in PEERS {
        match peer.row(&formats) {
            Ok(row) => table += &row,
            Err(failure) => failures.push(failure),
        }
    }
    print!("{table}");
    assert!(failures.is_empty(), "{}", failures.join("\n"));

    let path = root().join(PAGE);
    let page = fs::read_to_string(&path).expect("the page");
    let (before, rest) = page.split_once(START).expect("the start of the table");
    let (shown, after) = rest.split_once(END).expect("the end of the table");
    if env::var_os("WRITE_INTEROP").is_some() {
        fs::write(path, format!("{before}{START}\n{table}\n{END}{after}")).expect("written");
    } else {
        assert_eq!(shown.trim(), table.trim(), "WRITE_INTEROP=1 writes the table into {PAGE}");
    }
}
