//! The HTTP face of a run: `/healthz`, `/readyz`, `/metrics` and `/api/v1/…`, on loopback (S-82).

mod guard;
mod listener;
mod problem;
mod routes;
mod status;
mod tables;

use std::net::SocketAddr;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use millstream_core::{Error, Result};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use status::{RunStatus, StatusReport, TableReport};

/// The metrics of this process, in Prometheus' text format.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Starts to keep metrics. Must come before the graph whose metrics shall be kept, and once per process.
    pub fn install() -> Result<Self> {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        metrics::set_global_recorder(recorder)
            .map_err(|error| Error::internal("metrics are kept already").caused_by(error.to_string()))?;
        Ok(Self(handle))
    }

    fn render(&self) -> String {
        self.0.run_upkeep();
        self.0.render()
    }
}

/// A server that has its address and does not answer yet.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Takes an address: `127.0.0.1:8707`, or port 0 for a free one. Other addresses than loopback are refused.
    pub async fn bind(address: &str) -> Result<Self> {
        let wanted: SocketAddr = address.parse().map_err(|error: std::net::AddrParseError| {
            Error::config(format!("{address:?} is no address to listen on"))
                .caused_by(error)
                .hint("write an address and a port: 127.0.0.1:8707")
        })?;
        if !wanted.ip().is_loopback() {
            return Err(Error::config(format!(
                "{address} is not on loopback, and there is no token to protect it"
            ))
            .hint("listen on 127.0.0.1 or [::1], and put a proxy with authentication before it"));
        }
        let listener = TcpListener::bind(wanted).await.map_err(|error| {
            Error::config(format!("cannot listen on {address}"))
                .caused_by(error)
                .hint("choose another port with --listen, or a free one with --listen 127.0.0.1:0")
        })?;
        let address = listener
            .local_addr()
            .map_err(|error| Error::internal("the listener has no address").caused_by(error))?;
        Ok(Self { listener, address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `stop` is cancelled.
    pub async fn run(self, status: RunStatus, metrics: Metrics, stop: CancellationToken) -> Result<()> {
        let router = routes::router(status, metrics);
        axum::serve(listener::Limited::new(self.listener), router)
            .with_graceful_shutdown(stop.cancelled_owned())
            .await
            .map_err(|error| Error::internal("the HTTP server failed").caused_by(error))
    }
}
