//! `data: auto`.

use arrow::array::AsArray;
use millstream_generate::{TableSpec, Tables, TablesSpec};

use crate::common::{START, all, column, integers, spec, table};

fn inferring(tables: Vec<TableSpec>) -> TablesSpec {
    let names = tables.iter().map(|table| table.name.clone()).collect();
    TablesSpec { infer_attributes: names, ..spec(tables) }
}

/// What each column of the last table was inferred to be.
fn inferred(tables: Vec<TableSpec>) -> Vec<(String, String)> {
    let spec = inferring(tables);
    let tables = Tables::compile(&spec, START).unwrap_or_else(|errors| panic!("{errors:?}"));
    let last = spec.tables.len() - 1;
    let name = |column: usize| spec.tables[last].columns[column].name.clone();
    let inferred = tables.inferred().iter().filter(|inferred| inferred.table == last);
    inferred.map(|inferred| (name(inferred.column), inferred.data.clone())).collect()
}

fn customers() -> TableSpec {
    table(
        "customers",
        20,
        "0",
        &[("customer_id", "auto"), ("email", "auto"), ("customer_name", "fake.name()"), ("tier", "'a'")],
    )
}

#[test]
fn entities_and_attributes_are_found_by_name() {
    let orders = table(
        "orders",
        50,
        "0",
        &[
            ("order_id", "auto"),
            ("customer_email", "auto"),
            ("customer_id", "auto"),
            ("customer_name", "auto"),
            ("customer_city", "auto"),
            ("amount", "auto"),
            ("billing_city", "auto"),
            ("created_at", "auto"),
            ("is_paid", "auto"),
        ],
    );
    let copy = |attribute: &str| {
        format!(
            "copy_from_fk(fk_column=\"customer_id\", parent_table=\"customers\", attribute=\"{attribute}\")"
        )
    };
    let expected = [
        ("order_id", "row_id"),
        ("customer_email", &copy("email")),
        ("customer_id", "foreign_key(\"customers\", \"customer_id\")"),
        ("customer_name", &copy("customer_name")),
        ("customer_city", "fake.city()"),
        ("amount", "round(random.uniform(1, 500), 2)"),
        ("billing_city", "fake.city()"),
        ("created_at", "tick_time()"),
        ("is_paid", "fake.boolean()"),
    ];
    let found = inferred(vec![customers(), orders.clone()]);
    assert_eq!(found, expected.map(|(name, data)| (name.to_owned(), data.to_owned())));
    // Written out, the rows are the same.
    let auto = Tables::compile(&inferring(vec![customers(), orders.clone()]), START).unwrap();
    let mut written = orders;
    for (column, (_, data)) in written.columns.iter_mut().zip(found) {
        column.data = data;
    }
    let written = Tables::compile(&inferring(vec![customers(), written]), START).unwrap();
    assert_eq!(all(&auto, 1, 0, &auto.timelines()), all(&written, 1, 0, &written.timelines()));
    assert_eq!(auto.fingerprint(), written.fingerprint());
    let (parents, children) = (all(&auto, 0, 0, &auto.timelines()), all(&auto, 1, 0, &auto.timelines()));
    let (emails, copies) = (column(&parents, "email"), column(&children, "customer_email"));
    for (row, id) in integers(&children, "customer_id").into_iter().enumerate() {
        assert_eq!(copies.as_string::<i32>().value(row), emails.as_string::<i32>().value(id as usize - 1));
    }
}

#[test]
fn keys_are_found_through_other_words() {
    let found = inferred(vec![
        table("teams", 5, "0", &[("id", "auto"), ("name", "auto")]),
        table("people", 5, "0", &[("id", "auto")]),
        table(
            "matches",
            5,
            "0",
            &[
                ("match_id", "auto"),
                ("home_team_id", "auto"),
                ("home_team_name", "auto"),
                ("person_id", "auto"),
            ],
        ),
    ]);
    let data: Vec<&str> = found.iter().map(|(_, data)| data.as_str()).collect();
    assert_eq!(
        data,
        [
            "row_id",
            "foreign_key(\"teams\", \"id\")",
            "copy_from_fk(fk_column=\"home_team_id\", parent_table=\"teams\", attribute=\"name\")",
            "foreign_key(\"people\", \"id\")",
        ]
    );
    let found = inferred(vec![table("nodes", 5, "0", &[("node_id", "auto"), ("parent_id", "auto")])]);
    assert_eq!(found[1].1, "foreign_key(\"nodes\", \"node_id\")");
    // Copied keys are keys.
    let found = inferred(vec![
        customers(),
        table("orders", 5, "0", &[("order_id", "auto"), ("customer_id", "auto")]),
        table(
            "parcels",
            5,
            "0",
            &[
                ("parcel_id", "auto"),
                ("order_id", "auto"),
                ("customer_id", "copy_from_fk('order_id', 'orders', 'customer_id')"),
                ("customer_email", "auto"),
            ],
        ),
    ]);
    assert!(found[2].1.contains("attribute=\"email\""), "{found:?}");
}

#[test]
fn what_cannot_be_told_is_an_error() {
    let error = |tables: Vec<TableSpec>| {
        let errors = Tables::compile(&inferring(tables), START).unwrap_err();
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert_eq!(errors[0].range, None);
        (errors[0].message.clone(), errors[0].hint.clone().unwrap_or_default())
    };
    let orders = |columns: &[(&str, &str)]| table("orders", 5, "0", columns);
    let (message, hint) = error(vec![
        customers(),
        table("customer", 5, "0", &[("id", "row_id")]),
        orders(&[("order_id", "auto"), ("customer_id", "auto")]),
    ]);
    assert!(message.contains("several tables"), "{message}");
    let both = "foreign_key(\"customers\", \"customer_id\"), foreign_key(\"customer\", \"id\")";
    assert!(hint.contains(both), "{hint}");
    let (message, hint) = error(vec![
        customers(),
        orders(&[("order_id", "auto"), ("customer_id", "auto")]),
        table("parcels", 5, "0", &[("parcel_id", "auto"), ("order_id", "auto"), ("customer_id", "auto")]),
    ]);
    assert!(message.contains("drawn by itself"), "{message}");
    assert!(hint.contains("copy_from_fk(fk_column=\"order_id\""), "{hint}");
    let (message, hint) = error(vec![customers(), orders(&[("id", "row_id"), ("custmer_id", "auto")])]);
    assert!(message.contains("called `custmer`"), "{message}");
    assert!(hint.contains("did you mean `customers`"), "{hint}");
    let (message, hint) = error(vec![orders(&[("id", "row_id"), ("status", "auto")])]);
    assert!(message.contains("`status`"), "{message}");
    assert!(hint.contains("write an expression"), "{hint}");
    let (message, _) = error(vec![
        table("empties", 0, "0", &[("id", "row_id")]),
        orders(&[("id", "row_id"), ("empty_id", "auto")]),
    ]);
    let start = "`auto` stands for `foreign_key(\"empties\", \"id\")` here: there is no row";
    assert!(message.starts_with(start), "{message}");
    let errors = Tables::compile(&spec(vec![orders(&[("id", "auto")])]), START).unwrap_err();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].hint.as_ref().unwrap().contains("infer_entity_attrs_by_name: true"));
    // A column of that name is a column.
    Tables::compile(&spec(vec![orders(&[("auto", "row_id"), ("x", "auto")])]), START).unwrap();
}

#[test]
fn every_name_that_is_known_has_an_expression_that_works() {
    let names = "first_name given_name last_name family_name surname full_name name gender sex age date_of_birth \
        birth_date birthday dob email email_address phone phone_number mobile username user_name login address \
        street_address street street_name city town state state_abbr postcode postal_code zip zip_code zipcode \
        country country_code latitude lat longitude lon lng timezone company company_name employer job job_title \
        occupation salary income price amount cost fee total balance quantity qty count rating stars score percent \
        percentage year currency currency_code credit_card credit_card_number card_number barcode ean sku uuid guid \
        url website domain ip ip_address ipv4 mac_address color colour description comment note notes message text \
        date timestamp active created_at has_children";
    let columns: Vec<(&str, &str)> = names.split_whitespace().map(|name| (name, "auto")).collect();
    let tables = Tables::compile(&inferring(vec![table("t", 30, "6", &columns)]), START).unwrap();
    assert_eq!(tables.inferred().len(), columns.len());
    assert_eq!(all(&tables, 0, 3, &tables.timelines()).num_rows(), 30);
}
