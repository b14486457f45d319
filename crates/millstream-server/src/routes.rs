//! What is answered where.

use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};

use crate::Metrics;
use crate::status::{RunStatus, StatusReport};

#[derive(Clone)]
struct Shared {
    status: RunStatus,
    metrics: Metrics,
}

pub(crate) fn router(status: RunStatus, metrics: Metrics) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics_text))
        .route("/api/v1/status", get(status_report))
        .layer(DefaultBodyLimit::max(64 << 10))
        .with_state(Shared { status, metrics })
}

/// The process works.
async fn healthz(State(shared): State<Shared>) -> impl IntoResponse {
    if shared.status.has_failed() {
        (StatusCode::SERVICE_UNAVAILABLE, "error\n")
    } else {
        (StatusCode::OK, "ok\n")
    }
}

/// There is something to read: an epoch is committed.
async fn readyz(State(shared): State<Shared>) -> impl IntoResponse {
    if shared.status.is_ready() {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready: nothing is committed yet\n")
    }
}

async fn metrics_text(State(shared): State<Shared>) -> impl IntoResponse {
    shared.status.publish_gauges();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], shared.metrics.render())
}

async fn status_report(State(shared): State<Shared>) -> Json<StatusReport> {
    Json(shared.status.report())
}
