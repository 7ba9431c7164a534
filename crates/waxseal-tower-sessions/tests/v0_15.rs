//! The session tests with tower-sessions 0.15.
#![cfg(feature = "v0_15")]

use tower_sessions_0_15 as tower_sessions;
use waxseal_tower_sessions::v0_15::SessionManagerLayer;

mod sessions;
mod support;
