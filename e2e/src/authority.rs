//! A certificate authority, for stores with TLS.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

/// An authority, and a certificate of it for 127.0.0.1, as files.
#[derive(Debug)]
pub struct Authority {
    folder: TempDir,
}

impl Authority {
    /// A new authority.
    pub fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let write = |name, pem: String| fs::write(folder.path().join(name), pem).expect("a file");
        let key = KeyPair::generate().expect("a key");
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        write("authority.pem", authority.self_signed(&key).expect("a certificate").pem());
        let issuer = Issuer::new(authority, key);
        let key = KeyPair::generate().expect("a key");
        let server = CertificateParams::new(["127.0.0.1".to_owned()]).expect("a name");
        write("server.pem", server.signed_by(&key, &issuer).expect("a certificate").pem());
        write("server.key", key.serialize_pem());
        Self { folder }
    }

    /// The certificate of the authority.
    pub fn root(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// The certificate of the server, and its key.
    pub fn server(&self) -> [PathBuf; 2] {
        ["server.pem", "server.key"].map(|name| self.folder.path().join(name))
    }

    /// The folder of all files.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}
