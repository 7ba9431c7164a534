//! The page that makes a browser prove that it holds its key.

use alloc::{format, string::String};

/// A page that loads `target`, its own path and query, again. Chromium does not refresh at a
/// redirect to the same URL, but before the navigation of a page.
pub(super) fn page(target: &str) -> String {
    // The URL is relative and without a fragment: with one, the browser would only scroll, and
    // with `//` at its start it would name another host.
    let (path, query) =
        target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let mut url = String::from("./");
    url.push_str(path.rsplit('/').next().unwrap_or_default());
    if let Some(query) = query {
        url.extend(["?", query]);
    }
    let url = url.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"color-scheme\" content=\"light dark\">\
         <meta http-equiv=\"refresh\" content=\"0;url={url}\"><title>One moment</title>\
         <p>Checking this device. If the page does not change, load it again."
    )
}

#[cfg(test)]
mod tests {
    use super::page;

    #[test]
    fn the_page_loads_itself_again() {
        for (target, url) in [
            ("/", "./"),
            ("/notes", "./notes"),
            ("/notes/1?page=2&all", "./1?page=2&amp;all"),
            ("/notes/?q=a/b?c", "./?q=a/b?c"),
            ("//other.example", "./other.example"),
            ("/a:b", "./a:b"),
            ("/a\"<script>", "./a&quot;&lt;script>"),
        ] {
            let expected = alloc::format!("content=\"0;url={url}\"");
            assert!(page(target).contains(&expected), "{target}");
        }
    }
}
