//! `millstream serve FILE`

use millstream::Result;
use millstream::config::{Overrides, Purpose};
use millstream_server::{Metrics, RunStatus, Server};
use tokio_util::sync::CancellationToken;

use crate::arguments::{OutputArguments, ServeArguments};
use crate::drain;
use crate::terminal::say;

pub(crate) async fn serve(arguments: ServeArguments, output: &OutputArguments) -> Result<()> {
    let file = drain::read(&arguments.file, output)?;
    let metrics = Metrics::install()?;
    let server = Server::bind(&arguments.listen).await?;
    let overrides =
        Overrides { speed: arguments.speed, ..drain::overrides(&arguments.engine, arguments.restart) };
    let purpose = Purpose::Serve { output: arguments.output.clone(), ticks: arguments.ticks };
    let plan = file.plan(&purpose, &overrides).await?;
    if !output.quiet {
        say(&format!("listening on http://{}", server.address()));
    }
    let status = RunStatus::new(plan.graph.monitor(), plan.cadence.clone());
    let closing = CancellationToken::new();
    let answering = tokio::spawn(server.run(status, metrics, closing.clone()));
    let ended = drain::run(plan, &arguments.engine, output).await;
    closing.cancel();
    // A connection that is still open must not hold the process back.
    answering.abort();
    ended
}
