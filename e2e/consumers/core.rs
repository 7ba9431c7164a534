//! A program without a framework, outside the workspace, over the published packages.

use waxseal_core::{OpenSession, Sealer, Secret, UnixTime};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sealer = Sealer::builder(Secret::new([7; 32])?).build()?;
    let now = UnixTime::from_secs(1_800_000_000);
    let mut session = OpenSession::open(&sealer, [b"theme=dark".as_slice()], now)?;
    session.insert("username", "susan")?;
    session.save()?;
    let changes = pollster::block_on(session.finish())?;
    let line = changes.set_cookie_lines().next().ok_or("no Set-Cookie line")?;
    assert!(line.starts_with("__Host-session="), "{line}");
    Ok(())
}
