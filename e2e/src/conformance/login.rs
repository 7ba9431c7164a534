//! The login page.

use crate::{
    client::{Client, Jar, Response},
    server::Server,
};

const NOBODY: [&str; 0] = [];

/// Whose page a login page's response is; `None` for the form.
pub fn greeted(response: &Response) -> Option<String> {
    assert_eq!(response.status, 200, "{}", response.body);
    let greeting = response.body.split_once("Hello <b>");
    let name = greeting.and_then(|(_, rest)| rest.split_once("</b>!")).map(|(name, _)| name.into());
    assert_eq!(response.body.contains(r#"name="username""#), name.is_none(), "{}", response.body);
    name
}

/// Logs in, reloads, logs out.
pub fn login_reload_logout(server: &Server) {
    let (client, mut jar) = (Client::of(server), Jar::default());
    assert_eq!(greeted(&client.get("/", &NOBODY)), None);

    let response = client.form("/", "username=susan", &NOBODY);
    assert_eq!((response.status, response.values("location")), (303, vec!["/"]));
    let line = response.set_cookie(server.mint.cookie);
    let attributes: Vec<_> =
        line.split("; ").skip(1).filter(|attribute| !attribute.starts_with("Max-Age=")).collect();
    assert_eq!(attributes, server.mint.attributes);
    jar.take(&response);

    for _ in 0..3 {
        let response = client.get("/", &jar.cookies());
        assert_eq!(greeted(&response).as_deref(), Some("susan"));
        assert_eq!(response.set_cookies(server.mint.cookie), NOBODY, "reading sets nothing");
    }

    let response = client.form("/logout", "", &jar.cookies());
    assert_eq!((response.status, response.values("location")), (303, vec!["/"]));
    jar.take(&response);
    assert_eq!(jar.cookies(), NOBODY);
    assert_eq!(greeted(&client.get("/", &jar.cookies())), None);
}

/// The cookie is removed by name, domain, path and partition: each attribute
/// of the line that set it stands in the line that removes it.
pub fn removal_repeats_every_attribute(server: &Server) {
    let response = Client::of(server).form("/logout", "", &NOBODY);
    let line = response.set_cookie(server.mint.cookie);
    let mut parts = line.split("; ");
    assert_eq!(parts.next(), Some(&*format!("{}=", server.mint.cookie)));
    let past = ["Expires=Thu, 01 Jan 1970 00:00:01 GMT", "Max-Age=0"];
    let (removing, repeated): (Vec<_>, Vec<_>) = parts.partition(|part| past.contains(part));
    assert_eq!(removing, past);
    assert_eq!(repeated, server.mint.attributes);
}
