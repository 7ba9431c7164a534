//! actix-web: errors as responses.

use actix_web::{HttpResponse, ResponseError};

use crate::error::SessionError;

/// An empty 500; what went wrong goes to the log, where only the operator sees
/// it.
impl ResponseError for SessionError {
    fn error_response(&self) -> HttpResponse {
        tracing::error!("{self}");
        HttpResponse::InternalServerError().finish()
    }
}
