//! The application before, during and after each migration, over HTTP.

mod applications;
mod client;
mod differences;
mod moving;
mod pages;
mod servers;
