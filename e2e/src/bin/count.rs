//! Repeats one operation, for a tool that counts instructions.
//!
//!     count open|reject|save TIMES

use std::hint::black_box;

use waxseal::{Sealer, Secret, UnixTime, test_util};
use waxseal_core::OpenSession;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, what, times] = &arguments[..] else { panic!("count open|reject|save TIMES") };
    let times: u32 = times.parse().expect("a number");

    let now = UnixTime::from_secs(1_800_000_000);
    let secret = Secret::new([7; 32]).expect("long enough");
    let sealer = Sealer::builder(secret).build().expect("a sealer");
    let mut cookie = test_util::cookie(&sealer, now, |session| {
        session.insert("username", "susan")?;
        session.insert("cart", [1, 2, 3])?;
        session.insert("csrf", "q8Jx0vN2mB5tYw3kLr7sPaQ4hZ9cXe1uDf6gTi0o")?;
        Ok(())
    })
    .expect("a cookie");
    if what == "reject" {
        let message = cookie.len() - 43;
        cookie.replace_range(message.., &"A".repeat(43));
    }

    let open = || OpenSession::open(&sealer, [black_box(cookie.as_bytes())], now).expect("no list");
    let mut saved = open();
    for _ in 0..times {
        if what == "save" {
            saved.save().expect("small enough");
        } else {
            drop(black_box(open()));
        }
    }
}
