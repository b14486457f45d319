//! What a column's name says about its texts.

/// A provider for texts by the words of a column's name. Longer names come first: `first_name` before `name`.
const PROVIDERS: &[(&[&str], &str)] = &[
    (&["first", "name"], "fake.first_name()"),
    (&["given", "name"], "fake.first_name()"),
    (&["firstname"], "fake.first_name()"),
    (&["last", "name"], "fake.last_name()"),
    (&["family", "name"], "fake.last_name()"),
    (&["surname"], "fake.last_name()"),
    (&["lastname"], "fake.last_name()"),
    (&["user", "name"], "fake.user_name()"),
    (&["username"], "fake.user_name()"),
    (&["login"], "fake.user_name()"),
    (&["company"], "fake.company()"),
    (&["employer"], "fake.company()"),
    (&["supplier"], "fake.company()"),
    (&["vendor"], "fake.company()"),
    (&["street"], "fake.street_address()"),
    (&["address"], "fake.street_address()"),
    (&["city"], "fake.city()"),
    (&["town"], "fake.city()"),
    (&["country", "code"], "fake.country_code()"),
    (&["country"], "fake.country()"),
    (&["state"], "fake.state()"),
    (&["zip"], "fake.postcode()"),
    (&["zipcode"], "fake.postcode()"),
    (&["postcode"], "fake.postcode()"),
    (&["postal", "code"], "fake.postcode()"),
    (&["phone"], "fake.phone_number()"),
    (&["mobile"], "fake.phone_number()"),
    (&["fax"], "fake.phone_number()"),
    (&["email"], "fake.email()"),
    (&["mail"], "fake.email()"),
    (&["job"], "fake.job()"),
    (&["occupation"], "fake.job()"),
    (&["profession"], "fake.job()"),
    (&["url"], "fake.url()"),
    (&["website"], "fake.url()"),
    (&["domain"], "fake.domain_name()"),
    (&["ip"], "fake.ipv4()"),
    (&["user", "agent"], "fake.user_agent()"),
    (&["iban"], "fake.iban()"),
    (&["color"], "fake.color_name()"),
    (&["colour"], "fake.color_name()"),
    (&["currency"], "fake.currency_code()"),
    (&["full", "name"], "fake.name()"),
    (&["name"], "fake.name()"),
    (&["author"], "fake.name()"),
    (&["person"], "fake.name()"),
];

/// The words of a name: `firstName`, `first_name` and `First Name` are two words each.
pub(crate) fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut lower_before = false;
    for character in name.chars() {
        if character.is_alphanumeric() {
            if character.is_uppercase() && lower_before {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.extend(character.to_lowercase());
            }
        } else {
            words.push(String::new());
        }
        lower_before = character.is_lowercase() || character.is_ascii_digit();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// A provider for a column of this name, if there is an obvious one.
pub(crate) fn provider(name: &str) -> Option<&'static str> {
    let words = words(name);
    let holds = |wanted: &[&str]| words.windows(wanted.len()).any(|window| window.iter().eq(wanted));
    PROVIDERS.iter().find(|(wanted, _)| holds(wanted)).map(|(_, provider)| *provider)
}

/// A singular of an English plural, as far as rules go.
pub(crate) fn singular(word: &str) -> String {
    let replaced = |from: &str, to: &str| word.strip_suffix(from).map(|stem| format!("{stem}{to}"));
    if word.ends_with("ss") || word.ends_with("us") {
        return word.to_owned();
    }
    replaced("ies", "y")
        .or_else(|| replaced("sses", "ss"))
        .or_else(|| replaced("xes", "x"))
        .or_else(|| replaced("ches", "ch"))
        .or_else(|| replaced("s", ""))
        .unwrap_or_else(|| word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_any_spelling_have_the_same_words() {
        for name in ["first_name", "firstName", "First Name", "FIRST_NAME", "first-name"] {
            assert_eq!(words(name), ["first", "name"], "{name}");
        }
        assert_eq!(words("IBANNumber"), ["ibannumber"]);
    }

    #[test]
    fn the_obvious_provider() {
        for (name, expected) in [
            ("customerFirstName", Some("fake.first_name()")),
            ("billing_country_code", Some("fake.country_code()")),
            ("Name", Some("fake.name()")),
            ("velocity", None),
            ("shipping", None),
        ] {
            assert_eq!(provider(name), expected, "{name}");
        }
    }

    #[test]
    fn singulars() {
        for (plural, expected) in [
            ("cities", "city"),
            ("boxes", "box"),
            ("orders", "order"),
            ("address", "address"),
            ("status", "status"),
        ] {
            assert_eq!(singular(plural), expected);
        }
    }
}
