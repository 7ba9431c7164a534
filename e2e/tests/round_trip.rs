//! Every server reads the cookies of every other server.

use std::process::Command;

use e2e::{
    client::{Client, Jar},
    conformance::greeted,
    grpc::whoami,
    program::{example, heavy_example, microdot},
    server::{Format, Server},
};

const NO_COOKIES: [&str; 0] = [];

/// All login pages. Add a line for a new integration.
fn login_pages() -> Vec<(&'static str, Command)> {
    let mut picoserve = Command::new(env!("CARGO_BIN_EXE_serve-picoserve"));
    picoserve.env("BEHIND_HTTPS", "yes");
    vec![
        ("axum", Command::new(env!("CARGO_BIN_EXE_serve-axum"))),
        ("actix", Command::new(env!("CARGO_BIN_EXE_serve-actix"))),
        ("picoserve", picoserve),
        ("std", Command::new(example("login-std"))),
        ("hyper", Command::new(heavy_example("login-hyper"))),
        ("salvo", Command::new(heavy_example("login-salvo"))),
        ("warp", Command::new(heavy_example("login-warp"))),
    ]
}

/// Logs in on each of `pages`, reads the session on all pages and in the gRPC service, and logs out
/// on another page.
async fn go_round(pages: Vec<(&'static str, Command)>, format: Format) {
    let start = |(name, mut command)| (name, Server::start(&mut command, format));
    let pages: Vec<_> = pages.into_iter().map(start).collect();
    let (_, grpc) = start(("tonic", Command::new(heavy_example("whoami-tonic"))));
    let next = pages.iter().cycle().skip(1);
    for ((maker, page), (other, next)) in pages.iter().zip(next) {
        let mut jar = Jar::default();
        jar.take(&Client::of(page).form(
            "/",
            &format!("username={maker}&password=wax"),
            &NO_COOKIES,
        ));
        for (reader, page) in &pages {
            let response = Client::of(page).get("/", &jar.cookies());
            assert_eq!(greeted(&response).as_deref(), Some(*maker), "{reader} reads {maker}");
        }
        let name = whoami(&grpc, &jar.cookies()).await.0;
        assert_eq!(name.as_deref(), Ok(*maker), "tonic reads {maker}");

        jar.take(&Client::of(next).form("/logout", "", &jar.cookies()));
        assert_eq!(jar.cookies(), NO_COOKIES, "{other} removes the cookie of {maker}");
    }
}

#[tokio::test]
async fn every_server_reads_the_cookies_of_every_other() {
    go_round(login_pages(), Format::Waxseal).await;
}

/// Includes a server on Microdot if `MICRODOT_PYTHON` is set.
#[tokio::test]
async fn every_server_reads_the_cookies_of_every_other_in_microdots_format() {
    let python = microdot().map(|command| ("microdot", command));
    go_round(login_pages().into_iter().chain(python).collect(), Format::Microdot).await;
}
