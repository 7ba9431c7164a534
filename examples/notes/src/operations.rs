//! Routes for a load balancer and for Prometheus, on a port of their own: the error of the store
//! and the counters are not for users.

use axum::{Router, extract::State, http::StatusCode, routing::get};
use metrics_exporter_prometheus::PrometheusHandle;
use waxseal_revocation::{RevocationList, State as ListState};

#[derive(Clone)]
struct Operations {
    list: RevocationList,
    metrics: PrometheusHandle,
}

pub fn router(list: RevocationList, metrics: PrometheusHandle) -> Router {
    Router::new()
        .route("/health", get(async || "alive"))
        .route("/ready", get(ready))
        .route("/metrics", get(async |State(state): State<Operations>| state.metrics.render()))
        .with_state(Operations { list, metrics })
}

/// Whether this server can serve requests: without the revocation list, it answers 503 to every
/// request with a session.
async fn ready(State(state): State<Operations>) -> (StatusCode, String) {
    let readiness = state.list.readiness();
    if readiness.state == ListState::Current {
        return (StatusCode::OK, "ready".into());
    }
    let error = readiness.error.unwrap_or_default();
    (StatusCode::SERVICE_UNAVAILABLE, format!("revocation list: {:?} {error}", readiness.state))
}
