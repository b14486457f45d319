//! How a table grows during a part of its history.

use crate::shape::{Curve, Shape};
use crate::{Rate, ShapeError};

/// How a table grows from some tick on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Growth {
    /// Rows per minute; with a shape, what the shape begins with or adds to.
    pub rate: Rate,
    /// How the rate varies.
    pub shape: Option<Shape>,
    /// Rows come with every so manieth tick, those whose number it divides; at least 1.
    pub every: u64,
}

impl Growth {
    /// No rows at all.
    pub const NONE: Self = Self { rate: Rate::ZERO, shape: None, every: 1 };

    /// A constant rate, in every tick.
    pub const fn constant(rate: Rate) -> Self {
        Self { rate, shape: None, every: 1 }
    }

    /// Whether no rows ever come of it.
    pub fn is_none(&self) -> bool {
        self.rate.is_zero() && self.shape.is_none()
    }

    /// Its curve, with time zero at `origin`, in microseconds since the Unix epoch.
    pub(crate) fn curve(&self, origin: i64) -> Result<Curve, ShapeError> {
        match &self.shape {
            None => Ok(Curve::constant(self.rate)),
            Some(shape) => shape.curve(self.rate, origin),
        }
    }
}

impl From<Rate> for Growth {
    fn from(rate: Rate) -> Self {
        Self::constant(rate)
    }
}
