//! A gRPC client of the service `waxseal.Whoami`.

use tonic::{Code, Request, client::Grpc, metadata::MetadataMap, transport::Channel};
use tonic_prost::ProstCodec;
use ureq::http::uri::PathAndQuery;

use crate::server::Server;

/// The message `waxseal.User`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct User {
    /// The name of the user.
    #[prost(string, tag = "1")]
    pub name: String,
}

/// Calls the service with the cookies, each in its own metadata entry. Returns the user name or
/// the status code, and the metadata of the response.
pub async fn whoami(server: &Server, cookies: &[String]) -> (Result<String, Code>, MetadataMap) {
    let channel = Channel::from_shared(server.url.clone()).expect("an address");
    let mut client = Grpc::new(channel.connect().await.expect("a connection"));
    client.ready().await.expect("a client that is ready");
    let mut request = Request::new(());
    for cookie in cookies {
        request.metadata_mut().append("cookie", cookie.parse().expect("ASCII"));
    }
    let path = PathAndQuery::from_static("/waxseal.Whoami/Whoami");
    let codec = ProstCodec::<(), User>::default();
    match client.unary(request, path, codec).await {
        Ok(response) => {
            let (metadata, user, _) = response.into_parts();
            (Ok(user.name), metadata)
        }
        Err(status) => (Err(status.code()), status.metadata().clone()),
    }
}
