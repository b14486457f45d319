//! The expression that makes values like those of a column.

use arrow::datatypes::DataType;

use crate::keys::{KeySpread, Keys, Reference};
use crate::names::provider;
use crate::numbers::{MOST_PLACES, Numbers, Spread, short};
use crate::profile::{Column, TableProfile, Values, quoted};
use crate::shape::{Form, Shapes};

/// At most so many numbers or texts are listed as categories, and each has to be met this often on average.
const MOST_NUMBERS: usize = 24;
const MOST_TEXTS: usize = 120;
const FEWEST_EACH: u64 = 4;

/// How a column is made.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Made {
    pub(crate) data: String,
    /// The `type`, where the expression does not say it.
    pub(crate) data_type: Option<String>,
    /// Where the nulls come from the column's own declaration, not from the expression.
    pub(crate) declares_nulls: bool,
}

impl Made {
    fn plain(data: impl Into<String>) -> Self {
        Self { data: data.into(), data_type: None, declares_nulls: true }
    }
}

/// How the column at `position` of a table is made.
pub(crate) fn made(tables: &[TableProfile], table: usize, keys: &[Keys], position: usize) -> Made {
    let column = &tables[table].columns[position];
    let (own, names) = (&keys[table], |table: usize, column: usize| {
        (quoted(&tables[table].name), quoted(&tables[table].columns[column].name))
    });
    match &own.references[position] {
        Some(Reference::Key { table: parent, spread }) => {
            let key = keys[*parent].primary.unwrap_or_default();
            let (parent, key) = names(*parent, key);
            return Made::plain(match spread {
                KeySpread::Even => format!("foreign_key({parent}, {key})"),
                KeySpread::Zipf(exponent) => {
                    format!("foreign_key({parent}, {key}, distribution=\"zipf\", param={exponent})")
                }
                KeySpread::Once => format!("foreign_key({parent}, {key}, is_unique=True)"),
            });
        }
        Some(Reference::Copy { key, table: parent, column: copied }) => {
            let key = quoted(&tables[table].columns[*key].name);
            let (parent, copied) = names(*parent, *copied);
            return Made {
                declares_nulls: false,
                ..Made::plain(format!("copy_from_fk({key}, {parent}, {copied})"))
            };
        }
        None => {}
    }
    if own.primary == Some(position) {
        return Made::plain(primary_key(column));
    }
    let made = value(column);
    Made { data_type: made.data_type.or_else(|| narrower(&column.data_type)), ..made }
}

/// The `type` of columns that are not as wide as what expressions give.
fn narrower(data_type: &DataType) -> Option<String> {
    Some(match data_type {
        DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::UInt8
        | DataType::UInt16
        | DataType::UInt32
        | DataType::Float32 => data_type.to_string().to_lowercase(),
        DataType::Decimal128(precision, scale) if *scale >= 0 => format!("decimal({precision}, {scale})"),
        _ => return None,
    })
}

fn primary_key(column: &Column) -> String {
    match &column.values {
        Values::Texts(shapes) => match shapes.pattern() {
            _ if shapes.form() == Some(Form::Uuid) => "fake.uuid4()".to_owned(),
            Some(pattern) if pattern.digits().is_some() => {
                let width = pattern.digits().unwrap_or_default();
                let prefix = quoted(&pattern.prefix.replace('{', "{{").replace('}', "}}"));
                let prefix = prefix.trim_end_matches('"');
                format!("f{prefix}{{row_id:0{width}d}}\"")
            }
            Some(pattern) => {
                let (text, letters) = pattern.bothify();
                format!("fake.unique.bothify({}, letters={})", quoted(&text), quoted(letters))
            }
            None => "\"K\" + str(row_id)".to_owned(),
        },
        _ => "row_id".to_owned(),
    }
}

/// How values are made that depend on nothing else.
pub(crate) fn value(column: &Column) -> Made {
    if let Some(listed) = categories(column) {
        return Made::plain(listed);
    }
    match &column.values {
        Values::Nothing | Values::Other => {
            Made { data_type: Some("string".to_owned()), declares_nulls: false, ..Made::plain("None") }
        }
        Values::Booleans => Made::plain("random.choice([True, False])"),
        Values::Integers(numbers) => Made::plain(integer(numbers)),
        Values::Floats(numbers) => Made::plain(float(numbers)),
        Values::Texts(shapes) => Made::plain(text(&column.name, shapes)),
        Values::Dates(low, high) => {
            let day = |days: i32| {
                let date = chrono::NaiveDate::from_epoch_days(days);
                quoted(&date.map_or_else(|| "today".to_owned(), |date| date.format("%Y-%m-%d").to_string()))
            };
            Made::plain(format!("fake.date_between(start_date={}, end_date={})", day(*low), day(*high)))
        }
        Values::Instants(low, high, rises) => {
            if *rises && column.distinct.counts.len() > 1 && column.nulls == 0 {
                return Made::plain("tick_time()");
            }
            let instant =
                |micros: i64| {
                    let time = chrono::DateTime::from_timestamp_micros(micros);
                    quoted(&time.map_or_else(
                        || "now".to_owned(),
                        |time| time.format("%Y-%m-%dT%H:%M:%S").to_string(),
                    ))
                };
            Made::plain(format!(
                "fake.date_time_between(start_date={}, end_date={})",
                instant(*low),
                instant(high.saturating_add(999_999))
            ))
        }
        Values::Lists(shortest, longest, items) => {
            let shortest = (*shortest).min(*longest);
            let item = value(items).data;
            let count = if shortest == *longest {
                longest.to_string()
            } else {
                format!("random.randint({shortest}, {longest})")
            };
            Made::plain(format!("[{item} for _ in range({count})]"))
        }
        Values::Records(members) => {
            let member = |member: &Column| format!("{}: {}", quoted(&member.name), value(member).data);
            Made::plain(format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(", ")))
        }
    }
}

/// A choice between the values, if they are few.
fn categories(column: &Column) -> Option<String> {
    let categories = &column.distinct.categories;
    let values = column.rows - column.nulls;
    let most = if matches!(column.values, Values::Texts(_)) { MOST_TEXTS } else { MOST_NUMBERS };
    let few = if matches!(column.values, Values::Booleans) {
        values > 0
    } else {
        categories.len() <= most && categories.len() as u64 * FEWEST_EACH <= values
    };
    let listable = matches!(
        column.values,
        Values::Booleans | Values::Integers(_) | Values::Floats(_) | Values::Texts(_)
    );
    if column.distinct.too_many_categories || categories.is_empty() || !few || !listable {
        return None;
    }
    // Integers that fill a range are numbers rather than names.
    if let Values::Integers(numbers) = &column.values
        && categories.len() > 4
        && numbers.high - numbers.low + 1.0 == categories.len() as f64
        && numbers.spread() == Spread::Even
        && is_even(categories.values().copied())
    {
        return None;
    }
    let mut listed: Vec<(&str, u64)> =
        categories.iter().map(|(value, count)| (value.as_str(), *count)).collect();
    if let [(only, _)] = listed.as_slice() {
        return Some((*only).to_owned());
    }
    if !matches!(column.values, Values::Texts(_)) {
        let number = |text: &str| text.parse::<f64>().unwrap_or_default();
        listed.sort_by(|(one, _), (other, _)| number(one).total_cmp(&number(other)));
    }
    let joined =
        |part: &dyn Fn(&(&str, u64)) -> String| listed.iter().map(part).collect::<Vec<_>>().join(", ");
    let values = joined(&|(value, _)| (*value).to_owned());
    if is_even(categories.values().copied()) {
        return Some(format!("random.choice([{values}])"));
    }
    Some(format!("random.choices([{values}], weights=[{}])[0]", joined(&|(_, count)| count.to_string())))
}

/// Whether counts are what equal odds give: within three standard deviations of their mean.
fn is_even(counts: impl Iterator<Item = u64> + Clone) -> bool {
    let number = counts.clone().count() as f64;
    let mean = counts.clone().sum::<u64>() as f64 / number.max(1.0);
    counts.into_iter().all(|count| (count as f64 - mean).abs() <= 3.0 * mean.sqrt().max(0.5))
}

fn integer(numbers: &Numbers) -> String {
    let (low, high) = (numbers.low as i64, numbers.high as i64);
    match numbers.spread() {
        Spread::Even => format!("random.randint({low}, {high})"),
        Spread::Normal(mean, deviation) => {
            clamped(&format!("round(random.gauss({}, {}))", short(mean), short(deviation)), low, high)
        }
        Spread::LogNormal(mean, deviation) => clamped(
            &format!("round(random.lognormvariate({}, {}))", short(mean), short(deviation)),
            low,
            high,
        ),
    }
}

fn clamped(expression: &str, low: impl std::fmt::Display, high: impl std::fmt::Display) -> String {
    format!("min(max({expression}, {low}), {high})")
}

fn float(numbers: &Numbers) -> String {
    let (low, high) = (format!("{:?}", numbers.low), format!("{:?}", numbers.high));
    let drawn = match numbers.spread() {
        Spread::Even => format!("random.uniform({low}, {high})"),
        Spread::Normal(mean, deviation) => {
            clamped(&format!("random.gauss({}, {})", short(mean), short(deviation)), low, high)
        }
        Spread::LogNormal(mean, deviation) => {
            clamped(&format!("random.lognormvariate({}, {})", short(mean), short(deviation)), low, high)
        }
    };
    match numbers.places {
        MOST_PLACES.. => drawn,
        0 => format!("float(round({drawn}))"),
        places => format!("round({drawn}, {places})"),
    }
}

fn text(name: &str, shapes: &Shapes) -> String {
    match shapes.form() {
        Some(Form::Uuid) => return "fake.uuid4()".to_owned(),
        Some(Form::Email) => return "fake.email()".to_owned(),
        Some(Form::Url) => return "fake.url()".to_owned(),
        Some(Form::Ipv4) => return "fake.ipv4()".to_owned(),
        Some(Form::Date) => return "str(fake.date_between())".to_owned(),
        None => {}
    }
    if let Some(pattern) = shapes.pattern() {
        let (text, letters) = pattern.bothify();
        return if text.contains('?') {
            format!("fake.bothify({}, letters={})", quoted(&text), quoted(letters))
        } else {
            format!("fake.numerify({})", quoted(&text))
        };
    }
    if let Some(provider) = provider(name) {
        return provider.to_owned();
    }
    let words = shapes.average_words();
    if words < 1.5 {
        return "fake.word()".to_owned();
    }
    if words <= 12.0 {
        return format!("fake.sentence(nb_words={})", words.round());
    }
    format!("fake.text(max_nb_chars={})", (shapes.average_length().round() as usize).max(20))
}
