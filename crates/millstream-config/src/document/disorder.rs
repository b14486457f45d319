//! `disorder`: rows of a table that are late, come twice, or not at all.

use std::time::Duration;

use millstream_generate::{Delay, Disorder, Duplicate, Late, NullShare};

use crate::decode::{Context, Map, Spanned, duration_of};
use crate::diagnostics::Diagnostic;
use crate::yaml::{Kind, Node};

const DELAY: &str = "a delay";
const DELAY_HINT: &str = "write 30s, uniform(1s, 2m) or exponential(30s)";

pub(super) fn disorder(mut map: Map<'_>) -> Option<Spanned<Disorder>> {
    let context = map.context;
    let found = context.found();
    let late = map.map("late", "`late`").and_then(late);
    let duplicate = map.optional("duplicate").and_then(|node| duplicate(context, node));
    let drop = map.optional("drop").and_then(|node| share(context, node));
    let span = map.span;
    map.finish();
    let disorder = Disorder { late, duplicate, drop };
    if disorder == Disorder::default() {
        if context.found() == found {
            let error = Diagnostic::error(span, "this disorder changes nothing")
                .hint("write `late`, `duplicate` or `drop`, or remove it");
            context.report(error);
        }
        return None;
    }
    Some(Spanned::new(disorder, span))
}

fn late(mut map: Map<'_>) -> Option<Late> {
    let context = map.context;
    let probability = map.required("probability").and_then(|node| share(context, node));
    let by = map.required("by").and_then(|node| delay(context, node));
    map.finish();
    Some(Late { probability: probability?, by: by? })
}

/// `1%`, or `{probability: 1%, within: 100}`.
fn duplicate(context: &Context<'_>, node: &Node) -> Option<Duplicate> {
    if !matches!(node.kind, Kind::Mapping(_)) {
        return Some(Duplicate { probability: share(context, node)?, within: 0 });
    }
    let mut map = Map::new(context, node, "`duplicate`");
    let probability = map.required("probability").and_then(|node| share(context, node));
    let within = map.whole("within", 0..=Duplicate::FURTHEST).map_or(0, |within| within.value);
    map.finish();
    Some(Duplicate { probability: probability?, within })
}

/// `0.05` or `5%`.
fn share(context: &Context<'_>, node: &Node) -> Option<NullShare> {
    let expected = "a share of rows, from 0 to 1 or from 0% to 100%";
    let text = context.text(node, expected)?;
    let share = text.value.reveal().parse();
    share
        .or_else(|()| context.unreadable(&text, expected, Some("write 0.05 or 5%".to_owned())).ok_or(()))
        .ok()
}

fn delay(context: &Context<'_>, node: &Node) -> Option<Delay> {
    let text = context.text(node, DELAY)?;
    let delay = read(text.value.reveal());
    delay.or_else(|| context.unreadable(&text, DELAY, Some(DELAY_HINT.to_owned())))
}

/// `30s`, `uniform(1s, 2m)` or `exponential(30s)`; arguments may have their names.
fn read(text: &str) -> Option<Delay> {
    let Some((name, rest)) = text.split_once('(') else {
        return duration_of(text).map(Delay::Fixed);
    };
    let arguments: Vec<&str> = rest.strip_suffix(')')?.split(',').map(str::trim).collect();
    let argument = |index: usize, name: &str| -> Option<Duration> {
        let text = *arguments.get(index)?;
        let value = match text.split_once([':', '=']) {
            Some((given, value)) if given.trim() == name => value.trim(),
            Some(_) => return None,
            None => text,
        };
        duration_of(value)
    };
    match (name.trim(), arguments.len()) {
        ("exponential", 1) => argument(0, "mean").map(Delay::Exponential),
        ("uniform", 2) => {
            let (least, most) = (argument(0, "min")?, argument(1, "max")?);
            (least <= most).then_some(Delay::Uniform(least, most))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_are_read() {
        let seconds = Duration::from_secs;
        for (text, delay) in [
            ("30s", Some(Delay::Fixed(seconds(30)))),
            ("uniform(1s, 2m)", Some(Delay::Uniform(seconds(1), seconds(120)))),
            ("uniform(min: 1s, max=2m)", Some(Delay::Uniform(seconds(1), seconds(120)))),
            ("exponential(mean: 30s)", Some(Delay::Exponential(seconds(30)))),
            ("exponential( 500ms )", Some(Delay::Exponential(Duration::from_millis(500)))),
            ("uniform(2m, 1s)", None),
            ("uniform(1s)", None),
            ("exponential(rate: 30s)", None),
            ("exponential(30s", None),
            ("normal(30s)", None),
            ("0s", None),
            ("30", None),
            ("", None),
        ] {
            assert_eq!(read(text), delay, "{text}");
        }
    }
}
