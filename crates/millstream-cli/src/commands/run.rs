//! `millstream run FILE`

use millstream::Result;
use millstream::config::Purpose;

use crate::arguments::{OutputArguments, RunArguments};
use crate::drain;

pub(crate) async fn run(arguments: RunArguments, output: &OutputArguments) -> Result<()> {
    let file = drain::read(&arguments.file, output)?;
    let overrides = drain::overrides(&arguments.engine, arguments.restart);
    let plan = file.plan(&Purpose::Run, &overrides).await?;
    drain::run(plan, &arguments.engine, output).await
}
