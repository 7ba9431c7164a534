//! For tower-sessions 0.15.

use tower_sessions_core_0_15 as tower_sessions_core;

macro_rules! version {
    () => {
        "v0_15"
    };
}
use version;

// One text for all versions, each with the types of its own.
#[allow(clippy::duplicate_mod)]
#[path = "layer.rs"]
mod layer;

pub use layer::{SessionManager, SessionManagerLayer};
