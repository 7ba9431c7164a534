//! The mistakes of a configuration of device binding.

use core::{error::Error, fmt};

/// The configuration of [device binding](crate::SealerBuilder::device_bound) is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeviceBindingError {
    /// The sealer has no revocation list: a copy of the cookie from before the registration would
    /// work until it expires.
    NeedsRevocations,
    /// The sealer has a key set, which has no keys for the tokens of device binding.
    NeedsSecret,
    /// The cookie is not `Secure`, or it has a `Domain` or is `Partitioned`: browsers would register
    /// no key, or never give a proof.
    Cookie,
    /// The folder of the routes does not start with the path of the cookie, ends with a slash, or
    /// has other characters than letters, digits and `/-._~`.
    Path,
    /// The proof lifetime is under five minutes, which exceeds the browsers' quota of signatures.
    ProofLifetime {
        /// The lifetime in seconds.
        secs: u64,
    },
}

impl fmt::Display for DeviceBindingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NeedsRevocations => {
                "without a revocation list, a copy of the cookie from before the registration \
                 works until it expires; set a list, or call dangerous_without_revocations"
            }
            Self::NeedsSecret => {
                "a key set has no keys for device binding; use a Secret, or remove device_bound"
            }
            Self::Cookie => {
                "browsers bind sessions only to a cookie with Secure, and without Domain and \
                 Partitioned; use such a cookie, or remove device_bound"
            }
            Self::Path => {
                "the path of the routes of device binding must start with the path of the cookie, \
                 have no slash at its end, and consist of letters, digits and /-._~; set another \
                 one with DeviceBinding::path"
            }
            Self::ProofLifetime { secs } => {
                return write!(
                    f,
                    "a proof lifetime of {secs} seconds exceeds the browsers' quota of signatures; \
                     use at least 300 seconds"
                );
            }
        })
    }
}

impl Error for DeviceBindingError {}
