//! `/api/v1/tables`: how generated tables grow, and how that is changed while they do.

use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use millstream_generate::{CadenceChange, CadenceStatus, ChangeError, Shape, UpdatePolicy};
use serde::Serialize;

use crate::problem::Problem;
use crate::routes::Shared;

/// After this time a change that is not committed yet is answered as accepted.
const PATIENCE: Duration = Duration::from_secs(20);

/// The answer of `/api/v1/tables`.
#[derive(Debug, Serialize)]
pub(crate) struct TableList {
    tick: u64,
    lag_seconds: f64,
    tables: Vec<TableCadence>,
}

/// How a table grows.
#[derive(Debug, Serialize)]
pub(crate) struct TableCadence {
    name: String,
    update_policy: &'static str,
    /// All its rows, also those of earlier runs.
    rows: u64,
    rows_per_minute: f64,
    enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    shape: Option<Shape>,
    /// How late the tick was that is being made, in seconds.
    lag_seconds: f64,
    /// Whether the cadence is another one than the file's.
    changed: bool,
}

/// The answer to a change.
#[derive(Debug, Serialize)]
struct Changed {
    #[serde(flatten)]
    table: TableCadence,
    /// Whether a restart keeps it already.
    committed: bool,
}

pub(crate) async fn list(State(shared): State<Shared>) -> Result<Json<TableList>, Problem> {
    let cadence = cadence(&shared).await?;
    let tables = (0..cadence.tables().len()).filter_map(|table| report(cadence, table)).collect();
    Ok(Json(TableList { tick: cadence.tick(), lag_seconds: lag(cadence), tables }))
}

pub(crate) async fn one(
    State(shared): State<Shared>,
    Path(name): Path<String>,
) -> Result<Json<TableCadence>, Problem> {
    find(cadence(&shared).await?, &name).map(Json)
}

pub(crate) async fn change(
    State(shared): State<Shared>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    const HINT: &str = r#"send JSON such as {"rows_per_minute": 1200, "enabled": true}"#;
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.split(';').next().unwrap_or_default().trim() != "application/json" {
        let message = "a change is of the type application/json";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message, HINT));
    }
    let body = body.map_err(|error| Problem::new(error.status(), error.body_text(), HINT))?;
    let change: CadenceChange = serde_json::from_slice(&body)
        .map_err(|error| Problem::new(StatusCode::BAD_REQUEST, error.to_string(), HINT))?;
    if change == CadenceChange::default() {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "nothing is to change", HINT));
    }
    apply(&shared, &name, &change).await
}

pub(crate) async fn pause(
    State(shared): State<Shared>,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    apply(&shared, &name, &CadenceChange { enabled: Some(false), ..CadenceChange::default() }).await
}

pub(crate) async fn resume(
    State(shared): State<Shared>,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    apply(&shared, &name, &CadenceChange { enabled: Some(true), ..CadenceChange::default() }).await
}

/// Asks for a change, and waits until it is committed.
async fn apply(shared: &Shared, name: &str, change: &CadenceChange) -> Result<Response, Problem> {
    let cadence = cadence(shared).await?;
    let number = cadence.control().change(name, change).map_err(|error| match error {
        ChangeError::Unknown { .. } => unknown(cadence, name),
        ChangeError::Conflict { message, hint } => Problem::new(StatusCode::CONFLICT, message, hint),
        ChangeError::Invalid { message, hint } => {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, message, hint)
        }
    })?;
    let committed = tokio::time::timeout(PATIENCE, cadence.control().durable(number)).await.is_ok();
    let table = find(cadence, name)?;
    let status = if committed { StatusCode::OK } else { StatusCode::ACCEPTED };
    Ok((status, Json(Changed { table, committed })).into_response())
}

/// The generator, once it is open.
async fn cadence(shared: &Shared) -> Result<&CadenceStatus, Problem> {
    let cadence = shared
        .status
        .cadence
        .as_deref()
        .ok_or_else(|| Problem::not_found("this run generates no tables", "add `tables:` to the file"))?;
    tokio::time::timeout(PATIENCE, cadence.control().opened()).await.map_err(|_| {
        let message = "the run has not begun yet";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, message, "ask again when /readyz says so")
    })?;
    Ok(cadence)
}

fn find(cadence: &CadenceStatus, name: &str) -> Result<TableCadence, Problem> {
    let index = cadence.tables().iter().position(|table| table.name() == name);
    index.and_then(|index| report(cadence, index)).ok_or_else(|| unknown(cadence, name))
}

fn unknown(cadence: &CadenceStatus, name: &str) -> Problem {
    let names: Vec<&str> = cadence.tables().iter().map(millstream_generate::TableStatus::name).collect();
    Problem::not_found(format!("there is no table {name:?}"), format!("the tables are: {}", names.join(", ")))
}

fn report(status: &CadenceStatus, index: usize) -> Option<TableCadence> {
    let table = status.tables().get(index)?;
    let (cadence, declared) = status.control().cadence(index)?;
    let update_policy = match status.control().policy(index)? {
        UpdatePolicy::Append => "append",
        UpdatePolicy::Disabled => "disabled",
        UpdatePolicy::Replace { .. } => "replace",
    };
    Some(TableCadence {
        name: table.name().to_owned(),
        update_policy,
        rows: table.rows(),
        rows_per_minute: cadence.rate.per_minute(),
        enabled: cadence.enabled,
        shape: cadence.shape,
        lag_seconds: lag(status),
        changed: !declared,
    })
}

fn lag(status: &CadenceStatus) -> f64 {
    status.lag() as f64 / 1e6
}
