//! Many users at once.

use std::thread;

use super::login::greeted;
use crate::{
    client::{Client, Jar},
    server::Server,
};

/// Two hundred concurrent users each see only their own name.
pub fn two_hundred_users_see_only_their_own_sessions(server: &Server) {
    thread::scope(|scope| {
        for user in 0..200 {
            scope.spawn(move || {
                let (client, mut jar) = (Client::of(server), Jar::default());
                for round in 0..3 {
                    let name = format!("user{user}round{round}");
                    jar.take(&client.form(
                        "/",
                        &format!("username={name}&password=wax"),
                        &jar.cookies(),
                    ));
                    for _ in 0..3 {
                        let response = client.get("/", &jar.cookies());
                        assert_eq!(greeted(&response).as_deref(), Some(&*name));
                    }
                }
                jar.take(&client.form("/logout", "", &jar.cookies()));
                assert_eq!(greeted(&client.get("/", &jar.cookies())), None);
            });
        }
    });
}
