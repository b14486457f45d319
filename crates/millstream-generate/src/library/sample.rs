//! `random.sample`: items without replacement, in random order.

use std::sync::Arc;

use arrow::array::{ArrayRef, ListArray, UInt32Array};
use arrow::buffer::OffsetBuffer;
use arrow::compute::take;
use arrow::datatypes::{DataType, Field, FieldRef};
use millstream_core::Key;
use millstream_expr::{Call, CallError, CallSite, EvaluateError, Function, RowErrors};

use super::arguments::Bound;
use super::choice::MOST_CHOICES;
use super::operand::{Operand, integer, is_selected};
use super::population::Population;
use crate::draws::Draws;

/// `random.sample(population, k)`
pub(crate) fn sample(call: &CallSite<'_>, key: Key) -> Result<Arc<dyn Function>, CallError> {
    let signature = "random.sample(population, k)";
    let bound = Bound::new(call, signature, &["population", "k", "counts"], 2)?;
    if bound.constant("counts")?.is_some() {
        return Err(bound.error(
            "counts",
            "`counts` is not supported",
            "repeat the items in the list instead",
        ));
    }
    let from = Population::bind(&bound, 0)?;
    let count = integer(&bound, 1)?.ok_or_else(|| bound.wrong(1, "an integer is needed here, not None"))?;
    if let Operand::Constant(count) = count {
        if let Some(items) = from.len()
            && (count < 0 || count > items as i64)
        {
            return Err(bound.wrong(1, format!("`k` is {count}, and there are {items} items to choose from")));
        }
        if !(0..=MOST_CHOICES).contains(&count) {
            return Err(bound.wrong(1, format!("`k` is an integer from 0 to {MOST_CHOICES}")));
        }
    }
    Ok(Arc::new(Sample::new("random.sample", key, from, count)))
}

/// `count` different items of the population, every order as likely as any other.
#[derive(Debug)]
pub(crate) struct Sample {
    name: &'static str,
    key: Key,
    from: Population,
    count: Operand<i64>,
    item: FieldRef,
}

impl Sample {
    pub(crate) fn new(name: &'static str, key: Key, from: Population, count: Operand<i64>) -> Self {
        let item = Arc::new(Field::new_list_field(from.item_type(), from.has_nulls()));
        Self { name, key, from, count, item }
    }
}

impl Function for Sample {
    fn data_type(&self) -> DataType {
        DataType::List(self.item.clone())
    }

    fn nullable(&self) -> bool {
        false
    }

    fn evaluate(&self, call: &Call<'_>, errors: &mut RowErrors) -> Result<ArrayRef, EvaluateError> {
        let pool = self.from.read(call)?;
        let counts = self.count.read(call)?;
        let mut indices = Vec::<u32>::with_capacity(call.rows.len());
        let mut lengths = Vec::with_capacity(call.rows.len());
        // The numbers from 0 on; what a row swaps is swapped back after it.
        let mut deck: Vec<u32> = Vec::new();
        let mut swaps: Vec<usize> = Vec::new();
        for (index, &row) in call.rows.iter().enumerate() {
            let before = indices.len();
            let wanted = counts.at(index).filter(|wanted| (0..=MOST_CHOICES).contains(wanted));
            if wanted != Some(0)
                && let Some((start, count)) = pool.span(call, index, errors, self.name)
            {
                match wanted {
                    Some(wanted) if wanted <= i64::from(count) => {
                        let known = deck.len() as u32;
                        deck.extend(known..known.max(count));
                        // The shuffle of Fisher and Yates (Durstenfeld 1964), of which the first steps are enough.
                        let mut draws = Draws::new(self.key, row);
                        for step in 0..wanted as usize {
                            let other = step + draws.below(u64::from(count) - step as u64) as usize;
                            deck.swap(step, other);
                            swaps.push(other);
                            indices.push(start + deck[step]);
                        }
                        while let Some(other) = swaps.pop() {
                            deck.swap(swaps.len(), other);
                        }
                    }
                    _ if is_selected(call, index) => {
                        let shown = counts.at(index).map_or_else(|| "None".to_owned(), |k| k.to_string());
                        let name = self.name;
                        errors.push(
                            index,
                            format!("{name}: `k` is {shown}, and there are {count} items to choose from"),
                        );
                    }
                    _ => {}
                }
            }
            lengths.push(indices.len() - before);
        }
        if indices.len() > i32::MAX as usize {
            return Err(EvaluateError::Host(format!("{}: too many items in one batch", self.name)));
        }
        let values = take(&pool.items, &UInt32Array::from(indices), None)?;
        Ok(Arc::new(ListArray::try_new(
            self.item.clone(),
            OffsetBuffer::from_lengths(lengths),
            values,
            None,
        )?))
    }
}
