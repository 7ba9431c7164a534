//! The picoserve integration, and its example.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, TcpStream},
    path::PathBuf,
    process::Command,
    sync::LazyLock,
};

use e2e::{
    client::{Client, Jar},
    mint::Mint,
    program::example,
    server::{Format, Server},
};

const NO_COOKIES: [&str; 0] = [];

fn start(command: &mut Command, format: Format) -> Server {
    Server::start_minted(command, format, Mint::insecure_http())
}

fn start_encrypted() -> Server {
    Server::start_minted(&mut server(), Format::Waxseal, Mint::insecure_http().encrypting())
}

fn server() -> Command {
    Command::new(env!("CARGO_BIN_EXE_serve-picoserve"))
}

fn login() -> Command {
    static LOGIN: LazyLock<PathBuf> = LazyLock::new(|| example("login-picoserve"));
    Command::new(&*LOGIN)
}

/// All cases except `a_read_session_varies_with_the_cookie` and
/// `a_set_cookie_makes_the_response_private`, which require that the application's headers are
/// merged: a layer of picoserve can only add headers.
/// `cache_headers_are_added_to_the_applications_own` replaces them.
macro_rules! conformance {
    ($start:expr) => {
        e2e::conformance_of_a_login!($start);
        e2e::conformance_of_identity!($start);
        e2e::conformance! { $start;
            an_untouched_session_sets_no_cache_headers
            the_session_sets_one_cookie_beside_the_applications_own
            only_saved_changes_are_sent
            every_status_sends_the_cookie
            a_too_large_session_is_an_error_and_sends_no_cookie
            a_session_keeps_its_issue_time_until_a_login
            activity_extends_a_session
            the_absolute_timeout_is_enforced
            the_user_and_remember_me_are_kept
            the_rejection_is_reported
            data_round_trips
        }
    };
}

mod encrypted {
    conformance!(super::start_encrypted());
}

mod waxseal {
    conformance!(super::start(&mut super::server(), super::Format::Waxseal));
}

mod microdot {
    conformance!(super::start(&mut super::server(), super::Format::Microdot));
}

/// All cases of a login except `a_cookie_of_8_kilobytes_is_rejected`: the HTTP buffer of the
/// example is as small as on a board. `a_head_over_the_buffer_is_rejected` replaces it.
macro_rules! conformance_of_the_example {
    ($start:expr) => {
        e2e::conformance! { $start;
            a_user_logs_in_reloads_and_logs_out
            the_removal_repeats_every_attribute
            a_token_with_one_flipped_bit_is_rejected
            forgeries_are_rejected
            the_rules_for_claims_are_enforced
            the_rules_for_headers_are_enforced
            an_expired_token_is_rejected
            the_valid_one_of_two_cookies_counts
            the_valid_one_of_two_headers_counts
            cookies_of_other_names_are_ignored
            two_hundred_users_see_only_their_own_sessions
        }
    };
}

mod example_waxseal {
    conformance_of_the_example!(super::start(&mut super::login(), super::Format::Waxseal));
}

mod example_microdot {
    conformance_of_the_example!(super::start(&mut super::login(), super::Format::Microdot));
}

e2e::conformance_of_a_form!(start(&mut login(), Format::Waxseal));

/// The headers of the application stay, and the session adds its own. Caches combine the lines of
/// one name and follow the strictest rule.
#[test]
fn cache_headers_are_added_to_the_applications_own() {
    let server = start(&mut server(), Format::Waxseal);
    let client = Client::of(&server);
    for step in ["read", "insert a 1\nsave", "delete"] {
        let response = client.script(step, &NO_COOKIES);
        assert_eq!(response.values("vary"), ["Cookie"]);
        assert_eq!(response.values("cache-control"), ["private"]);
        let own = "header vary: origin\nheader cache-control: public, max-age=60\n";
        let response = client.script(&format!("{own}{step}"), &NO_COOKIES);
        assert_eq!(response.values("vary"), ["origin", "Cookie"]);
        assert_eq!(response.values("cache-control"), ["public, max-age=60", "private"]);
    }
}

#[test]
fn names_are_escaped() {
    let server = start(&mut login(), Format::Waxseal);
    let (client, mut jar) = (Client::of(&server), Jar::default());
    jar.take(&client.form("/", "username=%3Cb%3E%26Jos%C3%A9&password=wax", &NO_COOKIES));
    let page = client.get("/", &jar.cookies()).body;
    assert!(page.contains("Hello <b>&lt;b&gt;&amp;José</b>!"), "{page}");
}

/// picoserve rejects the request before the layer is called, and serves the next one.
#[test]
fn a_head_over_the_buffer_is_rejected() {
    let buffers = [(server(), 2048), (login(), 4096)];
    for (mut command, buffer) in buffers {
        let server = start(command.env("BUFFER", buffer.to_string()), Format::Waxseal);
        let good = server.mint.pair(&server.mint.alive(r#""username":"susan""#));
        for _ in 0..3 {
            for filler in [buffer, 8192, 1 << 20] {
                let answer = raw(&server, &format!("{}; {good}", "x".repeat(filler)));
                assert!(answer.starts_with("HTTP/1.1 400 "), "{filler}: {answer}");
                assert!(!answer.to_lowercase().contains("set-cookie"), "{answer}");
            }
            // A request head without an end.
            raw_bytes(&server, b"GET / HTTP/1.1\r\ncookie: session=");
            let fits = raw(&server, &format!("{}; {good}", "x".repeat(buffer - 1024)));
            assert!(fits.contains("Hello <b>susan</b>!"), "{fits}");
        }
    }
}

fn raw(server: &Server, cookie: &str) -> String {
    raw_bytes(server, format!("GET / HTTP/1.1\r\nhost: x\r\ncookie: {cookie}\r\n\r\n").as_bytes())
}

/// The response of the server to these bytes.
fn raw_bytes(server: &Server, bytes: &[u8]) -> String {
    let address = server.url.strip_prefix("http://").expect("an address");
    let mut stream = TcpStream::connect(address).expect("it listens");
    // The server may respond and disconnect before it has read all bytes.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).expect("UTF-8")
}
