//! The `millstream` command: makes relational data, moves it, and serves it while it grows.

mod arguments;
mod commands;
mod drain;
mod interrupt;
mod progress;
mod terminal;

use std::process::ExitCode;

use clap::Parser as _;

use crate::arguments::{Arguments, Command};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    terminal::start_logging(&arguments.output);
    let colour = terminal::has_colour(&arguments.output);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let error = millstream::Error::internal("the runtime does not start").caused_by(error);
            return terminal::fail(&error, colour);
        }
    };
    let ended = runtime.block_on(async {
        let ended = match arguments.command {
            Command::Check(check) => return commands::check::check(&check, &arguments.output).await,
            Command::Run(run) => commands::run::run(run, &arguments.output).await,
            Command::Serve(serve) => commands::serve::serve(serve, &arguments.output).await,
            Command::Generate(generate) => commands::generate::generate(generate, &arguments.output).await,
            Command::Validate(validate) => commands::validate::validate(&validate, &arguments.output).await,
            Command::Explain(explain) => commands::explain::explain(&explain, &arguments.output).await,
            Command::Preview(preview) => commands::preview::preview(preview, &arguments.output).await,
            Command::Init(init) => commands::init::init(init, &arguments.output).await,
            Command::Compact(compact) => commands::compact::compact(compact, &arguments.output).await,
            Command::Providers(providers) => commands::providers::providers(&providers),
            Command::Completions { shell } => commands::completions::completions(shell),
        };
        ended.map(|()| ExitCode::SUCCESS)
    });
    // Jobs of a failed run may still be busy; nobody waits for their results.
    runtime.shutdown_background();
    match ended {
        Ok(code) => code,
        Err(error) => terminal::fail(&error, colour),
    }
}
