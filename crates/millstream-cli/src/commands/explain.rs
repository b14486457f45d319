//! `millstream explain FILE`

use std::fmt::Write as _;

use millstream::Result;
use millstream::config::{Overrides, Plan, Purpose};
use millstream::engine::grouped;
use millstream::generate::UpdatePolicy;

use crate::arguments::{ExplainArguments, FileArguments, OutputArguments};
use crate::drain;
use crate::terminal::print;

/// The plan of a file as it would be served, if it has tables, or run.
pub(crate) async fn planned(arguments: &FileArguments, output: &OutputArguments) -> Result<Plan> {
    let file = drain::read(arguments, output)?;
    let purpose = if file.document().tables.is_empty() {
        Purpose::Run
    } else {
        Purpose::Serve { output: None, ticks: None }
    };
    file.plan(&purpose, &Overrides::default()).await
}

pub(crate) async fn explain(arguments: &ExplainArguments, output: &OutputArguments) -> Result<()> {
    let plan = planned(&arguments.file, output).await?;
    print(&if arguments.expressions { expressions(&plan) } else { text(&plan) })
}

/// The columns of the tables, and how they are evaluated.
fn expressions(plan: &Plan) -> String {
    let mut text = String::new();
    let Some((tables, _)) = &plan.tables else {
        return "the file has no tables\n".to_owned();
    };
    for (index, name) in tables.names().iter().enumerate() {
        let _ = writeln!(text, "{name}");
        let schema = tables.schema(index);
        let width = schema.fields().iter().map(|field| field.name().len()).max().unwrap_or(0);
        for (field, evaluated) in schema.fields().iter().zip(tables.evaluations(index)) {
            let null = if field.is_nullable() { "" } else { ", never null" };
            let how = match &evaluated.row_by_row {
                None => "column by column".to_owned(),
                Some((construct, part)) => {
                    let line = part.split_whitespace().collect::<Vec<_>>().join(" ");
                    let short: String = line.chars().take(60).collect();
                    format!("row by row, because of {construct}: `{short}`")
                }
            };
            let _ = writeln!(text, "  {:width$}  {}{null}; {how}", field.name(), field.data_type());
        }
    }
    text
}

fn text(plan: &Plan) -> String {
    let graph = plan.graph.describe();
    let mut text = String::new();
    if let Some((tables, spec)) = &plan.tables {
        let names = tables.names();
        let _ = writeln!(text, "tables (a tick is {} s)", spec.tick.as_secs_f64());
        for &index in tables.order() {
            let table = &spec.tables[index];
            let parents: Vec<&str> =
                tables.parents(index).into_iter().map(|parent| &*names[parent]).collect();
            let rate = table.effective_rate();
            let growth = if let UpdatePolicy::Replace { every } = table.update_policy {
                let every = every.unwrap_or(spec.tick).as_secs_f64();
                if table.cadence.enabled {
                    format!("a new generation of them every {every} s")
                } else {
                    "is not replaced while its cadence is off".to_owned()
                }
            } else if rate.is_zero() {
                "does not grow".to_owned()
            } else {
                format!("grows by {} rows a minute", rate.per_minute())
            };
            let after =
                if parents.is_empty() { String::new() } else { format!(", after {}", parents.join(", ")) };
            let _ =
                writeln!(text, "  {}: {} rows, then {growth}{after}", table.name, grouped(table.row_count));
            for inferred in tables.inferred().iter().filter(|inferred| inferred.table == index) {
                let name = &table.columns[inferred.column].name;
                let _ = writeln!(text, "    {name}: auto is {} ({})", inferred.data, inferred.because);
            }
        }
        text.push('\n');
    }
    let _ = writeln!(text, "streams");
    for stream in &graph.streams {
        let end = if stream.bounded { "ends" } else { "does not end" };
        let _ = writeln!(text, "  {}: {}, {end}", stream.name, stream.origin);
        let width = stream.schema.fields().iter().map(|field| field.name().len()).max().unwrap_or(0);
        for field in stream.schema.fields() {
            let null = if field.is_nullable() { "" } else { ", never null" };
            let _ = writeln!(text, "    {:width$}  {}{null}", field.name(), field.data_type());
        }
    }
    let _ = writeln!(text, "\nsinks, in the order in which they commit");
    for sink in &graph.sinks {
        let from = if sink.from.is_empty() { "rejected rows".to_owned() } else { sink.from.join(", ") };
        let _ = writeln!(text, "  {} <- {from}", sink.name);
        let _ = writeln!(text, "    {}: {}", sink.delivery.name(), sink.delivery.because());
        let channel = &sink.channel;
        let timeout = channel
            .timeout
            .map_or_else(String::new, |timeout| format!(", for at most {} s", timeout.as_secs_f64()));
        let _ = writeln!(
            text,
            "    buffer: {} rows, {}{timeout}, pauses at {}",
            grouped(channel.capacity as u64),
            channel.policy.name(),
            grouped(channel.threshold as u64)
        );
    }
    let interval = plan
        .options
        .checkpoint_interval
        .map_or_else(|| "at the end".to_owned(), |interval| format!("every {} s", interval.as_secs_f64()));
    let _ = writeln!(text, "\nstate: {}, a checkpoint {interval}", plan.state);
    text
}
