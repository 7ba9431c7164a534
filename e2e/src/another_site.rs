//! A page of another site, which sends forms to the server under test.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
};

/// Serves one page for every request, as another site. Ends with the test's process.
pub fn another_site(html: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut head = BufReader::new(&stream).lines().map_while(Result::ok);
            while head.next().is_some_and(|line| !line.is_empty()) {}
            let length = html.len();
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n\
                 content-length: {length}\r\n\r\n{html}"
            );
        }
    });
    url
}
