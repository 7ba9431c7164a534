//! Does one thing many times, for a tool that counts instructions.
//!
//!     count open|reject|save TIMES

use std::hint::black_box;

use waxseal::{Alone, Handle, Sealer, Secret, UnixTime};

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, what, times] = &arguments[..] else { panic!("count open|reject|save TIMES") };
    let times: u32 = times.parse().expect("a number");

    let now = UnixTime::from_secs(1_800_000_000);
    let secret = Secret::new([7; 32]).expect("long enough");
    let sealer = Sealer::builder(secret).build().expect("a sealer");
    let alone = Alone::open(&sealer, [], now);
    let session = Handle::new(&alone);
    session.insert("username", "susan").expect("JSON");
    session.insert("cart", [1, 2, 3]).expect("JSON");
    session.insert("csrf", "q8Jx0vN2mB5tYw3kLr7sPaQ4hZ9cXe1uDf6gTi0o").expect("JSON");
    session.save().expect("small enough");
    let closing = alone.close();
    let line = closing.set_cookie().next().expect("a line");
    let mut cookie = line.split(';').next().expect("a pair").to_owned();
    if what == "reject" {
        let message = cookie.len() - 43;
        cookie.replace_range(message.., &"A".repeat(43));
    }

    let open = || Alone::open(&sealer, [black_box(cookie.as_bytes())], now);
    let saved = open();
    for _ in 0..times {
        if what == "save" {
            Handle::new(&saved).save().expect("small enough");
        } else {
            drop(black_box(open()));
        }
    }
}
