//! From documents to graphs, and mistakes that only show there.

use insta::assert_snapshot;
use millstream_config::{Document, Overrides, Plan, Purpose, plan};

fn planned(text: &str, purpose: &Purpose) -> Result<Plan, String> {
    let (document, _) =
        Document::parse("file.yaml", text, &|_| None).map_err(|errors| errors.render(false))?;
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(plan(&document, purpose, &Overrides::default())).map_err(|error| error.to_string())
}

fn refused(text: &str) -> String {
    match planned(text, &Purpose::Run) {
        Ok(_) => panic!("accepted"),
        Err(text) => text,
    }
}

const TABLES: &str = "
tables:
  - table_name: people
    columns: [{column_name: id, data: row_id}, {column_name: name, data: fake.name()}]
  - table_name: pets
    columns: [{column_name: id, data: row_id}, {column_name: owner, data: 'foreign_key(\"people\", \"id\")'}]
";

fn sinks(text: &str, purpose: &Purpose) -> Vec<(String, String)> {
    let plan = planned(&format!("{TABLES}{text}"), purpose).unwrap();
    let sinks = plan.graph.describe().sinks;
    sinks.into_iter().map(|sink| (sink.name, sink.from.join(","))).collect()
}

#[test]
fn several_streams_get_a_sink_each_unless_the_path_is_a_file() {
    let each =
        vec![("out/people".to_owned(), "people".to_owned()), ("out/pets".to_owned(), "pets".to_owned())];
    for connector in
        ["delta, path: lake", "jsonl, path: folder", "parquet, path: folder", "csv, path: folder"]
    {
        // Children first in the file: parents still commit first.
        let text = format!("sinks: {{out: {{from: [pets, people], type: {connector}}}}}");
        assert_eq!(sinks(&text, &Purpose::Run), each, "{connector}");
    }
    let one = sinks("sinks: {out: {from: people, type: delta, path: lake}}", &Purpose::Run);
    assert_eq!(one, [("out".to_owned(), "people".to_owned())]);
    let text = format!("{TABLES}sinks: {{out: {{from: [people, pets], type: jsonl, path: all.jsonl}}}}");
    assert_eq!(refused(&text), "the sink out reads people and pets, whose columns differ");
}

#[test]
fn serve_writes_a_lake_when_there_are_no_sinks() {
    let serve = |output: Option<&str>| Purpose::Serve { output: output.map(Into::into), ticks: None };
    let lake = vec![("people".to_owned(), "people".to_owned()), ("pets".to_owned(), "pets".to_owned())];
    assert_eq!(sinks("", &serve(None)), lake);
    let with_sink = "sinks: {out: {from: people, type: noop}}";
    assert_eq!(sinks(with_sink, &serve(Some("elsewhere"))), lake);
    assert_eq!(sinks(with_sink, &serve(None)), [("out".to_owned(), "people".to_owned())]);
}

#[test]
fn one_path_for_two_sinks() {
    let text = format!(
        "{TABLES}sinks:
  first: {{from: people, type: jsonl, path: out.jsonl}}
  second: {{from: pets, type: jsonl, path: ./out.jsonl}}
"
    );
    assert_snapshot!(refused(&text), @r#"
    error: `second` writes to the path of another sink
     --> file.yaml:9:11
      |
    8 |   first: {from: people, type: jsonl, path: out.jsonl}
      |          -------------------------------------------- this one
    9 |   second: {from: pets, type: jsonl, path: ./out.jsonl}
      |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = hint: give each sink a path of its own, or one sink several streams: `from: [a, b]`
    "#);
}

#[test]
fn a_column_that_a_stream_does_not_have() {
    let text = format!(
        "{TABLES}streams:
  named: {{from: people, filter: nam != \"\"}}
  slim: {{from: people, select: [id, nome]}}
sinks: {{out: {{from: named, type: noop}}, other: {{from: slim, type: noop}}}}
"
    );
    assert_snapshot!(refused(&text), @r#"
    error: there is no column `nam`
     --> file.yaml:8:33
      |
    8 |   named: {from: people, filter: nam != ""}
      |                                 ^^^
      |
      = hint: did you mean `name`?

    error: there is no column `nome` here
     --> file.yaml:9:37
      |
    9 |   slim: {from: people, select: [id, nome]}
      |                                     ^^^^
      |
      = note: columns: id, name
      = hint: did you mean `name`?
    "#);
}

#[test]
fn the_fingerprint_follows_what_comes_out() {
    let fingerprint = |text: &str| planned(text, &Purpose::Run).unwrap().options.fingerprint;
    let sink = "sinks: {out: {from: people, type: noop}}\n";
    let original = fingerprint(&format!("{TABLES}{sink}"));
    assert_eq!(
        original,
        fingerprint(&format!("# a comment\n{sink}{TABLES}\nprocessing: {{chunk_size: 7}}\n"))
    );
    assert_ne!(original, fingerprint(&format!("{TABLES}{sink}").replace("fake.name()", "fake.city()")));
    assert_ne!(original, fingerprint(&format!("{TABLES}{sink}on_error: skip\n")));
}

#[test]
fn columns_are_inferred_where_the_file_or_the_table_says_so() {
    let text = |config: &str, table: &str| {
        format!(
            "config: {{infer_entity_attrs_by_name: {config}}}\n\
             tables:\n  \
             - table_name: people\n    \
               infer_entity_attrs_by_name: {table}\n    \
               columns: [{{column_name: person_id, data: auto}}, {{column_name: email, data: auto}}]\n\
             sinks: {{out: {{from: people, type: noop}}}}\n"
        )
    };
    for (config, table) in [("false", "true"), ("true", "true")] {
        let plan = planned(&text(config, table), &Purpose::Run).unwrap();
        let (tables, _) = plan.tables.unwrap();
        let inferred: Vec<&str> = tables.inferred().iter().map(|inferred| inferred.data.as_str()).collect();
        assert_eq!(inferred, ["row_id", "fake.email()"]);
    }
    let refusal = refused(&text("true", "false"));
    assert!(refusal.contains("`auto` is inferred only where the file asks for it"), "{refusal}");
    assert!(refusal.contains("file.yaml:5:46"), "{refusal}");
}
