//! Names in snake case.

use arrow::datatypes::Schema;

/// The names of all columns, in snake case.
pub fn snake_case_columns(schema: &Schema) -> Vec<String> {
    schema.fields().iter().map(|field| snake_case(field.name())).collect()
}

/// `userName`, `User Name`, `user-name` and `UserName` are `user_name`; `HTTPServer2` is `http_server2`.
pub fn snake_case(name: &str) -> String {
    let characters: Vec<char> = name.chars().collect();
    let mut text = String::with_capacity(name.len() + 4);
    for (index, &character) in characters.iter().enumerate() {
        if !character.is_alphanumeric() {
            if !text.is_empty() && !text.ends_with('_') {
                text.push('_');
            }
            continue;
        }
        if character.is_uppercase() {
            let after_lower =
                index > 0 && (characters[index - 1].is_lowercase() || characters[index - 1].is_numeric());
            let before_lower = index > 0
                && characters[index - 1].is_uppercase()
                && characters.get(index + 1).is_some_and(|next| next.is_lowercase());
            if (after_lower || before_lower) && !text.ends_with('_') {
                text.push('_');
            }
        }
        text.extend(character.to_lowercase());
    }
    while text.len() > 1 && text.ends_with('_') {
        text.pop();
    }
    if text.is_empty() { name.to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::snake_case;

    #[test]
    fn names_are_split_where_a_reader_would_split_them() {
        for (name, expected) in [
            ("userName", "user_name"),
            ("User Name", "user_name"),
            ("user-name", "user_name"),
            ("HTTPServer2", "http_server2"),
            ("already_snake", "already_snake"),
            ("  Total (EUR) ", "total_eur"),
            ("ÄrgerTyp", "ärger_typ"),
            ("ID", "id"),
            ("customerID", "customer_id"),
            ("v2Score", "v2_score"),
            ("__", "__"),
        ] {
            assert_eq!(snake_case(name), expected, "{name}");
        }
    }
}
