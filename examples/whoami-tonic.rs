//! A gRPC service on tonic that returns the user of a session. It reads the session cookie, which
//! another server has set, from the metadata of the request.
//!
//! ```text
//! export SESSION_SECRET="$(openssl rand -base64 32)"
//! cargo run -p examples --example whoami-tonic
//! ```
//!
//! tonic would generate this service from
//!
//! ```proto
//! package waxseal;
//! message Nothing {}
//! message User { string name = 1; }
//! service Whoami { rpc Whoami(Nothing) returns (User); }
//! ```
//!
//! The code is written by hand, so that it builds without `protoc`.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use examples::{Failure, listen, sealer};
use tonic::{
    Request, Response, Status,
    body::Body,
    codegen::http,
    server::{Grpc, NamedService},
    transport::{Server, server::TcpIncoming},
};
use tonic_prost::ProstCodec;
use tower::{Service, service_fn};
use waxseal::{Session, SessionLayer};

#[derive(Clone, PartialEq, prost::Message)]
struct User {
    #[prost(string, tag = "1")]
    name: String,
}

async fn whoami(request: Request<()>) -> Result<Response<User>, Status> {
    let session: Session =
        Session::from_parts(request.extensions(), request.metadata().as_ref()).map_err(internal)?;
    let name = session.get("username").map_err(internal)?;
    let name = name.ok_or_else(|| Status::unauthenticated("not logged in"))?;
    Ok(Response::new(User { name }))
}

fn internal(error: impl Into<Failure>) -> Status {
    eprintln!("{}", error.into());
    Status::internal("")
}

#[derive(Clone)]
struct Whoami;

impl NamedService for Whoami {
    const NAME: &'static str = "waxseal.Whoami";
}

impl Service<http::Request<Body>> for Whoami {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async move {
            Ok(match request.uri().path() {
                "/waxseal.Whoami/Whoami" => {
                    Grpc::new(ProstCodec::default()).unary(service_fn(whoami), request).await
                }
                _ => Status::unimplemented("").into_http(),
            })
        })
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let layer = SessionLayer::new(sealer()?);
    let incoming = TcpIncoming::from(listen().await?);
    Ok(Server::builder().layer(layer).add_service(Whoami).serve_with_incoming(incoming).await?)
}
