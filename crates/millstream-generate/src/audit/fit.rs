//! Goodness of fit: Pearson's chi-squared test of counts against declared probabilities.

use std::collections::HashMap;

use arrow::array::{Array as _, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use millstream_core::{Error, Result};

use super::declared::Distribution;
use super::{Check, Property};

/// Below this, values are not drawn as declared: a sound file would be refused once in a million columns.
const IMPLAUSIBLE: f64 = 1e-6;

/// Cells of a range.
const CELLS: usize = 50;

/// The fewest rows that are expected in a cell, for the test to be sound (Cochran 1954).
const LEAST_EXPECTED: f64 = 5.0;

/// Counts values, to compare them with what is declared.
pub(super) struct Fit {
    distribution: Distribution,
    /// The probability of each cell.
    cells: Vec<f64>,
    counts: Vec<u64>,
    by_value: HashMap<String, usize>,
    /// A value that cannot be.
    stray: Option<String>,
}

impl Fit {
    pub(super) fn new(distribution: Distribution) -> Self {
        let (cells, by_value) = match &distribution {
            Distribution::Values(values) => {
                let by_value =
                    values.iter().enumerate().map(|(index, (value, _))| (value.clone(), index)).collect();
                (values.iter().map(|(_, probability)| *probability).collect(), by_value)
            }
            Distribution::Integers { first, last, step } => {
                let count = steps(*first, *last, *step);
                let cells = count.min(CELLS as u128);
                // The k-th cell holds the numbers from k·count/cells on.
                let share = |cell: u128| {
                    let bound = |cell: u128| (cell * count).div_ceil(cells);
                    (bound(cell + 1) - bound(cell)) as f64 / count as f64
                };
                ((0..cells).map(share).collect(), HashMap::new())
            }
            Distribution::Range { .. } => (vec![1.0 / CELLS as f64; CELLS], HashMap::new()),
        };
        let counts = vec![0; cells.len()];
        Self { distribution, cells, counts, by_value, stray: None }
    }

    pub(super) fn see(&mut self, column: &ArrayRef) -> Result<()> {
        let failed = |error| Error::internal("values cannot be counted").caused_by(error);
        if let Distribution::Values(_) = self.distribution {
            let options = FormatOptions::default();
            let formatter = ArrayFormatter::try_new(column, &options).map_err(failed)?;
            for row in (0..column.len()).filter(|&row| column.is_valid(row)) {
                let text = formatter.value(row).to_string();
                let cell = self.by_value.get(&text).or_else(|| self.by_value.get(&text.to_lowercase()));
                match cell {
                    Some(&cell) => self.count(cell),
                    None => self.stray(text),
                }
            }
            return Ok(());
        }
        let numbers = cast(column, &DataType::Float64).map_err(failed)?;
        for number in numbers.as_primitive::<Float64Type>().iter().flatten() {
            match self.cell(number) {
                Some(cell) => self.count(cell),
                None => self.stray(number.to_string()),
            }
        }
        Ok(())
    }

    fn count(&mut self, cell: usize) {
        if let Some(count) = self.counts.get_mut(cell) {
            *count += 1;
        }
    }

    fn stray(&mut self, value: String) {
        self.stray.get_or_insert(value);
    }

    fn cell(&self, number: f64) -> Option<usize> {
        match self.distribution {
            Distribution::Values(_) => None,
            Distribution::Integers { first, last, step } => {
                let count = steps(first, last, step);
                let position = (number - first as f64) / step as f64;
                // Beyond 2^53 the numbers are those near it.
                let exact = position.fract() == 0.0 || number.abs() >= 9e15;
                if !(exact && position >= 0.0 && position < count as f64) {
                    return None;
                }
                Some((position as u128 * count.min(CELLS as u128) / count) as usize)
            }
            Distribution::Range { low, high } => {
                let position = (number - low) / (high - low);
                // Rounding may give the upper bound itself.
                (0.0..=1.0).contains(&position).then(|| ((position * CELLS as f64) as usize).min(CELLS - 1))
            }
        }
    }

    pub(super) fn check(self, name: &str) -> Check {
        let declared = match &self.distribution {
            Distribution::Values(values) => format!("{} values with their weights", values.len()),
            Distribution::Integers { first, last, .. } => format!("whole numbers from {first} to {last}"),
            Distribution::Range { low, high } => format!("numbers from {low} to {high}"),
        };
        if let Some(stray) = &self.stray {
            let detail = format!("declared are {declared}, and there is {stray}");
            return Check::new(&[name], Property::Distribution, false, detail);
        }
        against(name, &declared, &self.cells, &self.counts)
    }
}

/// The outcome of the test for counts in cells of these probabilities.
pub(super) fn against(name: &str, declared: &str, cells: &[f64], counts: &[u64]) -> Check {
    let rows: u64 = counts.iter().sum();
    if let Some(cell) = cells.iter().zip(counts).position(|(cell, count)| *cell == 0.0 && *count > 0) {
        let detail =
            format!("{declared}: {} rows have a value of weight 0", counts.get(cell).copied().unwrap_or(0));
        return Check::new(&[name], Property::Distribution, false, detail);
    }
    let Some((statistic, degrees)) = chi_squared(cells, counts) else {
        let why = format!("{declared}: {rows} rows are too few to tell");
        return Check::skipped(&[name], Property::Distribution, why);
    };
    let p_value = upper_gamma(degrees as f64 / 2.0, statistic / 2.0);
    let mut check = Check::new(
        &[name],
        Property::Distribution,
        p_value >= IMPLAUSIBLE,
        format!("{declared}: chi-squared {statistic:.1} with {degrees} degrees of freedom"),
    );
    check.p_value = Some(p_value);
    check
}

/// How many numbers there are from `first` to `last`, every `step`-th.
fn steps(first: i64, last: i64, step: i64) -> u128 {
    let span = (i128::from(last) - i128::from(first)) / i128::from(step.max(1));
    span as u128 + 1
}

/// The statistic and its degrees of freedom; cells of which too little is expected are put together.
fn chi_squared(cells: &[f64], counts: &[u64]) -> Option<(f64, usize)> {
    let rows = counts.iter().sum::<u64>() as f64;
    let mut sum = 0.0;
    let mut used = 0_usize;
    let (mut expected, mut found) = (0.0, 0.0);
    let mut last: Option<(f64, f64)> = None;
    for (cell, count) in cells.iter().zip(counts) {
        expected += cell * rows;
        found += *count as f64;
        if expected >= LEAST_EXPECTED {
            if let Some((expected, found)) = last.replace((expected, found)) {
                sum += (found - expected).powi(2) / expected;
                used += 1;
            }
            (expected, found) = (0.0, 0.0);
        }
    }
    // What is left over joins the last cell.
    let (last_expected, last_found) = last?;
    let (expected, found) = (last_expected + expected, last_found + found);
    sum += (found - expected).powi(2) / expected;
    used += 1;
    (used >= 2).then_some((sum, used - 1))
}

/// The regularised upper incomplete gamma function Q(a, x): a series below a + 1 and Lentz's continued fraction above
/// (Press et al., "Numerical Recipes", 6.2; Abramowitz and Stegun 6.5.29 and 6.5.31).
fn upper_gamma(shape: f64, x: f64) -> f64 {
    const STEPS: usize = 10_000;
    const ENOUGH: f64 = 1e-15;
    if x <= 0.0 {
        return 1.0;
    }
    let scale = (shape * x.ln() - x - libm::lgamma(shape)).exp();
    if x < shape + 1.0 {
        let (mut term, mut sum) = (1.0 / shape, 1.0 / shape);
        for step in 1..STEPS {
            term *= x / (shape + step as f64);
            sum += term;
            if term < sum * ENOUGH {
                break;
            }
        }
        return (1.0 - sum * scale).clamp(0.0, 1.0);
    }
    let tiny = f64::MIN_POSITIVE / ENOUGH;
    let mut b = x + 1.0 - shape;
    let mut c = 1.0 / tiny;
    let mut d = 1.0 / b;
    let mut fraction = d;
    for step in 1..STEPS {
        let step = step as f64;
        let factor = -step * (step - shape);
        b += 2.0;
        let or_tiny = |value: f64| if value.abs() < tiny { tiny } else { value };
        d = 1.0 / or_tiny(factor * d + b);
        c = or_tiny(b + factor / c);
        let change = d * c;
        fraction *= change;
        if (change - 1.0).abs() < ENOUGH {
            break;
        }
    }
    (scale * fraction).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Outcome;

    #[test]
    fn the_gamma_function_is_that_of_the_tables() {
        // Upper tails of chi-squared: the 5 % and 1 % points of the usual tables.
        for (degrees, point, tail) in [
            (1.0, 3.841_458_820_694_124, 0.05),
            (2.0, 9.210_340_371_976_18, 0.01),
            (10.0, 18.307_038_053_275_14, 0.05),
            (100.0, 135.806_723_178_8, 0.01),
            (49.0, 66.338_648_863_5, 0.05),
        ] {
            let found = upper_gamma(degrees / 2.0, point / 2.0);
            assert!((found - tail).abs() < 1e-9, "{degrees}: {found}");
        }
        assert_eq!(upper_gamma(3.0, 0.0), 1.0);
        assert!(upper_gamma(0.5, 1000.0) < 1e-300);
    }

    #[test]
    fn deviations_are_found_and_small_samples_are_not_judged() {
        let halves = [0.5, 0.5];
        assert_eq!(against("a", "x", &halves, &[5010, 4990]).outcome, Outcome::Holds);
        assert_eq!(against("a", "x", &halves, &[5300, 4700]).outcome, Outcome::Fails);
        assert_eq!(against("a", "x", &halves, &[3, 1]).outcome, Outcome::Skipped);
        assert_eq!(against("a", "x", &[1.0, 0.0], &[10, 1]).outcome, Outcome::Fails);
        // Rare cells are put together rather than counted apart.
        let rare = [0.99, 0.004, 0.003, 0.003];
        assert_eq!(chi_squared(&rare, &[990, 4, 3, 3]).unwrap().1, 1);
    }

    #[test]
    fn cells_of_integers_hold_their_share() {
        let fit = Fit::new(Distribution::Integers { first: -3, last: 103, step: 1 });
        assert!((fit.cells.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        let mut counts = vec![0_u32; CELLS];
        for number in -3..=103 {
            counts[fit.cell(f64::from(number)).unwrap()] += 1;
        }
        for (cell, count) in fit.cells.iter().zip(counts) {
            assert!((cell * 107.0 - f64::from(count)).abs() < 1e-9);
        }
        assert_eq!((fit.cell(-4.0), fit.cell(104.0), fit.cell(0.5)), (None, None, None));
    }
}
