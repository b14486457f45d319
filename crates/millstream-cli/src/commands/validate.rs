//! `millstream validate FILE`

use millstream::Result;

use crate::arguments::{FileArguments, OutputArguments};
use crate::commands::explain::planned;
use crate::terminal::say;

pub(crate) async fn validate(arguments: &FileArguments, output: &OutputArguments) -> Result<()> {
    let plan = planned(arguments, output).await?;
    if !output.quiet {
        let graph = plan.graph.describe();
        say(&format!(
            "{} is valid: {} streams, {} sinks",
            arguments.path().display(),
            graph.streams.len(),
            graph.sinks.len()
        ));
    }
    Ok(())
}
