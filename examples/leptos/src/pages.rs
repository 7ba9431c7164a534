//! The pages.

use std::time::Duration;

use leptos::prelude::*;
use leptos_axum::extract;
use leptos_router::{
    components::{Route, Router, Routes},
    path,
};
use waxseal::Session;

use crate::functions::{LogIn, LogOut};

/// The user of the request, in the context of a page.
#[derive(Clone)]
pub(crate) struct User(pub(crate) Option<String>);

/// The document around every page.
pub(crate) fn document() -> impl IntoView {
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <title>"waxseal"</title>
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// The routes of the pages.
#[component]
pub(crate) fn App() -> impl IntoView {
    view! {
        <Router>
            <Routes fallback=|| "This page does not exist">
                <Route path=path!("/") view=Page />
                <Route path=path!("/late") view=Late />
            </Routes>
        </Router>
    }
}

/// The page: at once the greeting, and later the orders of the user.
#[component]
fn Page() -> impl IntoView {
    let User(user) = expect_context();
    let log_out = ServerAction::<LogOut>::new();
    let orders_of = user.clone();
    let orders = Resource::new(|| (), move |()| orders(orders_of.clone()));
    view! {
        {match user {
            Some(user) => view! {
                <p>"Hello " <b>{user}</b></p>
                <ActionForm action=log_out>
                    <button>"Log out"</button>
                </ActionForm>
            }
            .into_any(),
            None => view! { <LoginForm /> }.into_any(),
        }}
        <Suspense fallback=|| "Your orders are loading">
            <p>{move || orders.get()}</p>
        </Suspense>
    }
}

/// The browser posts the form to the server function. After an error, it shows the form again,
/// with the text of the error.
#[component]
fn LoginForm() -> impl IntoView {
    let log_in = ServerAction::<LogIn>::new();
    let failure = move || log_in.value().get().and_then(Result::err).map(|error| error.to_string());
    view! {
        <p>"Not logged in. Any name, and the password wax:"</p>
        <ActionForm action=log_in>
            <input name="username" />
            <input name="password" type="password" />
            <button>"Log in"</button>
        </ActionForm>
        <p>{failure}</p>
    }
}

/// Stands for a database. It gets the user, and not the session.
async fn orders(user: Option<String>) -> String {
    tokio::time::sleep(Duration::from_millis(100)).await;
    user.map_or_else(|| "No orders".into(), |user| format!("2 orders of {user}"))
}

/// The wrong way: a part of the page changes the session while the page streams. The change cannot
/// reach the browser. If nothing has asked for the session before, this part cannot even read it.
#[component]
pub(crate) fn Late() -> impl IntoView {
    let saved = Resource::new(
        || (),
        |()| async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let session = extract::<Session>().await.map_err(|error| error.to_string())?;
            let saved = session.insert("visited", true).and_then(|()| session.save());
            saved.map_err(|error| error.to_string())
        },
    );
    view! {
        <Suspense fallback=|| "The session is loading">
            <p>{move || saved.get().and_then(Result::err)}</p>
        </Suspense>
    }
}
