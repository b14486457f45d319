//! What a sink promises about each row (S-10).

/// The delivery guarantee of a sink, with the reason that `explain` prints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// Every row is visible once, also after a crash.
    ExactlyOnce {
        /// How: `staged, then renamed`.
        because: String,
    },
    /// Every row is visible; after a crash some may be visible twice.
    AtLeastOnce {
        /// Why not better.
        because: String,
    },
    /// Rows may be dropped on the way, and are counted.
    BestEffort {
        /// Where.
        because: String,
    },
}

impl Delivery {
    /// Exactly once, `because`.
    pub fn exactly_once(because: impl Into<String>) -> Self {
        Self::ExactlyOnce { because: because.into() }
    }

    /// At least once, `because`.
    pub fn at_least_once(because: impl Into<String>) -> Self {
        Self::AtLeastOnce { because: because.into() }
    }

    /// Best effort, `because`.
    pub fn best_effort(because: impl Into<String>) -> Self {
        Self::BestEffort { because: because.into() }
    }

    /// `exactly-once`, `at-least-once` or `best-effort`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::ExactlyOnce { .. } => "exactly-once",
            Self::AtLeastOnce { .. } => "at-least-once",
            Self::BestEffort { .. } => "best-effort",
        }
    }

    /// The reason.
    pub fn because(&self) -> &str {
        match self {
            Self::ExactlyOnce { because } | Self::AtLeastOnce { because } | Self::BestEffort { because } => {
                because
            }
        }
    }
}
