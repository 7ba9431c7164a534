//! The connections of `--device-bound`: https on localhost, with a certificate that is made at the
//! start.

use std::{error::Error, io, net::SocketAddr, sync::Arc, time::Duration};

use axum::serve::Listener;
use data_encoding::BASE64;
use rcgen::{CertificateParams, KeyPair, PublicKeyData as _};
use sha2::{Digest as _, Sha256};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::timeout,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer},
    server::TlsStream,
};

/// How long a handshake can take. Browsers open connections that they may never use.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Accepts connections with TLS.
pub struct TlsListener {
    tcp: TcpListener,
    acceptor: TlsAcceptor,
    /// Handshakes run beside each other: a client that sends nothing delays no other one.
    handshakes: JoinSet<Option<(TlsStream<TcpStream>, SocketAddr)>>,
    key_hash: String,
}

impl TlsListener {
    /// Makes a certificate for `localhost`.
    pub fn new(tcp: TcpListener) -> Result<Self, Box<dyn Error>> {
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new(["localhost".to_owned()])?.self_signed(&key)?;
        let private_key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], private_key)?;
        config.alpn_protocols = vec![b"http/1.1".into()];
        let key_hash = BASE64.encode(&Sha256::digest(key.subject_public_key_info()));
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Ok(Self { tcp, acceptor, handshakes: JoinSet::new(), key_hash })
    }

    /// The SHA-256 hash of the certificate's public key, by which Chromium and curl can accept a
    /// certificate that no authority has signed.
    pub fn key_hash(&self) -> &str {
        &self.key_hash
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            tokio::select! {
                // axum's own `accept`, which waits if the process has too many open files.
                (stream, address) = Listener::accept(&mut self.tcp) => {
                    let handshake = timeout(HANDSHAKE, self.acceptor.accept(stream));
                    self.handshakes.spawn(async move {
                        let error = match handshake.await {
                            Ok(Ok(stream)) => return Some((stream, address)),
                            Ok(Err(error)) => error,
                            Err(_) => io::ErrorKind::TimedOut.into(),
                        };
                        tracing::debug!(%address, %error, "a TLS handshake failed");
                        None
                    });
                }
                Some(Ok(Some(connection))) = self.handshakes.join_next() => return connection,
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.tcp.local_addr()
    }
}
