//! `update_policy`, and the cycle of tables that are replaced as a whole.

use std::time::Duration;

use millstream_generate::UpdatePolicy;

use super::cadence::text;
use super::table::Table;
use crate::decode::{Context, Spanned};
use crate::diagnostics::Diagnostic;
use crate::source_file::Span;
use crate::yaml::Node;

/// What `cadence` says, where it says it.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// A rate or a shape.
    pub(super) growth: Option<Span>,
    pub(super) every: Option<Spanned<Duration>>,
    /// `tick_interval`
    pub(super) interval: Option<Spanned<Duration>>,
}

pub(super) fn update_policy(context: &Context<'_>, node: Option<&Node>, cadence: &Written) -> UpdatePolicy {
    let words = [
        ("append", UpdatePolicy::Append),
        ("disabled", UpdatePolicy::Disabled),
        ("replace", UpdatePolicy::Replace { every: cadence.every.map(|every| every.value) }),
    ];
    let policy = node.and_then(|node| context.one_of(node, &words));
    let policy = policy.map(|policy| policy.value).unwrap_or_default();
    if let UpdatePolicy::Replace { .. } = policy {
        if let Some(growth) = cadence.growth {
            let message = "a table that is replaced gets its `row_count` rows each cycle, and no others";
            let error = Diagnostic::error(growth, message)
                .hint("remove it; `every: 10m` is the length of a cycle, a tick unless given");
            context.report(error);
        }
        if let Some(interval) = cadence.interval {
            let error = Diagnostic::error(interval.span, "a table that is replaced has a cycle")
                .hint("write `every` instead of `tick_interval`");
            context.report(error);
        }
    } else if let Some(every) = cadence.every {
        let error = Diagnostic::error(every.span, "`every` is the cycle of a table that is replaced")
            .hint("add `update_policy: replace` to the table, or write `rows_per_minute`");
        context.report(error);
    }
    policy
}

/// Checks what needs the tick.
pub(super) fn check(context: &Context<'_>, tables: &[Table], tick: Duration) {
    for table in tables {
        let UpdatePolicy::Replace { every } = table.update_policy else {
            continue;
        };
        if table.row_count.value == 0 {
            let message = format!("`{}` is replaced each cycle, by no rows", table.name.value);
            let error =
                Diagnostic::error(table.row_count.span, message).hint("give it a row_count of at least 1");
            context.report(error);
        }
        let (Some(every), Some(place)) = (every, table.every) else {
            continue;
        };
        let ticks = every.as_millis() / tick.as_millis().max(1);
        if every.as_millis() % tick.as_millis().max(1) != 0 {
            let near: Vec<String> = [ticks, ticks + 1]
                .into_iter()
                .filter(|ticks| *ticks > 0)
                .map(|ticks| text(tick * u32::try_from(ticks).unwrap_or(u32::MAX)))
                .collect();
            let message = format!("a cycle is a whole number of ticks, and a tick is {}", text(tick));
            let error = Diagnostic::error(place, message)
                .hint(format!("write {}, or change `config.tick_interval`", near.join(" or ")));
            context.report(error);
        }
    }
}
