//! The login page.

use crate::{
    client::{Client, Jar, Response},
    server::Server,
};

const NO_COOKIES: [&str; 0] = [];

/// The user name in the response of a login page; `None` for the form.
pub fn greeted(response: &Response) -> Option<String> {
    assert_eq!(response.status, 200, "{}", response.body);
    let greeting = response.body.split_once("Hello <b>");
    let name = greeting.and_then(|(_, rest)| rest.split_once("</b>!")).map(|(name, _)| name.into());
    assert_eq!(response.body.contains(r#"name="username""#), name.is_none(), "{}", response.body);
    name
}

/// Logs in, reloads, logs out.
pub fn a_user_logs_in_reloads_and_logs_out(server: &Server) {
    let (client, mut jar) = (Client::of(server), Jar::default());
    assert_eq!(greeted(&client.get("/", &NO_COOKIES)), None);

    let response = client.form("/", "username=susan&password=wax", &NO_COOKIES);
    assert_eq!((response.status, response.values("location")), (303, vec!["/"]));
    let line = response.set_cookie(server.mint.cookie);
    let attributes: Vec<_> =
        line.split("; ").skip(1).filter(|attribute| !attribute.starts_with("Max-Age=")).collect();
    assert_eq!(attributes, server.mint.attributes);
    jar.take(&response);

    for _ in 0..3 {
        let response = client.get("/", &jar.cookies());
        assert_eq!(greeted(&response).as_deref(), Some("susan"));
        assert_eq!(response.set_cookies(server.mint.cookie), NO_COOKIES, "reading sets nothing");
    }

    let response = client.form("/logout", "", &jar.cookies());
    assert_eq!((response.status, response.values("location")), (303, vec!["/"]));
    jar.take(&response);
    assert_eq!(jar.cookies(), NO_COOKIES);
    assert_eq!(greeted(&client.get("/", &jar.cookies())), None);
}

/// A browser removes a cookie by name, domain, path and partition, so the line that removes it
/// repeats every attribute of the line that sets it.
pub fn the_removal_repeats_every_attribute(server: &Server) {
    let response = Client::of(server).form("/logout", "", &NO_COOKIES);
    let line = response.set_cookie(server.mint.cookie);
    let mut parts = line.split("; ");
    assert_eq!(parts.next(), Some(&*format!("{}=", server.mint.cookie)));
    let past = ["Expires=Thu, 01 Jan 1970 00:00:01 GMT", "Max-Age=0"];
    let (removing, repeated): (Vec<_>, Vec<_>) = parts.partition(|part| past.contains(part));
    assert_eq!(removing, past);
    assert_eq!(repeated, server.mint.attributes);
}

/// A user name is text, not HTML.
pub fn names_are_escaped(server: &Server) {
    let (client, mut jar) = (Client::of(server), Jar::default());
    jar.take(&client.form("/", "username=%3Cb%3EJos%C3%A9%26&password=wax", &NO_COOKIES));
    let page = client.get("/", &jar.cookies()).body;
    assert!(page.contains("José") && !page.contains("<b><b>"), "{page}");
}

/// A name that no user has logs nobody in.
pub fn a_username_that_is_too_long_sends_no_cookie(server: &Server) {
    let client = Client::of(server);
    let response =
        client.form("/", &format!("username={}&password=wax", "x".repeat(5000)), &NO_COOKIES);
    assert_eq!(response.status, 403, "the user does not exist");
    assert_eq!(response.values("set-cookie"), NO_COOKIES);
    assert_eq!(greeted(&client.get("/", &NO_COOKIES)), None, "the server keeps running");
}
