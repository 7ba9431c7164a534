//! The gRPC service `whoami-tonic`: the layer over HTTP/2, with a cookie of another server.

use std::process::Command;

use e2e::{
    client::{Client, Jar},
    grpc::whoami,
    program::heavy_example,
    server::{Format, Server},
};
use tonic::{Code, metadata::MetadataMap};

const NO_COOKIES: [&str; 0] = [];

fn start(format: Format) -> Server {
    Server::start(&mut Command::new(heavy_example("whoami-tonic")), format)
}

fn values<'m>(metadata: &'m MetadataMap, name: &str) -> Vec<&'m str> {
    metadata.get_all(name).iter().map(|value| value.to_str().expect("ASCII")).collect()
}

#[tokio::test]
async fn the_cookie_of_another_server_is_accepted() {
    for format in [Format::Waxseal, Format::Microdot] {
        let axum = Server::start(&mut Command::new(env!("CARGO_BIN_EXE_serve-axum")), format);
        let mut jar = Jar::default();
        jar.take(&Client::of(&axum).form("/", "username=susan&password=wax", &NO_COOKIES));

        let (name, metadata) = whoami(&start(format), &jar.cookies()).await;
        assert_eq!(name.as_deref(), Ok("susan"));
        assert_eq!(values(&metadata, "vary"), ["Cookie"]);
        assert_eq!(values(&metadata, "cache-control"), ["private"]);
        assert_eq!(values(&metadata, "set-cookie"), NO_COOKIES);
    }
}

/// In HTTP/2, each cookie may have its own header field (RFC 9113, section 8.2.3).
#[tokio::test]
async fn cookies_in_separate_header_fields_are_accepted() {
    let server = start(Format::Waxseal);
    let good = server.mint.pair(&server.mint.alive(r#""username":"susan""#));
    let cookies = ["theme=dark".into(), server.mint.pair("malformed"), good];
    assert_eq!(whoami(&server, &cookies).await.0.as_deref(), Ok("susan"));
}

#[tokio::test]
async fn a_session_in_the_second_half_of_its_idle_timeout_is_extended() {
    const DAY: i64 = 86_400;
    let server = start(Format::Waxseal);
    let aging = server.mint.between(-5 * DAY, 2 * DAY, r#""username":"susan""#);
    let (name, metadata) = whoami(&server, &[server.mint.pair(&aging)]).await;
    assert_eq!(name.as_deref(), Ok("susan"));
    let [line] = *values(&metadata, "set-cookie") else { panic!("one line: {metadata:?}") };
    let refreshed = line.split(';').next().expect("a pair").to_owned();
    assert_eq!(whoami(&server, &[refreshed]).await.0.as_deref(), Ok("susan"));
}

#[tokio::test]
async fn a_rejected_cookie_gives_no_user() {
    for format in [Format::Waxseal, Format::Microdot] {
        let server = start(format);
        let good = server.mint.pair(&server.mint.alive(r#""username":"susan""#));
        let expired = server.mint.pair(&server.mint.expired(r#""username":"susan""#));
        for cookies in [vec![], vec![expired], vec![format!("{good}x")], vec!["a=b".into()]] {
            let (name, metadata) = whoami(&server, &cookies).await;
            assert_eq!(name, Err(Code::Unauthenticated), "{cookies:?}");
            assert_eq!(values(&metadata, "set-cookie"), NO_COOKIES);
        }
    }
}
