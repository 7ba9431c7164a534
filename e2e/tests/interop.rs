//! Encrypted sessions in other libraries: `jwcrypto` (Python) and `jose` (Node). `INTEROP_PYTHON`
//! is a Python with the packages in `interop/requirements.txt`. `INTEROP_NODE` is a folder in which
//! npm has installed the packages in `interop/package.json`.

use std::{
    collections::BTreeSet,
    env,
    ffi::OsStr,
    fs,
    io::Write,
    path::Path,
    process::{Command, Output, Stdio},
    slice,
    time::Duration,
};

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use tempfile::NamedTempFile;
use waxseal::{Sealer, Secret, UnixTime, test_util};
use waxseal_core::Jwks;

const COOKIE: &str = "__Host-session";

fn secret() -> Secret {
    Secret::new(*b"the secret that the peers never see").expect("long enough")
}

fn sealer() -> Sealer {
    Sealer::builder(secret()).encrypted().build().expect("a sealer")
}

fn key_set() -> String {
    Jwks::derived_encryption(&secret(), COOKIE).expose().to_string()
}

/// The token of a new session with `text` in it.
fn seal(sealer: &Sealer, text: &str, at: UnixTime) -> String {
    let cookie = test_util::cookie(sealer, at, |session| {
        session.log_in("susan")?;
        session.insert("text", text)?;
        session.insert_json("numbers", "[123456789012345678901234567890, 1e300, -0.5, null]")?;
        Ok(())
    });
    let cookie = cookie.expect("small");
    cookie.strip_prefix("__Host-session=").expect("a session cookie").to_owned()
}

/// 50 texts of different lengths, with characters of one to four bytes and escaped ones.
fn texts() -> impl Iterator<Item = String> {
    let lengths = (0..41).chain((100..1000).step_by(100));
    lengths.map(|length| r#"aé漢🦀"\ÿ\u{7f}<"#.chars().cycle().take(length).collect())
}

/// A session, and what the sealer reads in it.
struct Sealed {
    token: String,
    claims: String,
}

fn sessions(sealer: &Sealer) -> Vec<Sealed> {
    let now = UnixTime::now();
    let session = |text: String| {
        let token = seal(sealer, &text, now);
        let claims = sealer.verify(token.as_bytes(), now).expect("a valid token");
        Sealed { token, claims }
    };
    texts().map(session).collect()
}

/// All tokens that differ from `token` in one bit of one part.
fn flipped(token: &str) -> Vec<String> {
    let parts: Vec<_> = token.split('.').collect();
    let mut tokens = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        let bytes = BASE64URL_NOPAD.decode(part.as_bytes()).expect("base64url");
        for bit in 0..bytes.len() * 8 {
            let mut bytes = bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let (mut parts, changed) = (parts.clone(), BASE64URL_NOPAD.encode(&bytes));
            parts[at] = &changed;
            tokens.push(parts.join("."));
        }
    }
    tokens
}

/// Another library.
#[derive(Clone, Copy, Debug)]
enum Peer {
    Jwcrypto,
    Jose,
}

const PEERS: [Peer; 2] = [Peer::Jwcrypto, Peer::Jose];

/// What a peer makes of tokens and claims.
struct Answer {
    decrypted: Vec<Option<String>>,
    encrypted: Vec<String>,
}

impl Peer {
    /// Runs the script `name` of this peer.
    fn run(self, name: &str, arguments: &[&OsStr], input: &str) -> Output {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop");
        match self {
            Self::Jwcrypto => {
                let python = env::var_os("INTEROP_PYTHON").expect("INTEROP_PYTHON is set");
                let script = scripts.join(name).with_extension("py");
                output(Command::new(python).arg(script).args(arguments), input)
            }
            // Node looks for packages in the folders above a script.
            Self::Jose => {
                let packages = env::var_os("INTEROP_NODE").expect("INTEROP_NODE is set");
                let folder = tempfile::tempdir_in(packages).expect("a folder");
                let script = folder.path().join(name).with_extension("mjs");
                let original = scripts.join(name).with_extension("mjs");
                fs::copy(original, &script).expect("a copy");
                output(Command::new("node").arg(script).args(arguments), input)
            }
        }
    }

    /// Lets it decrypt `tokens` and encrypt `claims`.
    fn answer(self, tokens: &[String], claims: &[String]) -> Answer {
        let input = json!({"key_set": key_set(), "decrypt": tokens, "encrypt": claims});
        let output = self.run("peer", &[], &input.to_string());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut answer: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let decrypted = serde_json::from_value(answer["decrypted"].take());
        let encrypted = serde_json::from_value(answer["encrypted"].take());
        Answer { decrypted: decrypted.expect("a list"), encrypted: encrypted.expect("a list") }
    }

    /// The claims that the script in the documentation prints, or `None` if it fails.
    fn read(self, key_set: &str, token: &str) -> Option<Value> {
        let mut file = NamedTempFile::new().expect("a file");
        file.write_all(key_set.as_bytes()).expect("written");
        let output = self.run("read", &[file.path().as_os_str()], token);
        assert_eq!(output.status.success(), !output.stdout.is_empty());
        let claims = output.status.success().then(|| serde_json::from_slice(&output.stdout));
        claims.transpose().expect("JSON")
    }
}

fn output(command: &mut Command, input: &str) -> Output {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the peer starts");
    // Both peers read all of it before they print. The status and the error output of one that ends
    // earlier are in the result.
    let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
    child.wait_with_output().expect("the peer ends")
}

/// Panics if a padding of the cipher is not among the sessions.
fn assert_all_paddings(sessions: &[Sealed]) {
    let paddings: BTreeSet<_> = sessions.iter().map(|sealed| sealed.claims.len() % 16).collect();
    assert_eq!(paddings.len(), 16, "{paddings:?}");
}

#[test]
fn peers_decrypt_the_sessions() {
    let sessions = sessions(&sealer());
    assert_eq!(sessions.len(), 50);
    assert_all_paddings(&sessions);
    let (tokens, claims): (Vec<_>, Vec<_>) =
        sessions.into_iter().map(|sealed| (sealed.token, Some(sealed.claims))).unzip();
    for peer in PEERS {
        assert_eq!(peer.answer(&tokens, &[]).decrypted, claims, "{peer:?}");
    }
}

#[test]
fn the_sealer_opens_the_tokens_of_peers() {
    let (sealer, now) = (sealer(), UnixTime::now());
    let sessions = sessions(&sealer);
    let header = sessions[0].token.split('.').next();
    let claims: Vec<_> = sessions.iter().map(|sealed| sealed.claims.clone()).collect();
    for peer in PEERS {
        let tokens = peer.answer(&[], &claims).encrypted;
        assert_eq!(tokens.len(), claims.len());
        for (token, claims) in tokens.iter().zip(&claims) {
            assert_eq!(token.split('.').next(), header, "{peer:?} writes the same header");
            assert_eq!(sealer.verify(token.as_bytes(), now).as_ref(), Ok(claims), "{peer:?}");
        }
    }
}

#[test]
fn peers_refuse_each_flipped_bit() {
    let tokens = flipped(&seal(&sealer(), "é", UnixTime::now()));
    for peer in PEERS {
        let accepted = peer.answer(&tokens, &[]).decrypted.into_iter().position(|it| it.is_some());
        assert_eq!(accepted.map(|at| &tokens[at]), None, "{peer:?}");
    }
}

#[test]
fn the_sealer_refuses_each_flipped_bit_of_peers() {
    let (sealer, now) = (sealer(), UnixTime::now());
    let claims = sessions(&sealer).swap_remove(1).claims;
    for peer in PEERS {
        let token = peer.answer(&[], slice::from_ref(&claims)).encrypted.remove(0);
        assert_eq!(sealer.verify(token.as_bytes(), now).as_ref(), Ok(&claims), "{peer:?}");
        for token in flipped(&token) {
            assert!(sealer.verify(token.as_bytes(), now).is_err(), "{peer:?}: {token}");
        }
    }
}

#[test]
fn the_scripts_in_the_documentation_print_the_claims() {
    for Sealed { token, claims } in sessions(&sealer()).into_iter().step_by(10) {
        let claims: Value = serde_json::from_str(&claims).expect("JSON");
        for peer in PEERS {
            assert_eq!(peer.read(&key_set(), &token).as_ref(), Some(&claims), "{peer:?}");
        }
    }
}

/// A key that signs, a key that encrypts, and an old one that only decrypts.
#[test]
fn the_scripts_find_the_key_among_others() {
    let old = Secret::new(*b"the secret of last year, retired").expect("long enough");
    let exported = [
        Jwks::derived(&secret(), COOKIE),
        Jwks::derived_encryption(&secret(), COOKIE),
        Jwks::derived_encryption(&old, COOKIE),
    ];
    let mut keys: Vec<Value> = exported
        .iter()
        .map(|set| serde_json::from_str::<Value>(&set.expose()).expect("JSON")["keys"][0].take())
        .collect();
    keys[2]["key_ops"] = json!(["decrypt"]);
    let keys = json!({"keys": keys}).to_string();
    Jwks::parse(&keys).expect("a key set of waxseal");

    let before = Sealer::builder(old).encrypted().build().expect("a sealer");
    for token in [&sealer(), &before].map(|sealer| seal(sealer, "ü", UnixTime::now())) {
        for peer in PEERS {
            let claims = peer.read(&keys, &token).expect("the script succeeds");
            assert_eq!([&claims["sub"], &claims["text"]], ["susan", "ü"], "{peer:?}");
        }
    }
}

#[test]
fn the_scripts_refuse_other_tokens() {
    const WEEK: Duration = Duration::from_hours(7 * 24);
    let now = UnixTime::now();
    let expired = now.as_secs() - WEEK.as_secs() - 3600;
    let signing = Sealer::builder(secret()).build().expect("a sealer");
    let other = Secret::new(*b"the secret of another server ...").expect("long enough");
    let other = Sealer::builder(other).encrypted().build().expect("a sealer");
    let changed = flipped(&seal(&sealer(), "", now)).pop().expect("a token");
    for (token, what) in [
        (seal(&sealer(), "", UnixTime::from_secs(expired)), "expired"),
        (seal(&signing, "", now), "signed"),
        (seal(&other, "", now), "of another secret"),
        (changed, "changed"),
    ] {
        for peer in PEERS {
            assert_eq!(peer.read(&key_set(), &token), None, "{peer:?} accepts one {what}");
        }
    }
}

#[test]
fn the_documentation_shows_the_scripts() {
    let docs = include_str!("../../docs/encryption.md");
    for script in [include_str!("../interop/read.py"), include_str!("../interop/read.mjs")] {
        assert!(docs.contains(script.trim_end()), "docs/encryption.md does not match: {script}");
    }
}
