//! Revocation: the sealer checks the list, revokes sessions, and changes the response.

mod finish;
mod list;
mod logout;
mod opening;
mod overflow;
mod races;
mod renew;
mod requests;
mod revoke_others;
mod stamps;
mod successor;
#[path = "../support/mod.rs"]
mod support;
mod users;
mod verdicts;
