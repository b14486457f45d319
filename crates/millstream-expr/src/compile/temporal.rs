//! Literal texts beside dates and datetimes.

use arrow::array::timezone::Tz;
use chrono::{Datelike, NaiveDateTime, TimeZone};

use crate::errors::CompileError;
use crate::format::temporal::{Parsed, parse_iso};
use crate::node::Node;
use crate::types::Type;
use crate::value::Scalar;

/// A literal text as a date or datetime, if it stands beside one.
pub(super) fn as_temporal(node: &Node, beside: &Type) -> Result<Option<Node>, CompileError> {
    let (Some(Scalar::Str(text)), true) = (node.scalar(), beside.is_temporal()) else {
        return Ok(None);
    };
    let range = node.range.clone();
    let Some(parsed) = parse_iso(text) else {
        let example = if *beside == Type::Date { "2024-01-31" } else { "2024-01-31T12:30:00" };
        return Err(CompileError::new(range, format!("{text:?} is not a {}", beside.word()))
            .hint(format!("write it as in \"{example}\"")));
    };
    let scalar = match (beside, parsed) {
        (Type::Date, Parsed::Date(date)) => Scalar::Date(date.num_days_from_ce() - 719_163),
        (Type::Date, _) => {
            return Err(CompileError::new(
                range,
                format!("{text:?} is a datetime, and is compared to a date"),
            )
            .hint("write the date alone, as in \"2024-01-31\""));
        }
        (Type::Datetime(zone), parsed) => {
            let microseconds = match (parsed, zone) {
                (Parsed::Utc(utc), Some(_)) => Some(utc.and_utc().timestamp_micros()),
                (Parsed::Utc(_), None) => {
                    return Err(CompileError::new(
                        range,
                        format!("{text:?} has an offset, but the datetime it is compared to has no zone"),
                    )
                    .hint("write it without the offset"));
                }
                (Parsed::Date(date), zone) => local(date.and_time(chrono::NaiveTime::MIN), zone.as_deref()),
                (Parsed::Local(moment), zone) => local(moment, zone.as_deref()),
            };
            let Some(microseconds) = microseconds else {
                return Err(CompileError::new(range, format!("{text:?} does not exist in its time zone")));
            };
            Scalar::Datetime(microseconds, zone.clone())
        }
        _ => return Ok(None),
    };
    Ok(Some(Node::constant(Some(scalar), range)))
}

/// A datetime without an offset, in the zone of what it is compared to.
fn local(moment: NaiveDateTime, zone: Option<&str>) -> Option<i64> {
    match zone {
        None => Some(moment.and_utc().timestamp_micros()),
        Some(zone) => {
            let zone: Tz = zone.parse().ok()?;
            zone.from_local_datetime(&moment).earliest().map(|moment| moment.timestamp_micros())
        }
    }
}
