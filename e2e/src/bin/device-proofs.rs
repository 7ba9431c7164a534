//! Writes vectors of proofs for a server of device-bound sessions, as JSON.
//!
//!     device-proofs cases     the proofs of the software device, always the same
//!     device-proofs chromium  new proofs of the installed Chromium

use std::process::Command;

use e2e::{
    browser::{Driver, Engine},
    device::{DeviceServer, cases},
};
use serde_json::{Value, json};

#[tokio::main]
async fn main() {
    let vectors = match std::env::args().nth(1).as_deref() {
        Some("cases") => json!({
            "source": "cargo run -p e2e --features device-bound --bin device-proofs cases",
            "cases": cases(),
        }),
        Some("chromium") => chromium().await,
        _ => panic!("device-proofs cases|chromium"),
    };
    println!("{vectors:#}");
}

/// Two devices: each registers, and refreshes twice.
async fn chromium() -> Value {
    let driver = Driver::start(Engine::Chromium);
    let mut proofs = vec![];
    for _ in 0..2 {
        let recorded = DeviceServer::start().await.record(&driver, 2).await;
        proofs.extend(recorded.unwrap_or_else(|problem| panic!("{problem}")));
    }
    let proofs: Vec<_> = proofs
        .into_iter()
        .map(|proof| {
            json!({
                "kind": proof.kind,
                "proof": proof.proof,
                "challenge": proof.challenge,
                "key": proof.key,
            })
        })
        .collect();
    let program = std::env::var("CHROMIUM").unwrap_or_else(|_| "chromium".into());
    let version = Command::new(program).arg("--version").output().expect("chromium runs");
    let version = String::from_utf8_lossy(&version.stdout).trim().to_owned();
    let date = Command::new("date").arg("+%F").output().expect("date runs");
    let date = String::from_utf8_lossy(&date.stdout).trim().to_owned();
    json!({
        "source": format!("device-proofs chromium, on {date} with {version}, with keys in software"),
        "proofs": proofs,
    })
}
