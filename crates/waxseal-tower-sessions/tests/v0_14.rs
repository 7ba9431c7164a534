//! The session tests with tower-sessions 0.14.
#![cfg(feature = "v0_14")]

use tower_sessions_0_14 as tower_sessions;
use waxseal_tower_sessions::v0_14::SessionManagerLayer;

mod sessions;
mod support;
