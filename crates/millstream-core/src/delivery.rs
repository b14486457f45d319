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

    /// `exactly-once` or `at-least-once`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::ExactlyOnce { .. } => "exactly-once",
            Self::AtLeastOnce { .. } => "at-least-once",
        }
    }

    /// The reason.
    pub fn because(&self) -> &str {
        match self {
            Self::ExactlyOnce { because } | Self::AtLeastOnce { because } => because,
        }
    }
}
