//! Providers of Faker that are not here, and what to use instead.

use millstream_expr::CallError;

const REFUSED: &[(&str, &str)] = &[
    ("bank", "write the names in a list: `random.choice([\"…\"])`"),
    ("binary", "bytes are not supported; `fake.sha256()` is a text of 64 hexadecimal digits"),
    ("csv", "write the columns as columns"),
    ("dga", "use `fake.domain_name()`"),
    ("dsv", "write the columns as columns"),
    ("enum", "use `random.choice([\"…\"])` with the names"),
    ("fixed_width", "write an f-string with widths: `f\"{fake.name():20}\"`"),
    ("get_words_list", "use `fake.words(nb=…)`"),
    ("image", "use `fake.image_url()`"),
    ("json", "use `fake.profile()`, `fake.pydict()`, or an f-string"),
    ("json_bytes", "use `fake.profile()`, `fake.pydict()`, or an f-string"),
    ("passport_dates", "use `fake.date_between(…)`"),
    ("passport_full", "use `fake.passport_number()` and `fake.name()`"),
    ("passport_gender", "use `random.choice([\"M\", \"F\", \"X\"])`"),
    ("passport_owner", "use `fake.name()`"),
    ("psv", "write the columns as columns"),
    ("pyobject", "use `fake.pystr()`, `fake.pyint()` or `fake.pyfloat()`"),
    ("pystruct", "use `fake.pylist()` or `fake.pydict()`"),
    ("pytimezone", "use `fake.timezone()`, which gives the name"),
    ("tar", "bytes are not supported"),
    ("time_series", "make a table whose rows are the points, with `tick_time()`"),
    ("tsv", "write the columns as columns"),
    ("upc_e", "use `fake.upc_a()`"),
    ("uuid1", "use `fake.uuid4()`"),
    ("uuid7", "use `fake.uuid4()`"),
    ("xml", "write an f-string"),
    ("zip", "bytes are not supported"),
];

/// All names that are refused.
#[cfg(test)]
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    REFUSED.iter().map(|(name, _)| *name)
}

/// Refuses a provider that Faker has and Millstream has not.
pub(super) fn check(name: &str) -> Result<(), CallError> {
    match REFUSED.iter().find(|(refused, _)| *refused == name) {
        None => Ok(()),
        Some((_, hint)) => Err(CallError {
            message: format!("`fake.{name}` is one of Faker's providers that Millstream does not have"),
            hint: Some((*hint).to_owned()),
            argument: None,
        }),
    }
}
