//! actix-web: errors as responses.

use actix_web::{HttpResponse, ResponseError, http::StatusCode};

use crate::{error::SessionError, events};

/// An empty 500 or 503; what went wrong goes to the log, where only the
/// operator sees it.
impl ResponseError for SessionError {
    fn status_code(&self) -> StatusCode {
        if self.is_temporary() {
            StatusCode::SERVICE_UNAVAILABLE
        } else {
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }

    fn error_response(&self) -> HttpResponse {
        events::failed(self);
        HttpResponse::new(self.status_code())
    }
}
