//! The marker of a second session of one application.

/// Marks a second session of one application, such as the stricter one of its admin area.
///
/// Sessions of different markers have different keys, so a session of one marker is never
/// accepted as a session of another, even if both use the same cookie name and path.
/// The builder takes the marker: [`SealerBuilder::marker`](crate::SealerBuilder::marker).
///
/// ```
/// use waxseal_core::{CookieSpec, Marker, Sealer, Secret};
///
/// struct Admin;
///
/// impl Marker for Admin {
///     const PURPOSE: &'static str = "admin";
/// }
///
/// # fn sealer(secret: Secret) -> Result<Sealer, Box<dyn std::error::Error>> {
/// let spec = CookieSpec::builder("__Host-admin").same_site_strict().build()?;
/// let admin = Sealer::builder(secret).marker::<Admin>().cookie(spec).build()?;
/// # Ok(admin)
/// # }
/// ```
pub trait Marker {
    /// What the session is for: 1 to 64 letters, digits and `-._`. It is part of the key,
    /// so a change rejects all sessions of the marker. Two markers with the same purpose
    /// select the same session; `main` is the session without a marker.
    const PURPOSE: &'static str;
}

/// The marker of an application's main session, which needs none.
#[derive(Clone, Copy, Debug)]
pub struct Main;

impl Marker for Main {
    const PURPOSE: &'static str = "main";
}
