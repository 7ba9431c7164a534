//! A gRPC client of the service `waxseal.Whoami`.

use tonic::{Code, Request, client::Grpc, metadata::MetadataMap, transport::Channel};
use tonic_prost::ProstCodec;
use ureq::http::uri::PathAndQuery;

use crate::server::Server;

/// The message `waxseal.User`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct User {
    /// Who is logged in.
    #[prost(string, tag = "1")]
    pub name: String,
}

/// Asks whose session the cookies are, one metadata entry for each: the name,
/// or the code of the refusal, and the metadata of the answer.
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
