//! The picoserve face, and its example as its user runs it.

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

const NOBODY: [&str; 0] = [];

fn start(command: &mut Command, format: Format) -> Server {
    Server::start_minted(command, format, Mint::insecure_http())
}

fn server() -> Command {
    Command::new(env!("CARGO_BIN_EXE_serve-picoserve"))
}

fn login() -> Command {
    static LOGIN: LazyLock<PathBuf> = LazyLock::new(|| example("login-picoserve"));
    Command::new(&*LOGIN)
}

/// All cases but `caches_of_read_sessions` and `caches_of_set_cookies`: they
/// ask that the application's own headers are merged, and picoserve's layers
/// can only add headers. `caches_are_told_by_added_headers` is in their place.
macro_rules! conformance {
    ($start:expr) => {
        e2e::conformance_of_a_login!($start);
        e2e::conformance! { $start;
            caches_of_untouched_responses
            one_set_cookie_and_the_applications_own
            what_was_saved_is_sent
            statuses_do_not_matter
            too_large_is_an_error_and_sends_nothing
            times_are_kept
            activity_moves_the_end_on
            the_absolute_limit_stands
            users_and_remember_me
            rejections_are_told
            data_goes_round
        }
    };
}

mod waxseal {
    conformance!(super::start(&mut super::server(), super::Format::Waxseal));
}

mod microdot {
    conformance!(super::start(&mut super::server(), super::Format::Microdot));
}

/// All cases of a login but `eight_kilobytes`: the example's HTTP buffer is as
/// small as a board's. `a_head_over_the_buffer_is_refused` is in its place.
macro_rules! conformance_of_the_example {
    ($start:expr) => {
        e2e::conformance! { $start;
            login_reload_logout
            removal_repeats_every_attribute
            every_bit_matters
            forgeries
            odd_claims
            odd_headers
            expired
            two_of_one_name
            two_headers_of_one_name
            other_peoples_cookies
            two_hundred_users
        }
    };
}

mod example_waxseal {
    conformance_of_the_example!(super::start(&mut super::login(), super::Format::Waxseal));
}

mod example_microdot {
    conformance_of_the_example!(super::start(&mut super::login(), super::Format::Microdot));
}

/// What the application has set stays; ours goes beside it, where caches read
/// the lines of one name as one, and follow the strictest.
#[test]
fn caches_are_told_by_added_headers() {
    let server = start(&mut server(), Format::Waxseal);
    let client = Client::of(&server);
    for step in ["read", "insert a 1\nsave", "delete"] {
        let response = client.script(step, &NOBODY);
        assert_eq!(response.values("vary"), ["Cookie"]);
        assert_eq!(response.values("cache-control"), ["private"]);
        let own = "header vary: origin\nheader cache-control: public, max-age=60\n";
        let response = client.script(&format!("{own}{step}"), &NOBODY);
        assert_eq!(response.values("vary"), ["origin", "Cookie"]);
        assert_eq!(response.values("cache-control"), ["public, max-age=60", "private"]);
    }
}

#[test]
fn names_are_escaped() {
    let server = start(&mut login(), Format::Waxseal);
    let (client, mut jar) = (Client::of(&server), Jar::default());
    jar.take(&client.form("/", "username=%3Cb%3E%26Jos%C3%A9", &NOBODY));
    let page = client.get("/", &jar.cookies()).body;
    assert!(page.contains("Hello <b>&lt;b&gt;&amp;José</b>!"), "{page}");
}

/// The framework answers before anything of ours is asked, and the next one is
/// served.
#[test]
fn a_head_over_the_buffer_is_refused() {
    let buffers = [(server(), 2048), (login(), 4096)];
    for (mut command, buffer) in buffers {
        let server = start(command.env("BUFFER", buffer.to_string()), Format::Waxseal);
        let good = server.mint.pair(&server.mint.alive(r#""username":"susan""#));
        for _ in 0..3 {
            for junk in [buffer, 8192, 1 << 20] {
                let answer = raw(&server, &format!("{}; {good}", "x".repeat(junk)));
                assert!(answer.starts_with("HTTP/1.1 400 "), "{junk}: {answer}");
                assert!(!answer.to_lowercase().contains("set-cookie"), "{answer}");
            }
            // One that is never finished.
            raw_bytes(&server, b"GET / HTTP/1.1\r\ncookie: session=");
            let fits = raw(&server, &format!("{}; {good}", "x".repeat(buffer - 1024)));
            assert!(fits.contains("Hello <b>susan</b>!"), "{fits}");
        }
    }
}

fn raw(server: &Server, cookie: &str) -> String {
    raw_bytes(server, format!("GET / HTTP/1.1\r\nhost: x\r\ncookie: {cookie}\r\n\r\n").as_bytes())
}

/// What the server answers to these bytes and nothing more.
fn raw_bytes(server: &Server, bytes: &[u8]) -> String {
    let address = server.url.strip_prefix("http://").expect("an address");
    let mut stream = TcpStream::connect(address).expect("it listens");
    // It may have answered, and gone, before it has read all.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).expect("UTF-8")
}
