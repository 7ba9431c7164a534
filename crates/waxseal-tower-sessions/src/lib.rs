//! axum-login
#![warn(unreachable_pub)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(any(feature = "v0_14", feature = "v0_15"))]
mod bridge;
#[cfg(any(feature = "v0_14", feature = "v0_15"))]
mod error;
#[cfg(feature = "v0_14")]
pub mod v0_14;
#[cfg(feature = "v0_15")]
pub mod v0_15;
