//! A configuration file, read and checked.

use std::path::Path;

use millstream_config::{Diagnostics, Document, Overrides, Plan, Purpose, plan, plan_preview};
use millstream_core::{Error, Result};
use millstream_engine::{AnySink, Outcome};

/// A configuration file, read and checked as far as the file alone allows.
pub struct File {
    document: Document,
    warnings: Diagnostics,
}

impl File {
    /// Reads the file at `path`; `${env:NAME}` in it comes from the environment.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        Self::read_coloured(path, false)
    }

    /// As [`File::read`]; with `colour` the text of errors has ANSI colours.
    pub fn read_coloured(path: impl AsRef<Path>, colour: bool) -> Result<Self> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map_err(|error| {
            Error::config(format!("cannot read {}", path.display()))
                .caused_by(error)
                .hint("give the path of a configuration file, for example examples/shop.yaml")
        })?;
        let environment = |name: &str| std::env::var(name).ok();
        let (document, warnings) = Document::parse(&path.display().to_string(), &text, &environment)
            .map_err(|diagnostics| diagnostics.into_error(colour))?;
        Ok(Self { document, warnings })
    }

    /// What was written.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// What is odd about the file, but not wrong.
    pub fn warnings(&self) -> &Diagnostics {
        &self.warnings
    }

    /// Builds its graph.
    pub async fn plan(&self, purpose: &Purpose, overrides: &Overrides) -> Result<Plan> {
        plan(&self.document, purpose, overrides).await
    }

    /// Builds its graph for a look at its rows (see [`plan_preview`]).
    pub async fn plan_preview(
        &self,
        overrides: &Overrides,
        glimpse: &dyn Fn(&str) -> AnySink,
    ) -> Result<Plan> {
        plan_preview(&self.document, overrides, glimpse).await
    }

    /// Runs it until its sources end.
    pub async fn run(&self) -> Result<Outcome> {
        let outcome = self.plan(&Purpose::Run, &Overrides::default()).await?.run().await?;
        match outcome.result {
            Ok(()) => Ok(outcome),
            Err(error) => Err(error),
        }
    }
}
