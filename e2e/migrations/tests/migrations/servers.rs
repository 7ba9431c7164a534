//! The servers, each in a thread that ends with the tests.

use std::{
    net::{SocketAddr, TcpListener},
    thread,
};

use actix_web::{cookie::Key as ActixKey, dev::Server};
use axum::Router;
use axum_extra::extract::cookie::Key as AxumKey;
use migrations::{after, before, moving};
use tower_sessions::MemoryStore;
use waxseal::Secret;
use waxseal_revocation::RevocationList;

pub const SECRET: &[u8; 64] = b"a secret of the tests, and never one of a server: 64 bytes long.";

pub fn secret() -> Secret {
    Secret::new(SECRET).expect("a secret")
}

pub fn revocations() -> RevocationList {
    RevocationList::memory().expect("a list")
}

pub mod tower_sessions_ {
    use super::*;

    pub fn before(store: MemoryStore) -> String {
        axum(before::tower_sessions::app(store))
    }

    pub fn moving(store: MemoryStore) -> String {
        axum(moving::tower_sessions::app(store, secret(), revocations()).expect("an application"))
    }
}

pub mod axum_extra_ {
    use super::*;

    pub fn before() -> String {
        axum(before::axum_extra::app(AxumKey::from(SECRET)))
    }

    pub fn moving() -> String {
        let key = AxumKey::from(SECRET);
        axum(moving::axum_extra::app(key, secret(), revocations()).expect("an application"))
    }
}

pub mod actix_session_ {
    use super::*;

    pub fn before() -> String {
        let key = ActixKey::from(SECRET);
        actix(|listener| before::actix_session::serve(listener, key).expect("a server"))
    }

    pub fn moving() -> String {
        let key = ActixKey::from(SECRET);
        actix(|listener| {
            moving::actix_session::serve(listener, key, secret(), revocations()).expect("a server")
        })
    }
}

pub fn after_axum() -> String {
    after_axum_with(revocations())
}

pub fn after_axum_with(revocations: RevocationList) -> String {
    axum(after::axum::app(secret(), revocations).expect("an application"))
}

pub fn after_actix() -> String {
    actix(|listener| after::actix::serve(listener, secret(), revocations()).expect("a server"))
}

pub fn axum(app: Router) -> String {
    let (listener, url) = listener();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            listener.set_nonblocking(true).expect("a listener");
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            axum::serve(listener, app).await
        })
    });
    url
}

pub fn actix(serve: impl FnOnce(TcpListener) -> Server + Send + 'static) -> String {
    let (listener, url) = listener();
    thread::spawn(|| actix_web::rt::System::new().block_on(async { serve(listener).await }));
    url
}

/// The system accepts connections from here on, before the server runs.
fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a listener");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    (listener, url)
}
