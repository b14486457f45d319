//! The audit finds what is wrong, and nothing else.

use millstream_generate::audit::{Audit, AuditOptions, Check, Outcome, Property, audit};
use millstream_generate::{TableSpec, Tables, TablesSpec};

use crate::common::{spec, table};

fn audited(tables: Vec<TableSpec>, rows: u64) -> Audit {
    let spec = spec(tables);
    let compiled = Tables::compile(&spec, 0).unwrap();
    audit(&compiled, &spec, &AuditOptions { rows, ..AuditOptions::default() }).unwrap()
}

/// As though the rows of `made` had been declared as in `declared`: what a defect of the generator would look like.
fn pretended(made: Vec<TableSpec>, declare: impl Fn(&mut TablesSpec)) -> Audit {
    let mut declared = spec(made);
    let compiled = Tables::compile(&declared, 0).unwrap();
    declare(&mut declared);
    audit(&compiled, &declared, &AuditOptions::default()).unwrap()
}

fn check<'a>(audit: &'a Audit, column: &str, property: Property) -> &'a Check {
    let mut all = audit.tables.iter().flat_map(|table| &table.checks);
    all.find(|check| check.columns.last().is_some_and(|name| name == column) && check.property == property)
        .unwrap_or_else(|| panic!("{column} {property:?}: {audit:#?}"))
}

fn shop() -> Vec<TableSpec> {
    let mut customers = table(
        "customers",
        500,
        "60",
        &[
            ("id", "row_id"),
            ("name", "fake.name()"),
            ("tier", "random.choices(['free', 'pro'], weights=[9, 1])[0]"),
            ("age", "random.randint(18, 90)"),
            ("score", "random.uniform(-1, 1)"),
            ("town", "fake.city()"),
        ],
    );
    customers.columns[5].null_share = Some("0.3".parse().unwrap());
    let orders = table(
        "orders",
        20_000,
        "60",
        &[
            ("id", "row_id"),
            ("customer", "foreign_key('customers', 'id', distribution='zipf', param=1.1)"),
            ("any_customer", "foreign_key('customers', 'id')"),
            ("name", "copy_from_fk('customer', 'customers', 'name')"),
            ("town", "copy_from_fk('customers', 'any_customer', 'town')"),
        ],
    );
    let lines = table(
        "lines",
        1000,
        "0",
        &[
            ("id", "row_id"),
            ("order_id", "foreign_key('orders', 'id')"),
            ("customer", "copy_from_fk('order_id', 'orders', 'customer')"),
            ("name", "copy_from_fk('customer', 'customers', 'name')"),
        ],
    );
    vec![customers, orders, lines]
}

#[test]
fn a_sound_file_holds() {
    let audit = audited(shop(), 100_000);
    assert!(audit.holds, "{audit:#?}");
    for (column, property) in [
        ("tier", Property::Distribution),
        ("age", Property::Distribution),
        ("score", Property::Distribution),
        ("town", Property::NullShare),
        ("customer", Property::ForeignKey),
        ("customer", Property::Distribution),
        ("any_customer", Property::Distribution),
        ("town", Property::Copy),
        ("name", Property::Copy),
        ("order_id", Property::ForeignKey),
        ("id", Property::PrimaryKey),
    ] {
        let check = check(&audit, column, property);
        assert_eq!(check.outcome, Outcome::Holds, "{check:?}");
    }
    let lines = &audit.tables[2];
    let copies = lines.checks.iter().filter(|check| check.property == Property::Copy);
    assert_eq!(copies.count(), 2, "{lines:#?}");
    let age = &audit.tables[0].columns[3];
    assert!(age.minimum >= Some(18.0) && age.maximum <= Some(90.0) && age.mean > Some(40.0));
    assert_eq!(audit.tables[0].columns[2].top[0].value, "\"free\"");
    assert_eq!(audit.tables[0].columns[5].nulls, 150);
    let json = serde_json::to_value(&audit).unwrap();
    assert_eq!(json["tables"][1]["checks"][1]["property"], "foreign_key");
}

#[test]
fn a_sample_is_the_first_rows() {
    let audit = audited(shop(), 300);
    assert!(audit.holds, "{audit:#?}");
    assert_eq!(audit.tables.iter().map(|table| table.rows).collect::<Vec<_>>(), [300, 300, 300]);
    assert!(!audit.tables[0].complete);
    // A table that begins empty shows what its ticks bring.
    let audit = audited(vec![table("t", 0, "60", &[("id", "row_id")])], 50);
    assert_eq!((audit.tables[0].rows, audit.holds), (50, true));
}

#[test]
fn repeated_keys_are_found() {
    let audit = audited(vec![table("t", 100, "0", &[("id", "row_id // 2")])], 1000);
    assert!(!audit.holds);
    let found = check(&audit, "id", Property::PrimaryKey);
    assert_eq!(found.outcome, Outcome::Fails);
    assert!(found.detail.contains("such as"), "{found:?}");
    // Of a key of several columns, only the whole must not repeat.
    let mut pair = table("t", 100, "0", &[("a", "row_id // 10"), ("b", "row_id % 10")]);
    pair.columns[1].is_primary_key = true;
    let audit = audited(vec![pair], 1000);
    assert!(audit.holds, "{audit:#?}");
    assert_eq!(audit.tables[0].checks[0].columns, ["a", "b"]);
}

#[test]
fn wrong_shares_of_nulls_are_found() {
    let audit =
        pretended(shop(), |spec| spec.tables[0].columns[5].null_share = Some("0.31".parse().unwrap()));
    assert_eq!(check(&audit, "town", Property::NullShare).outcome, Outcome::Fails);
    let audit =
        pretended(shop(), |spec| spec.tables[0].columns[1].null_share = Some("0.01".parse().unwrap()));
    assert_eq!(check(&audit, "name", Property::NullShare).outcome, Outcome::Fails);
}

#[test]
fn orphans_and_wrong_copies_are_found() {
    let audit =
        pretended(shop(), |spec| spec.tables[2].columns[1].data = "foreign_key('customers', 'id')".into());
    let orphan = check(&audit, "order_id", Property::ForeignKey);
    assert_eq!(orphan.outcome, Outcome::Fails, "{orphan:?}");
    assert!(!audit.holds);
    let other = "copy_from_fk('any_customer', 'customers', 'name')";
    let audit = pretended(shop(), |spec| spec.tables[1].columns[3].data = other.into());
    let copies = audit.tables[1].checks.iter().filter(|check| check.property == Property::Copy);
    assert!(copies.into_iter().any(|check| check.outcome == Outcome::Fails), "{audit:#?}");
}

#[test]
fn wrong_distributions_are_found() {
    let cases: [(usize, usize, &str, &str); 7] = [
        (0, 2, "tier", "random.choices(['free', 'pro'], weights=[1, 1])[0]"),
        (0, 2, "tier", "random.choice(['free', 'premium'])"),
        (0, 3, "age", "random.randint(18, 150)"),
        (0, 3, "age", "random.randint(20, 90)"),
        (0, 4, "score", "random.uniform(-1, 3)"),
        (1, 1, "customer", "foreign_key('customers', 'id')"),
        (1, 1, "customer", "foreign_key('customers', 'id', distribution='zipf', param=0.8)"),
    ];
    for (table, column, name, data) in cases {
        let audit = pretended(shop(), |spec| spec.tables[table].columns[column].data = data.to_owned());
        let found = check(&audit, name, Property::Distribution);
        assert_eq!(found.outcome, Outcome::Fails, "{data}: {found:?}");
        assert!(!audit.holds);
    }
}

#[test]
fn one_table_can_be_asked_for() {
    let spec = spec(shop());
    let compiled = Tables::compile(&spec, 0).unwrap();
    let only = |name: &str| AuditOptions { table: Some(name.to_owned()), ..AuditOptions::default() };
    let found = audit(&compiled, &spec, &only("orders")).unwrap();
    assert_eq!(found.tables.iter().map(|table| table.table.as_str()).collect::<Vec<_>>(), ["orders"]);
    let error = audit(&compiled, &spec, &only("order")).unwrap_err();
    assert!(error.hint_text().unwrap().contains("customers, orders, lines"));
}

#[test]
fn parents_are_searched_so_far_and_no_further() {
    let spec = spec(shop());
    let compiled = Tables::compile(&spec, 0).unwrap();
    let options = AuditOptions { parent_rows: 10, ..AuditOptions::default() };
    let found = audit(&compiled, &spec, &options).unwrap();
    assert!(found.holds);
    assert_eq!(check(&found, "order_id", Property::ForeignKey).outcome, Outcome::Skipped);
}
