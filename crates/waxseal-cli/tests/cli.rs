//! The command `waxseal` on the command line.

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Output, Stdio},
    thread,
};

const SECRET: &str = "a secret of more than 32 characters, for tests";
const NOW: &str = "1800000000";
/// A time in the past, because a rotation step rejects a `--now` in the future.
const START: u64 = 1_740_000_000;

struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

/// Runs `waxseal` with these arguments (split at spaces), environment and input.
fn run(arguments: &str, environment: &[(&str, &str)], input: impl AsRef<[u8]>) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_waxseal"))
        .args(arguments.split_whitespace())
        .env_remove("SESSION_SECRET")
        .envs(environment.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.as_ref().to_vec();
    // A command may exit before it has read all its input.
    let writer = thread::spawn(move || drop(stdin.write_all(&input)));
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: status.code(), out: text(stdout), err: text(stderr) }
}

fn with_secret(arguments: &str, input: impl AsRef<[u8]>) -> Ran {
    run(&format!("{arguments} --now {NOW}"), &[("SESSION_SECRET", SECRET)], input)
}

#[test]
fn keygen_prints_only_a_secret() {
    let (one, two) = (run("keygen", &[], ""), run("keygen", &[], ""));
    assert_eq!((one.code, one.err.as_str()), (Some(0), ""));
    let secret = one.out.strip_suffix('\n').unwrap();
    assert_eq!(secret.len(), 43);
    assert!(secret.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
    assert_ne!(one.out, two.out);
    let sealed = run("seal", &[("SESSION_SECRET", secret)], "{}");
    assert_eq!(sealed.code, Some(0), "{}", sealed.err);
}

#[test]
fn keygen_jwks_prints_a_key_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    fs::write(&path, run("keygen --jwks --cookie app", &[], "").out).unwrap();
    let options = format!("--jwks {} --cookie app", path.display());
    let sealed = run(&format!("seal {options}"), &[], "{\"a\":1}");
    assert_eq!(sealed.code, Some(0), "{}", sealed.err);
    assert_eq!(run(&format!("verify {options}"), &[], &sealed.out).code, Some(0));
    let other = run(&format!("verify --jwks {}", path.display()), &[], &sealed.out);
    assert_eq!(other.code, Some(2), "the key is bound to another cookie");
}

#[test]
fn encrypted_sessions() {
    let sealed = with_secret("seal --encrypted --user susan", "{\"theme\":\"dark\"}");
    assert_eq!(sealed.code, Some(0), "{}", sealed.err);
    assert_eq!(sealed.out.trim().split('.').count(), 5);
    let verified = with_secret("verify --encrypted", &sealed.out);
    assert!(
        verified.code == Some(0) && verified.out.contains("\"theme\":\"dark\""),
        "{}",
        verified.out
    );
    // The format is the configuration's, not the token's.
    let signed = with_secret("verify", &sealed.out);
    assert!(signed.code == Some(1) && signed.out.contains("malformed"), "{}", signed.out);

    let shown = with_secret("inspect --encrypted", &sealed.out);
    for part in
        ["A256CBC-HS512", "\"dark\"", "Authentication tag", "valid: encrypted with a known key"]
    {
        assert!(shown.out.contains(part), "{part}: {}", shown.out);
    }
    let without_key = run(&format!("inspect --now {NOW}"), &[], &sealed.out);
    assert_eq!(without_key.code, Some(0));
    assert!(without_key.out.contains("  encrypted\n") && !without_key.out.contains("dark"));
    assert!(without_key.out.contains("not checked"), "{}", without_key.out);
    let wrong = run(
        "inspect --encrypted",
        &[("SESSION_SECRET", "another secret of more than 32 characters")],
        &sealed.out,
    );
    assert!(wrong.code == Some(1) && wrong.out.contains("unknown-key"), "{}", wrong.out);

    let without_option = with_secret("inspect", &sealed.out);
    assert!(
        without_option.out.contains("is encrypted: pass --encrypted"),
        "{}",
        without_option.out
    );

    // The exported key, and a key file of its own.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    fs::write(&path, with_secret_only("keys export --encrypted").out).unwrap();
    let options = format!("--encrypted --now {NOW} --jwks {}", path.display());
    assert_eq!(run(&format!("verify {options}"), &[], &sealed.out).code, Some(0));
    fs::write(&path, run("keygen --jwks --encrypted", &[], "").out).unwrap();
    assert!(fs::read_to_string(&path).unwrap().contains("\"enc\": \"A256CBC-HS512\""));
    let sealed = run(&format!("seal {options}"), &[], "{}");
    assert_eq!(run(&format!("verify {options}"), &[], &sealed.out).code, Some(0), "{}", sealed.err);
    let signed = run(&format!("seal --jwks {}", path.display()), &[], "{}");
    assert!(signed.code == Some(2) && signed.err.contains("no HS256 key"), "{}", signed.err);
}

fn with_secret_only(arguments: &str) -> Ran {
    run(arguments, &[("SESSION_SECRET", SECRET)], "")
}

#[test]
fn keys_that_encrypt_rotate() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    let path = path.display();
    let run = |step: &str, at: u64| {
        let ran = run(&format!("keys {step} {path} --now {at}"), &[], "");
        assert_eq!(ran.code, Some(0), "{step}: {}", ran.err);
        ran.out
    };
    assert!(run("add --encrypted", START).contains("which encrypts"));
    let old = self::run(&format!("seal --encrypted --jwks {path}"), &[], "{}").out;
    assert!(run("add", START).contains("which only decrypts"));
    run("promote", START + 3600);
    let list = run("list", START + 3600);
    assert!(
        list.contains("  encrypts\n") && list.contains("  decrypts, no longer encrypts\n"),
        "{list}"
    );
    let new = self::run(&format!("seal --encrypted --jwks {path}"), &[], "{}").out;
    assert_ne!(old.split('.').next(), new.split('.').next(), "another kid");
    let both = self::run(&format!("verify --encrypted --jwks {path}"), &[], old + &new);
    assert_eq!(both.code, Some(0), "{}", both.out);
    // A file of the other kind.
    let other = folder.path().join("signed.json");
    let add = |options: &str| {
        self::run(&format!("keys add {options} {} --now {START}", other.display()), &[], "")
    };
    assert_eq!(add("").code, Some(0));
    let refused = add("--encrypted");
    assert!(refused.code == Some(1) && refused.err.contains("signed sessions"), "{}", refused.err);
}

#[test]
fn a_sealed_token_is_verified() {
    let sealed =
        with_secret("seal --user 42", "{\"n\":123456789012345678901234567890}\n{ \"é\" : [1E5] }");
    assert_eq!(sealed.code, Some(0), "{}", sealed.err);
    assert_eq!(sealed.out.lines().count(), 2);
    let verified = with_secret("verify", &sealed.out);
    assert_eq!(verified.code, Some(0));
    let lines: Vec<_> = verified.out.lines().collect();
    assert!(
        lines[0].starts_with(r#"{"ok":true,"claims":{"iat":1800000000,"exp":1800604800,"sid":""#),
        "{}",
        lines[0]
    );
    assert!(
        lines[0]
            .ends_with(r#""n":123456789012345678901234567890,"sub":"42","auth_time":1800000000}}"#),
        "{}",
        lines[0]
    );
    assert!(lines[1].contains(r#""é":[1E5]"#), "{}", lines[1]);
    // Tokens as arguments.
    let token = sealed.out.lines().next().unwrap();
    assert_eq!(with_secret(&format!("verify {token}"), "").out.lines().next(), Some(lines[0]));
}

#[test]
fn verify_prints_the_reason_of_a_rejection() {
    let token = with_secret("seal", "{}").out;
    let token = token.trim();
    for (now, arguments, reason) in [
        ("1800604800", "", "expired"),
        ("1799999000", "", "not-yet-valid"),
        ("0", "", "clock-not-set"),
        ("1800000000", "--cookie other", "unknown-key"),
        ("1800000000", "--max-bytes 256", ""),
        ("1800000100", "--absolute 100s", "expired"),
    ] {
        let ran = run(
            &format!("verify {token} --now {now} {arguments}"),
            &[("SESSION_SECRET", SECRET)],
            "",
        );
        let expected = if reason.is_empty() {
            String::new()
        } else {
            format!("{{\"ok\":false,\"reason\":\"{reason}\"}}\n")
        };
        if reason.is_empty() {
            assert_eq!(ran.code, Some(0));
        } else {
            assert_eq!((ran.code, ran.out), (Some(1), expected));
        }
    }
    let other = if token.ends_with('A') { 'E' } else { 'A' };
    let forged = format!("{}{other}", &token[..token.len() - 1]);
    let good_and_bad = with_secret("verify", format!("{token}\n{forged}\r\n\n{token}"));
    assert_eq!(good_and_bad.code, Some(1));
    let verdicts: Vec<_> = good_and_bad.out.lines().map(|line| line.contains("true")).collect();
    assert_eq!(verdicts, [true, false, false, true]);
}

#[test]
fn any_input_gets_a_verdict() {
    let every_byte: Vec<u8> = (0..=255).cycle().take(5000).collect();
    for input in [
        every_byte,
        vec![0xFF; 100],
        vec![b'.'; 10_000],
        vec![b'x'; 3_000_000],
        vec![],
        b"\n\n".to_vec(),
    ] {
        let ran = with_secret("verify", &input);
        assert!(matches!(ran.code, Some(0 | 1)), "{:?}", ran.err);
        assert!(ran.out.lines().all(|line| line.starts_with("{\"ok\":false,\"reason\":")));
        let ran = with_secret("inspect", &input);
        assert_eq!(ran.code, Some(1), "{}", ran.err);
        let ran = with_secret("seal", &input);
        assert!(matches!(ran.code, Some(0 | 1)), "{}", ran.err);
    }
}

#[test]
fn microdots_tokens_are_verified_and_sealed() {
    let key = [("SESSION_SECRET", "top-secret")];
    let token = "eyJ0eXAiOiAiSldUIiwgImFsZyI6ICJIUzI1NiJ9.eyJ1c2VybmFtZSI6ICJzdXNhbiJ9.\
        6gkThX0SIJN4hqN2xbHoEsDq1uUF0Srami8UMHbBCxU";
    let ran = run("verify --microdot", &key, token);
    assert_eq!(ran.out, "{\"ok\":true,\"claims\":{\"username\": \"susan\"}}\n");
    let sealed = run("seal --microdot", &key, "{\"username\":\"joe\"}");
    assert_eq!(
        sealed.out.trim(),
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ1c2VybmFtZSI6ImpvZSJ9.\
         5c9Xq2Di-vQM__F2bTaGWfFhqQNGvJjLZzXrbPfCE94"
    );
    assert_eq!(run("verify --microdot", &[("SESSION_SECRET", "")], "").code, Some(2));
}

#[test]
fn wrong_usage_exits_with_2() {
    for (arguments, environment) in [
        ("verify x", &[][..]),
        ("verify x", &[("SESSION_SECRET", "short")][..]),
        ("verify x --secret-env OTHER", &[("SESSION_SECRET", SECRET)][..]),
        ("verify x --jwks /nowhere", &[][..]),
        ("verify x --cookie a=b", &[("SESSION_SECRET", SECRET)][..]),
        ("verify x --idle off --absolute off", &[("SESSION_SECRET", SECRET)][..]),
        ("verify x --now yesterday", &[("SESSION_SECRET", SECRET)][..]),
        ("inspect x --secret-env OTHER", &[][..]),
        ("keys export", &[][..]),
        ("nonsense", &[][..]),
        ("", &[][..]),
    ] {
        let ran = run(arguments, environment, "");
        assert_eq!(ran.code, Some(2), "{arguments}: {}", ran.err);
        assert!(!ran.err.is_empty());
        assert!(!ran.err.contains(SECRET) && !ran.out.contains(SECRET));
    }
    let short = run("verify x", &[("SESSION_SECRET", "short")], "");
    assert!(short.err.contains("32"), "{}", short.err);
}

#[test]
fn seal_stops_at_a_line_that_cannot_be_sealed() {
    for (line, cause) in [
        ("{\"exp\":1}", "key \"exp\" is reserved"),
        ("[]", "JSON object"),
        ("{", "EOF"),
        ("{\"a\":1,\"a\":2}", "same key"),
        (&format!("{{\"a\":\"{}\"}}", "x".repeat(3050)), "limit is 4096"),
        (&format!("{{\"a\":\"{}\"}}", "x".repeat(5000)), "more than 3072 bytes"),
    ] {
        let ran = with_secret("seal", format!("{{}}\n{line}\n{{}}"));
        assert_eq!(ran.code, Some(1));
        assert_eq!(ran.out.lines().count(), 1);
        assert!(ran.err.contains("line 2") && ran.err.contains(cause), "{}", ran.err);
    }
}

#[test]
fn inspect_shows_the_parts_of_a_token() {
    let token = with_secret("seal", "{\"name\":\"susan\"}").out;
    let token = token.trim();
    for text in [
        token.to_owned(),
        format!("__Host-session={token}"),
        format!("Set-Cookie: __Host-session={token}; Path=/; Secure"),
        format!("a=b; __Host-session={token}"),
    ] {
        let ran = with_secret("inspect", &text);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        for part in [
            "\"alg\":\"HS256\"",
            "susan",
            "2027-01-22 08:00:00 UTC, in 7 days",
            "2027-01-15 08:00:00 UTC, now",
            "valid: signed",
            " of 4096 bytes",
        ] {
            assert!(ran.out.contains(part), "{part}: {}", ran.out);
        }
        assert!(!ran.out.contains('\u{1b}'), "no colours in a pipe");
    }
    let unchecked = run("inspect", &[], token);
    assert_eq!(unchecked.code, Some(0));
    assert!(
        unchecked.out.contains("not checked") && unchecked.out.contains("susan"),
        "{}",
        unchecked.out
    );
    let expired = run("inspect --now 1900000000", &[("SESSION_SECRET", SECRET)], token);
    assert_eq!(expired.code, Some(1));
    assert!(expired.out.contains("expired"), "{}", expired.out);
}

/// Another implementation has signed the token.
#[test]
fn inspect_says_that_a_session_is_bound_to_a_device() {
    let token = "eyJhbGciOiJIUzI1NiIsImtpZCI6IjRBOXFLQzFkIn0.\
        eyJpYXQiOjE4MDAwMDAwMDAsImV4cCI6MTgwMDAwMDYwMCwic2lkIjoiQ1FrSkNRa0pDUWtKQ1FrSkNRa0pDUSIsInN1YiI6IjQyIiwiY25mIjp7ImprdCI6IjBqa1hjVHNRRmx5VG16VmdQcFVJYllrdDNnVjRUXzB6Y2JVWExBdTZNZEUifX0.\
        fq1bCwuW8m-0pfgE5Y-feLGhPX_reyZom_0WFlbCROg";
    let ran = with_secret("inspect", token);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.out.contains("bound to a device"), "{}", ran.out);
    let unbound = with_secret("seal", "{}");
    assert!(!with_secret("inspect", &unbound.out).out.contains("bound to a device"));
}

#[test]
fn inspect_escapes_control_characters() {
    let token = with_secret("seal", "{\"a\u{9b}31m\":\"\u{202e}evil\u{7f}\"}").out;
    let ran = with_secret("inspect", &token);
    assert!(
        ran.out.contains("\\u{9b}31m") && ran.out.contains("\\u{202e}evil\\u{7f}"),
        "{}",
        ran.out
    );
    assert!(!ran.out.contains(['\u{9b}', '\u{202e}', '\u{7f}']));
}

#[test]
fn the_help_explains_the_commands() {
    for (arguments, part) in [
        ("--help", "never passed as"),
        ("keygen --help", "export SESSION_SECRET="),
        ("verify --help", "\"reason\":\"expired\""),
        ("keys --help", "keys promote FILE"),
        ("keys revoke --help", "reload every server now"),
    ] {
        let ran = run(arguments, &[], "");
        assert_eq!(ran.code, Some(0));
        assert!(ran.out.contains(part), "{}", ran.out);
    }
}

#[test]
fn export_prints_the_key_derived_from_the_secret() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gateway.json");
    let exported = run("keys export --cookie app", &[("SESSION_SECRET", SECRET)], "").out;
    assert!(!exported.contains(SECRET));
    fs::write(&path, exported).unwrap();
    let sealed = with_secret("seal --cookie app", "{}").out;
    let ran =
        run(&format!("verify --cookie app --now {NOW} --jwks {}", path.display()), &[], &sealed);
    assert_eq!(ran.code, Some(0), "{}", ran.out);
}

/// Runs `waxseal keys STEP FILE …` at a given time.
fn keys(step: &str, path: &Path, rest: &str, now: u64) -> Ran {
    run(&format!("keys {step} {} {rest} --now {now}", path.display()), &[], "")
}

fn kids(path: &Path) -> Vec<(String, bool)> {
    let text = fs::read_to_string(path).unwrap();
    let file: serde_json::Value = serde_json::from_str(&text).unwrap();
    let keys = file["keys"].as_array().unwrap().iter();
    keys.map(|key| {
        (key["kid"].as_str().unwrap().into(), key["key_ops"].as_array().unwrap().len() == 2)
    })
    .collect()
}

#[test]
fn a_rotation_enforces_the_safe_order() {
    const MONTH: u64 = 30 * 86_400;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    assert_eq!(keys("add", &path, "", START).code, Some(0));
    #[cfg(unix)]
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions())
            & 0o777,
        0o600
    );
    let [(old, true)] = &kids(&path)[..] else { panic!("one signing key") };
    assert_eq!(keys("promote", &path, "", START).code, Some(1), "every key has signed");

    assert_eq!(keys("add", &path, "", START).code, Some(0));
    let [(_, true), (new, false)] = &kids(&path)[..] else { panic!("the new one only verifies") };
    let early = keys("promote", &path, "", START + 599);
    assert_eq!(early.code, Some(1));
    assert!(early.err.contains("too early") && early.err.contains("in 1 second"), "{}", early.err);
    let promoted = keys("promote", &path, "", START + 600);
    assert_eq!(promoted.code, Some(0), "{}", promoted.err);
    assert!(promoted.out.contains(new) && promoted.out.contains("Next:"), "{}", promoted.out);
    assert_eq!(kids(&path), [(old.clone(), false), (new.clone(), true)]);

    let over = START + 600 + MONTH + 600;
    assert_eq!(keys("retire", &path, "", over - 1).code, Some(1));
    assert_eq!(keys("retire", &path, old, over - 1).code, Some(1));
    assert_eq!(keys("retire", &path, new, over).code, Some(1), "it is the signing key");
    let listed = keys("list", &path, "", over - 60);
    assert!(
        listed.out.contains("may be retired") && listed.out.contains("in 1 minute"),
        "{}",
        listed.out
    );
    // A key that has never signed stays.
    assert_eq!(keys("add", &path, "", over).code, Some(0));
    let later = keys("retire", &path, "--absolute 31days", over);
    assert_eq!(later.code, Some(1), "{}", later.out);
    let slower = keys("retire", &path, "--reload 11min", over);
    assert_eq!(slower.code, Some(1), "{}", slower.out);
    assert_eq!(keys("retire", &path, "", over).code, Some(0));
    let [(signing, true), (waiting, false)] = &kids(&path)[..] else { panic!("two keys") };
    assert_eq!(signing, new);
    assert_eq!(keys("retire", &path, waiting, over).code, Some(0), "it has no sessions");
    assert_eq!(keys("retire", &path, "nobody", over).code, Some(1));
}

#[test]
fn an_unsafe_step_requires_a_reason_and_records_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    for _ in 0..2 {
        assert_eq!(keys("add", &path, "", START).code, Some(0));
    }
    assert_eq!(keys("promote", &path, "--because one-server-only", START).code, Some(0));
    assert!(keys("list", &path, "", START).out.contains("one-server-only"));
    let [(old, false), _] = &kids(&path)[..] else { panic!("two keys") };
    let nameless = keys("retire", &path, "--because in-a-hurry", START);
    assert_eq!(nameless.code, Some(2), "{}", nameless.err);
    assert_eq!(keys("retire", &path, &format!("{old} --because in-a-hurry"), START).code, Some(0));
    assert!(
        keys("list", &path, "", START).out.contains("in-a-hurry"),
        "also after the key is removed"
    );
}

#[test]
fn a_wrong_clock_does_not_bypass_the_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    assert_eq!(keys("add", &path, "", 1000).code, Some(1), "a clock that was never set");
    for _ in 0..2 {
        assert_eq!(keys("add", &path, "", START).code, Some(0));
    }
    let ahead = keys("promote", &path, "", 9_999_999_999);
    assert_eq!(ahead.code, Some(1));
    assert!(ahead.err.contains("--now is in the future"), "{}", ahead.err);
}

#[test]
fn a_key_without_recorded_times_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    let exported = run("keys export", &[("SESSION_SECRET", SECRET)], "").out;
    fs::write(&path, exported).unwrap();
    let [(old, true)] = &kids(&path)[..] else { panic!("one signing key") };
    assert_eq!(keys("add", &path, "", START).code, Some(0));
    assert_eq!(keys("promote", &path, "", START + 600).code, Some(0));
    let early = keys("retire", &path, old, START + 1200);
    assert_eq!(early.code, Some(1), "the key has signed, although the file records no time");
    assert!(keys("list", &path, "", START + 1200).out.contains("no longer signs"));
    // If the other key leaks, this one does not become the signing key again.
    let [_, (new, true)] = &kids(&path)[..] else { panic!("the new one signs") };
    assert_eq!(keys("revoke", &path, new, START + 1200).code, Some(0));
    let [(_, false), (fresh, true)] = &kids(&path)[..] else { panic!("a fresh one signs") };
    assert_ne!(fresh, new);
}

#[test]
fn a_revoked_key_is_replaced_only_by_a_key_that_the_command_added() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    assert_eq!(keys("add", &path, "", START).code, Some(0));
    // An old key of a file that was written by hand: it records no times.
    let key = r#"{"kty":"oct","alg":"HS256","kid":"old","k":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8","key_ops":["verify"],"waxseal:cookie":"__Host-session"},"#;
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("\"keys\": [", &format!("\"keys\": [{key}"), 1)).unwrap();
    let [(old, false), (leaked, true)] = &kids(&path)[..] else { panic!("the second signs") };
    assert_eq!(keys("revoke", &path, leaked, START).code, Some(0));
    let [(first, false), (fresh, true)] = &kids(&path)[..] else { panic!("a fresh one signs") };
    assert!(first == old && fresh != leaked);
}

#[test]
fn a_file_with_both_kinds_of_key_rotates() {
    let folder = tempfile::tempdir().unwrap();
    let [signed, encrypted, both] =
        ["s", "e", "both"].map(|name| folder.path().join(format!("{name}.json")));
    assert_eq!(keys("add", &signed, "", START).code, Some(0));
    assert_eq!(keys("add --encrypted", &encrypted, "", START).code, Some(0));
    let [mut merged, other] = [&signed, &encrypted].map(|path| -> serde_json::Value {
        serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
    });
    merged["keys"].as_array_mut().unwrap().push(other["keys"][0].clone());
    fs::write(&both, merged.to_string()).unwrap();
    let step = |step: &str, rest: &str, now| {
        let ran = keys(step, &both, rest, now);
        assert_eq!(ran.code, Some(0), "{step}: {}", ran.err);
        ran.out
    };
    let is_sealing = || kids(&both).iter().map(|(_, seals)| *seals).collect::<Vec<_>>();
    assert!(step("add", "", START).contains("which only verifies"));
    assert!(step("add --encrypted", "", START).contains("which only decrypts"));
    assert_eq!(is_sealing(), [true, true, false, false]);
    // The newest, which encrypts; the key that signs still does.
    step("promote", "", START + 600);
    assert_eq!(is_sealing(), [true, false, false, true]);
    let listed = step("list", "", START + 600);
    for part in ["signs", "decrypts, no longer encrypts", "verifies, was never", "encrypts"] {
        assert!(listed.contains(&format!("  {part}")), "{listed}");
    }
    // The key that replaces a leaked one is of the same kind.
    let all = kids(&both);
    assert!(step("revoke", &all[0].0, START + 600).contains(&format!("{} now signs", all[2].0)));
    assert!(step("revoke", &all[3].0, START + 600).contains(" now encrypts"));
    assert_eq!(is_sealing(), [false, true, true]);
    step("retire", &all[1].0, START + 86_400 * 31);
}

/// Everyone who can read the folder can lock it.
#[test]
fn a_locked_folder_is_an_error_after_some_seconds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    let lock = fs::File::open(folder.path()).unwrap();
    lock.lock().unwrap();
    let refused = keys("add", &path, "", START);
    assert_eq!(refused.code, Some(1));
    assert!(refused.err.contains("another process locks the folder"), "{}", refused.err);
    drop(lock);
    assert_eq!(keys("add", &path, "", START).code, Some(0));
}

/// A server that reads the file through its group would otherwise keep a leaked key.
#[test]
#[cfg(unix)]
fn a_group_that_can_read_the_file_still_can() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    assert_eq!(keys("add", &path, "", START).code, Some(0));
    for (before, after) in [(0o640, 0o640), (0o664, 0o640), (0o604, 0o600), (0o400, 0o600)] {
        fs::set_permissions(&path, fs::Permissions::from_mode(before)).unwrap();
        assert_eq!(keys("add", &path, "", START).code, Some(0));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, after);
    }
}

#[test]
fn concurrent_commands_lose_no_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| assert_eq!(keys("add", &path, "", START).code, Some(0)));
        }
    });
    assert_eq!(kids(&path).len(), 20);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left");
}

#[test]
#[cfg(unix)]
fn a_symbolic_link_stays_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let (path, link) = (folder.path().join("keys.json"), folder.path().join("link"));
    assert_eq!(keys("add", &path, "", START).code, Some(0));
    std::os::unix::fs::symlink(&path, &link).unwrap();
    assert_eq!(keys("add", &link, "", START).code, Some(0));
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(kids(&path).len(), 2);
}

#[test]
#[cfg(target_os = "linux")]
fn a_leaked_key_is_removed_even_if_the_output_fails() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    assert_eq!(keys("add", &path, "", START).code, Some(0));
    let [(leaked, true)] = &kids(&path)[..] else { panic!("one key") };
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let mut revoke = Command::new(env!("CARGO_BIN_EXE_waxseal"));
    revoke.args(["keys", "revoke"]).arg(&path).arg(leaked).stdout(full);
    assert_eq!(revoke.status().unwrap().code(), Some(1));
    assert_ne!(&kids(&path)[0].0, leaked);
}

#[test]
#[cfg(unix)]
fn no_error_contains_a_secret_that_is_not_utf_8() {
    use std::os::unix::ffi::OsStrExt as _;
    for arguments in [&["verify", "--microdot", "x"][..], &["verify", "x"], &["keys", "export"]] {
        let secret = std::ffi::OsStr::from_bytes(b"a secret of more than 32 characters, \xff");
        let mut command = Command::new(env!("CARGO_BIN_EXE_waxseal"));
        let output = command.args(arguments).env("SESSION_SECRET", secret).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("UTF-8") && !said.contains("a secret of"), "{said}");
    }
}

#[test]
fn a_leaked_key_is_removed_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    for _ in 0..2 {
        assert_eq!(keys("add", &path, "", START).code, Some(0));
    }
    let [(leaked, true), (waiting, false)] = &kids(&path)[..] else { panic!("two keys") };
    let revoked = keys("revoke", &path, leaked, START);
    assert_eq!(revoked.code, Some(0));
    assert!(revoked.out.contains("NOW"), "{}", revoked.out);
    assert_eq!(kids(&path), [(waiting.clone(), true)]);
    // The last key is replaced with a new one.
    assert_eq!(keys("revoke", &path, waiting, START).code, Some(0));
    let [(fresh, true)] = &kids(&path)[..] else { panic!("one signing key") };
    assert!(fresh != waiting && fresh != leaked);
}

#[test]
fn a_malformed_key_file_stays_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    for broken in ["", "{}", "{\"keys\":[]}", "{\"keys\":[{\"kty\":\"oct\"}]}"] {
        fs::write(&path, broken).unwrap();
        for step in ["add", "promote", "retire", "list"] {
            let ran = keys(step, &path, "", START);
            assert_eq!(ran.code, Some(1), "{step}: {}", ran.out);
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), broken);
    }
    // Unknown members are preserved.
    fs::remove_file(&path).unwrap();
    keys("add", &path, "", START);
    let text =
        fs::read_to_string(&path).unwrap().replacen("\"kty\"", "\"note\": \"x\", \"kty\"", 1);
    fs::write(&path, text).unwrap();
    keys("add", &path, "", START);
    assert!(fs::read_to_string(&path).unwrap().contains("\"note\": \"x\""));
}
