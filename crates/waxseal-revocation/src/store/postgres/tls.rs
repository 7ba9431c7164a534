//! TLS to Postgres: always with a verified certificate, and never without TLS if it fails.

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::StoreFailure;

/// Trusts the authority of this certificate in PEM, or those of the operating system.
pub(super) fn connector(
    root_certificate: Option<&[u8]>,
) -> Result<MakeRustlsConnect, StoreFailure> {
    let mut roots = RootCertStore::empty();
    match root_certificate {
        Some(pem) => {
            for certificate in CertificateDer::pem_slice_iter(pem) {
                let certificate =
                    certificate.map_err(|error| StoreFailure::because(WRONG, error))?;
                roots.add(certificate).map_err(|error| StoreFailure::because(WRONG, error))?;
            }
            if roots.is_empty() {
                return Err(StoreFailure::new(WRONG));
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let config = ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .map_err(|error| StoreFailure::because("TLS cannot be used", error))?;
    let config = config.with_root_certificates(roots).with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

const WRONG: &str = "the root certificate of Postgres must be in PEM";
