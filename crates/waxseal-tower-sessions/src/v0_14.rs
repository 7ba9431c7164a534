//! For tower-sessions 0.14.

use tower_sessions_core_0_14 as tower_sessions_core;

macro_rules! version {
    () => {
        "v0_14"
    };
}
use version;

// One text for all versions, each with the types of its own.
#[allow(clippy::duplicate_mod)]
#[path = "layer.rs"]
mod layer;

pub use layer::{SessionManager, SessionManagerLayer};
