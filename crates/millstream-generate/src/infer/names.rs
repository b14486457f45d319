//! What names of columns say about their values, and names of tables about what one of their rows is.

/// A name, whether it may be the end of a longer one (`billing_city`), and the expression for it.
type Rule = (&'static str, bool, &'static str);

const RULES: [Rule; 95] = [
    ("first_name", true, "fake.first_name()"),
    ("given_name", true, "fake.first_name()"),
    ("last_name", true, "fake.last_name()"),
    ("family_name", true, "fake.last_name()"),
    ("surname", true, "fake.last_name()"),
    ("full_name", true, "fake.name()"),
    ("name", false, "fake.name()"),
    ("gender", true, "random.choice([\"male\", \"female\"])"),
    ("sex", false, "random.choice([\"male\", \"female\"])"),
    ("age", true, "random.randint(18, 90)"),
    ("date_of_birth", true, "fake.date_of_birth(minimum_age=18, maximum_age=90)"),
    ("birth_date", true, "fake.date_of_birth(minimum_age=18, maximum_age=90)"),
    ("birthday", true, "fake.date_of_birth(minimum_age=18, maximum_age=90)"),
    ("dob", true, "fake.date_of_birth(minimum_age=18, maximum_age=90)"),
    ("email", true, "fake.email()"),
    ("email_address", true, "fake.email()"),
    ("phone", true, "fake.phone_number()"),
    ("phone_number", true, "fake.phone_number()"),
    ("mobile", true, "fake.phone_number()"),
    ("username", true, "fake.user_name()"),
    ("user_name", true, "fake.user_name()"),
    ("login", true, "fake.user_name()"),
    ("address", true, "fake.address()"),
    ("street_address", true, "fake.street_address()"),
    ("street", true, "fake.street_address()"),
    ("street_name", true, "fake.street_name()"),
    ("city", true, "fake.city()"),
    ("town", true, "fake.city()"),
    ("state", false, "fake.state()"),
    ("state_abbr", true, "fake.state_abbr()"),
    ("postcode", true, "fake.postcode()"),
    ("postal_code", true, "fake.postcode()"),
    ("zip", true, "fake.zipcode()"),
    ("zip_code", true, "fake.zipcode()"),
    ("zipcode", true, "fake.zipcode()"),
    ("country", true, "fake.country()"),
    ("country_code", true, "fake.country_code()"),
    ("latitude", true, "fake.latitude()"),
    ("lat", true, "fake.latitude()"),
    ("longitude", true, "fake.longitude()"),
    ("lon", true, "fake.longitude()"),
    ("lng", true, "fake.longitude()"),
    ("timezone", true, "fake.timezone()"),
    ("company", true, "fake.company()"),
    ("company_name", true, "fake.company()"),
    ("employer", true, "fake.company()"),
    ("job", true, "fake.job()"),
    ("job_title", true, "fake.job()"),
    ("occupation", true, "fake.job()"),
    ("salary", true, "round(random.uniform(20000, 150000), 2)"),
    ("income", true, "round(random.uniform(20000, 150000), 2)"),
    ("price", true, "round(random.uniform(1, 500), 2)"),
    ("amount", true, "round(random.uniform(1, 500), 2)"),
    ("cost", true, "round(random.uniform(1, 500), 2)"),
    ("fee", true, "round(random.uniform(1, 500), 2)"),
    ("total", true, "round(random.uniform(1, 500), 2)"),
    ("balance", true, "round(random.uniform(0, 10000), 2)"),
    ("quantity", true, "random.randint(1, 10)"),
    ("qty", true, "random.randint(1, 10)"),
    ("count", true, "random.randint(0, 100)"),
    ("rating", true, "random.randint(1, 5)"),
    ("stars", true, "random.randint(1, 5)"),
    ("score", true, "random.randint(0, 100)"),
    ("percent", true, "random.randint(0, 100)"),
    ("percentage", true, "random.randint(0, 100)"),
    ("year", true, "random.randint(1990, 2025)"),
    ("currency", true, "fake.currency_code()"),
    ("currency_code", true, "fake.currency_code()"),
    ("credit_card", true, "fake.credit_card_number()"),
    ("credit_card_number", true, "fake.credit_card_number()"),
    ("card_number", true, "fake.credit_card_number()"),
    ("barcode", true, "fake.ean13()"),
    ("ean", true, "fake.ean13()"),
    ("sku", true, "fake.bothify(\"??-#####\")"),
    ("uuid", true, "fake.uuid4()"),
    ("guid", true, "fake.uuid4()"),
    ("url", true, "fake.url()"),
    ("website", true, "fake.url()"),
    ("domain", true, "fake.domain_name()"),
    ("ip", true, "fake.ipv4()"),
    ("ip_address", true, "fake.ipv4()"),
    ("ipv4", true, "fake.ipv4()"),
    ("mac_address", true, "fake.mac_address()"),
    ("color", true, "fake.color_name()"),
    ("colour", true, "fake.color_name()"),
    ("description", true, "fake.sentence()"),
    ("comment", true, "fake.sentence()"),
    ("note", true, "fake.sentence()"),
    ("notes", true, "fake.sentence()"),
    ("message", true, "fake.sentence()"),
    ("text", true, "fake.text()"),
    ("date", true, "fake.date_between(\"-2y\", \"today\")"),
    ("timestamp", true, "tick_time()"),
    ("at", true, "tick_time()"),
    ("active", false, "fake.boolean()"),
];

/// The expression for a column of this name, with the name that it was found by: all of it, or its last words.
pub(crate) fn expression(name: &str) -> Option<(&'static str, &'static str)> {
    let name = name.to_lowercase();
    if name.starts_with("is_") || name.starts_with("has_") {
        return Some((if name.starts_with("is_") { "is_…" } else { "has_…" }, "fake.boolean()"));
    }
    let mut rest = name.as_str();
    loop {
        let whole = rest.len() == name.len();
        // A column called `at` alone is no moment.
        let found = RULES
            .iter()
            .find(|(known, ends, _)| *known == rest && if whole { *known != "at" } else { *ends });
        if let Some((known, _, expression)) = found {
            return Some((known, expression));
        }
        rest = rest.split_once('_')?.1;
    }
}

/// What a row of a table called `table` may be called: `customer` for `customers`.
pub(crate) fn entities(table: &str) -> Vec<String> {
    let table = table.to_lowercase();
    let (before, last) = match table.rsplit_once('_') {
        Some((before, last)) => (format!("{before}_"), last),
        None => (String::new(), table.as_str()),
    };
    let mut words = vec![last.to_owned()];
    match last {
        "people" => words.push("person".to_owned()),
        "children" => words.push("child".to_owned()),
        "men" | "women" => words.push(last.replace("men", "man")),
        _ => {
            if let Some(stem) = last.strip_suffix("ies") {
                words.push(format!("{stem}y"));
            }
            for ending in ["es", "s"] {
                words.extend(last.strip_suffix(ending).map(str::to_owned));
            }
        }
    }
    words.retain(|word| !word.is_empty());
    words.into_iter().map(|word| format!("{before}{word}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_by_their_last_words() {
        assert_eq!(expression("email"), Some(("email", "fake.email()")));
        assert_eq!(expression("billing_city"), Some(("city", "fake.city()")));
        assert_eq!(expression("Work_Phone_Number").unwrap().0, "phone_number");
        assert_eq!(expression("created_at"), Some(("at", "tick_time()")));
        assert_eq!(expression("is_open"), Some(("is_…", "fake.boolean()")));
        for unknown in ["product_name", "at", "status", "order_state", "flat", "late", ""] {
            assert_eq!(expression(unknown), None, "{unknown}");
        }
        // No rule hides another.
        for (index, (name, ..)) in RULES.iter().enumerate() {
            assert!(RULES[..index].iter().all(|(other, ..)| other != name), "{name}");
        }
    }

    #[test]
    fn tables_are_called_after_their_rows() {
        for (table, entity) in [
            ("customers", "customer"),
            ("categories", "category"),
            ("addresses", "address"),
            ("boxes", "box"),
            ("houses", "house"),
            ("people", "person"),
            ("women", "woman"),
            ("staff", "staff"),
            ("order_lines", "order_line"),
        ] {
            assert!(entities(table).contains(&entity.to_owned()), "{table}: {:?}", entities(table));
        }
        assert!(!entities("customers").contains(&String::new()));
    }
}
