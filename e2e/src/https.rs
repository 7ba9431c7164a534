//! A server with https on `localhost`, which runs an [`axum::Router`] in the process of the test.
//! Browsers register device-bound sessions only over https with a certificate that they accept.

use std::{
    net::SocketAddr,
    sync::{Arc, RwLock},
    time::Duration,
};

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
    response::Response,
    serve::Listener,
};
use data_encoding::BASE64;
use rcgen::{CertifiedKey, PublicKeyData as _, generate_simple_self_signed};
use sha2::{Digest as _, Sha256};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{mpsc, watch},
    task::JoinHandle,
    time::timeout,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, pki_types::PrivateKeyDer},
    server::TlsStream,
};
use tower::ServiceExt as _;

/// A request, and the response to it.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The method and the path: `GET /`.
    pub request: String,
    /// The headers of the request.
    pub request_headers: HeaderMap,
    /// The status of the response.
    pub status: StatusCode,
    /// The headers of the response.
    pub response_headers: HeaderMap,
}

impl Exchange {
    /// A header of the request, if it occurs once and is text.
    pub fn sent(&self, name: &str) -> Option<&str> {
        let mut values = self.request_headers.get_all(name).iter();
        let value = values.next()?;
        values.next().is_none().then(|| value.to_str().ok())?
    }
}

/// What the server and its requests share.
#[derive(Debug)]
struct Shared {
    router: RwLock<Router>,
    exchanges: watch::Sender<Vec<Exchange>>,
}

impl Shared {
    fn current(&self) -> Router {
        self.router.read().expect("no handler panics").clone()
    }
}

/// A server, which stops when this value is dropped.
#[derive(Debug)]
pub struct HttpsServer {
    url: String,
    key_hash: String,
    shared: Arc<Shared>,
    tasks: [JoinHandle<()>; 2],
}

impl HttpsServer {
    /// Starts a server on a free port of `localhost`, with a new certificate.
    pub async fn start(router: Router) -> Self {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).expect("a key");
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .expect("the key of the certificate");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (sender, accepted) = mpsc::channel(16);
        let acceptor = TlsAcceptor::from(Arc::new(config));

        let shared =
            Arc::new(Shared { router: RwLock::new(router), exchanges: watch::Sender::new(vec![]) });
        let recording = Router::new().fallback(answer).with_state(shared.clone());
        Self {
            url: format!("https://localhost:{}", address.port()),
            key_hash: BASE64.encode(&Sha256::digest(signing_key.subject_public_key_info())),
            shared,
            tasks: [
                tokio::spawn(accept(listener, acceptor, sender)),
                tokio::spawn(async move {
                    let _ = axum::serve(Accepted { accepted, address }, recording).await;
                }),
            ],
        }
    }

    /// The URL of the server, without a path.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The argument that makes Chromium accept the certificate. Chromium registers no
    /// device-bound session if `--ignore-certificate-errors` accepts it.
    pub fn chromium_argument(&self) -> String {
        format!("--ignore-certificate-errors-spki-list={}", self.key_hash)
    }

    /// Answers all later requests with another router, as after a restart of the server.
    pub fn replace(&self, router: Router) {
        *self.shared.router.write().expect("no handler panics") = router;
    }

    /// Passes a request to the current router, without a connection: for a client that is no
    /// browser. The request is not among [`exchanges`](Self::exchanges).
    pub async fn send(&self, request: Request) -> Response {
        let Ok(response) = self.shared.current().oneshot(request).await;
        response
    }

    /// The requests so far, in the order of their responses.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.shared.exchanges.borrow().clone()
    }

    /// Waits until a number of requests were answered whose method and path is `request`, for at
    /// most ten seconds. Returns the last of them.
    pub async fn answered(&self, request: &str, number: usize) -> Option<Exchange> {
        let found = |exchanges: &[Exchange]| {
            let mut found = exchanges.iter().filter(|exchange| exchange.request == request);
            found.nth(number - 1).cloned()
        };
        let mut exchanges = self.shared.exchanges.subscribe();
        let waiting = exchanges.wait_for(|exchanges| found(exchanges).is_some());
        let exchanges = timeout(Duration::from_secs(10), waiting).await.ok()?.ok()?;
        found(&exchanges)
    }
}

impl Drop for HttpsServer {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// Passes a request to the current router, and records it.
async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let router = shared.current();
    let line = format!("{} {}", request.method(), request.uri().path());
    let request_headers = request.headers().clone();
    let Ok(response) = router.oneshot(request).await;
    shared.exchanges.send_modify(|exchanges| {
        exchanges.push(Exchange {
            request: line,
            request_headers,
            status: response.status(),
            response_headers: response.headers().clone(),
        });
    });
    response
}

/// Accepts connections. Each handshake has its own task, because browsers open connections that
/// they do not use.
async fn accept(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    sender: mpsc::Sender<(TlsStream<TcpStream>, SocketAddr)>,
) {
    while let Ok((stream, address)) = listener.accept().await {
        let (handshake, sender) = (acceptor.accept(stream), sender.clone());
        tokio::spawn(async move {
            if let Ok(stream) = handshake.await {
                let _ = sender.send((stream, address)).await;
            }
        });
    }
}

/// The connections after their handshake.
struct Accepted {
    accepted: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    address: SocketAddr,
}

impl Listener for Accepted {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.accepted.recv().await {
            Some(connection) => connection,
            // The server stops, and its other task ends this one.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        Ok(self.address)
    }
}
