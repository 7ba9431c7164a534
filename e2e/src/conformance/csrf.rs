//! Forms of other sites (CSRF).

use crate::{
    client::{Client, Jar},
    conformance::greeted,
    server::Server,
};

const NO_COOKIES: [&str; 0] = [];

/// A form that another site sends in the user's browser neither logs in nor out. The headers are
/// those of browsers: new ones, and old ones or over plain http.
pub fn the_forms_of_other_sites_are_refused(server: &Server) {
    let client = Client::of(server);
    let host = server.url.strip_prefix("http://").expect("an address");
    let same = format!("http://{host}");
    let other_port = format!("http://{}:1", host.split(':').next().expect("a host"));
    let login = "username=mallory&password=wax";
    for headers in [
        &[("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")][..],
        &[("sec-fetch-site", "same-site"), ("origin", &other_port)],
        // The newer header counts.
        &[("sec-fetch-site", "cross-site"), ("origin", &*same)],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("origin", &*other_port)],
    ] {
        for (path, form) in [("/", login), ("/logout", "")] {
            let response = client.form_with(path, form, &NO_COOKIES, headers);
            assert_eq!(response.status, 403, "{path} {headers:?}");
            assert_eq!(response.values("set-cookie"), NO_COOKIES, "{path} {headers:?}");
        }
    }
    for headers in [
        &[("sec-fetch-site", "same-origin"), ("origin", &*same)][..],
        &[("sec-fetch-site", "none")],
        &[("origin", &*same)],
        &[],
    ] {
        let mut jar = Jar::default();
        jar.take(&client.form_with("/", login, &NO_COOKIES, headers));
        assert_eq!(greeted(&client.get("/", &jar.cookies())).as_deref(), Some("mallory"));
        let response = client.form_with("/logout", "", &jar.cookies(), headers);
        assert_eq!(response.status, 303, "{headers:?}");
    }
}

/// A wrong password logs nobody in.
pub fn a_wrong_password_is_refused(server: &Server) {
    let client = Client::of(server);
    for form in
        ["username=susan&password=wrong", "username=susan&password=", "username=&password=wax"]
    {
        let response = client.form("/", form, &NO_COOKIES);
        assert!([403, 422].contains(&response.status), "{form}: {}", response.status);
        assert_eq!(response.values("set-cookie"), NO_COOKIES, "{form}");
    }
}
