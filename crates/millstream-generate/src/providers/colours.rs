//! Colours as texts and as numbers.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, ListArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field};
use millstream_core::Key;
use millstream_expr::{Call, EvaluateError, Function, RowErrors};

use crate::draws::Draws;

use super::numbered::{numbered, push_number};
use super::{Resolved, Site};

pub(super) const NAMES: &[&str] = &[
    "color",
    "color_hsl",
    "color_hsv",
    "color_rgb",
    "color_rgb_float",
    "hex_color",
    "rgb_color",
    "rgb_css_color",
    "safe_hex_color",
];

pub(super) fn resolve(site: &Site<'_>) -> Resolved {
    // From 1 on, as in Faker, which never gives black.
    let hex = || {
        numbered(site, 0xFF_FFFF, 7, |number, _, text| {
            use std::fmt::Write;
            let _ = write!(text, "#{:06x}", number + 1);
        })
    };
    let octets = |before: &'static str, after: &'static str| {
        numbered(site, 1 << 24, 19, move |number, _, text| {
            text.push_str(before);
            for at in (0..3).rev() {
                push_number(number >> (8 * at) & 0xFF, 1, text);
                if at > 0 {
                    text.push(',');
                }
            }
            text.push_str(after);
        })
    };
    match site.name {
        "hex_color" => hex(),
        "rgb_color" => octets("", ""),
        "rgb_css_color" => octets("rgb(", ")"),
        "safe_hex_color" => numbered(site, 1 << 12, 7, |number, _, text| {
            use std::fmt::Write;
            let _ = write!(text, "#");
            for at in [8, 4, 0] {
                let digit = number >> at & 0xF;
                let _ = write!(text, "{digit:x}{digit:x}");
            }
        }),
        "color" => match site.arguments.one_of("color_format", &["hex", "hsl", "hsv", "rgb"])? {
            None | Some("hex") => hex(),
            Some("rgb") => octets("rgb(", ")"),
            Some(format) => {
                let before = if format == "hsl" { "hsl(" } else { "hsv(" };
                numbered(site, 361 * 101 * 101, 18, move |number, _, text| {
                    text.push_str(before);
                    push_number(number / 10_201, 1, text);
                    text.push_str(", ");
                    push_number(number / 101 % 101, 1, text);
                    text.push_str(", ");
                    push_number(number % 101, 1, text);
                    text.push(')');
                })
            }
        },
        name => {
            site.refuse_unique("use `fake.unique.hex_color()`")?;
            let (limits, floats) = match name {
                "color_rgb" => ([256, 256, 256], false),
                "color_rgb_float" => ([256, 256, 256], true),
                _ => ([361, 101, 101], false),
            };
            Ok(Arc::new(Triple { key: site.key, limits, floats }))
        }
    }
}

/// Three numbers below limits; as floats, in parts of 255.
#[derive(Debug)]
struct Triple {
    key: Key,
    limits: [u64; 3],
    floats: bool,
}

impl Triple {
    fn item(&self) -> Arc<Field> {
        let item = if self.floats { DataType::Float64 } else { DataType::Int64 };
        Arc::new(Field::new_list_field(item, false))
    }
}

impl Function for Triple {
    fn data_type(&self) -> DataType {
        DataType::List(self.item())
    }

    fn nullable(&self) -> bool {
        false
    }

    fn evaluate(&self, call: &Call<'_>, _: &mut RowErrors) -> Result<ArrayRef, EvaluateError> {
        let numbers = call.rows.iter().flat_map(|&row| {
            let mut draws = Draws::new(self.key, row);
            self.limits.map(|limit| draws.below(limit) as i64)
        });
        let values: ArrayRef = if self.floats {
            Arc::new(Float64Array::from_iter_values(numbers.map(|number| number as f64 / 255.0)))
        } else {
            Arc::new(Int64Array::from_iter_values(numbers))
        };
        let offsets = OffsetBuffer::from_repeated_length(3, call.rows.len());
        Ok(Arc::new(ListArray::try_new(self.item(), offsets, values, None)?))
    }
}
