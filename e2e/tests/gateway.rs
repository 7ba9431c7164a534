//! nginx as a gateway, with the files in `gateway`, which `docs/gateway.md` shows. Needs nginx and
//! its module njs.

use std::{process::Command, slice};

use e2e::{
    client::{Client, Jar},
    mint::Mint,
    nginx::Gateway,
    pages::page,
    program::binary,
};
use serde_json::{Value, json};

const NO_COOKIES: [&str; 0] = [];
const OTHER_SECRET: &str = "the secret of another server, quite long";

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
    let client = Client::at(&format!("http://127.0.0.1:{}", gateway.port()));
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
    jar.take(&Client::of(gateway.application()).form("/login", "susan", &NO_COOKIES));
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
    assert_eq!(Client::of(gateway.application()).form("/logout", "", &cookie).status, 200);
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

    gateway.write_keys(&key_file(&[&new, &old]));
    assert!(gateway.is_valid());
    assert_eq!(admitted(), [true, false], "the key file is read by a reload only");
    // The previous worker accepts requests until it has exited.
    let exited = || gateway.log().matches(" exited with code 0").count();
    gateway.reload(|| exited() == 1);
    assert_eq!(admitted(), [true, true]);

    // nginx keeps its keys if the file is damaged.
    gateway.write_keys(r#"{"keys":["#);
    assert!(!gateway.is_valid());
    gateway.reload(|| gateway.log().matches(": reconfiguring\n").count() == 2);
    for _ in 0..20 {
        assert_eq!(admitted(), [true, true]);
    }

    gateway.write_keys(&key_file(&[&new]));
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
