//! What is answered where.

use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, post, put};
use axum::{Json, Router, middleware};

use crate::Metrics;
use crate::guard::guard;
use crate::problem::Problem;
use crate::status::{RunStatus, StatusReport};
use crate::tables;

#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) status: RunStatus,
    metrics: Metrics,
}

pub(crate) fn router(status: RunStatus, metrics: Metrics) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics_text))
        .route("/api/v1/status", get(status_report))
        .route("/api/v1/tables", get(tables::list))
        .route("/api/v1/tables/{name}", get(tables::one))
        .route("/api/v1/tables/{name}/cadence", put(tables::change).patch(tables::change))
        .route("/api/v1/tables/{name}/pause", post(tables::pause))
        .route("/api/v1/tables/{name}/resume", post(tables::resume))
        .fallback(async || {
            Problem::not_found("there is nothing here", "see /api/v1/status and /api/v1/tables")
        })
        .method_not_allowed_fallback(async || Problem::wrong_method())
        .layer(middleware::from_fn(guard))
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
