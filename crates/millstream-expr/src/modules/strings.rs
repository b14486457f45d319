//! `string`.

/// A constant of `string`, by its full name.
pub(crate) fn constant(name: &str) -> Option<&'static str> {
    Some(match name {
        "string.ascii_letters" => "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "string.ascii_lowercase" => "abcdefghijklmnopqrstuvwxyz",
        "string.ascii_uppercase" => "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "string.digits" => "0123456789",
        "string.hexdigits" => "0123456789abcdefABCDEF",
        "string.octdigits" => "01234567",
        "string.punctuation" => PUNCTUATION,
        "string.printable" => PRINTABLE,
        "string.whitespace" => " \t\n\r\x0b\x0c",
        _ => return None,
    })
}

const PUNCTUATION: &str = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
const PRINTABLE: &str = concat!(
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
    " \t\n\r\x0b\x0c"
);

/// The names of the constants.
pub(crate) const NAMES: [&str; 9] = [
    "string.ascii_letters",
    "string.ascii_lowercase",
    "string.ascii_uppercase",
    "string.digits",
    "string.hexdigits",
    "string.octdigits",
    "string.printable",
    "string.punctuation",
    "string.whitespace",
];
