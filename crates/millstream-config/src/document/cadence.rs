//! `cadence`: how fast a table grows, and how its rate varies.

use std::time::Duration;

use millstream_generate::{Burst, Cadence, Ramp, Rate, Schedule, ScheduleWindow, Shape, Sine, Then};

use super::replaced::Written;
use crate::decode::{Map, list, suggestion};
use crate::diagnostics::Diagnostic;
use crate::source_file::Span;
use crate::yaml::{Kind, Node};

const SHAPES: [&str; 4] = ["burst", "sine", "ramp", "schedule"];

/// The cadence of a table, given how long a tick is.
pub(super) fn cadence(map: Option<Map<'_>>, tick: Duration) -> (Cadence, Written) {
    let mut cadence = Cadence::constant(Rate::whole(60));
    let mut written = Written::default();
    let Some(mut map) = map else { return (cadence, written) };
    if let Some(rows) = map.rate("rows_per_minute") {
        cadence.rate = rows.value;
        written.growth = Some(rows.span);
    }
    if let Some(enabled) = map.boolean("enabled") {
        cadence.enabled = enabled.value;
    }
    if let Some(interval) = map.duration("tick_interval") {
        written.interval = Some(interval);
        if interval.value.as_micros() % tick.as_micros() == 0 {
            cadence.tick_interval = Some(interval.value).filter(|interval| *interval != tick);
        } else {
            let message =
                format!("a table's `tick_interval` is a multiple of that of `config`, {}", text(tick));
            let below = interval.value.as_micros() / tick.as_micros();
            let near = Duration::from_micros((tick.as_micros() * below.max(1)) as u64);
            let error = Diagnostic::error(interval.span, message)
                .hint(format!("write {}, or change `config.tick_interval`", text(near)));
            map.context.report(error);
        }
    }
    written.every = map.duration("every");
    if let Some(node) = map.optional("shape") {
        written.growth = Some(node.span);
        cadence.shape = shape(&map, node, cadence.rate);
    }
    map.finish();
    (cadence, written)
}

/// As it would be written in the file.
pub(super) fn text(duration: Duration) -> String {
    let milliseconds = duration.as_millis();
    let units = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)];
    match units.into_iter().find(|(_, length)| milliseconds.is_multiple_of(*length)) {
        Some((unit, length)) => format!("{}{unit}", milliseconds / length),
        None => format!("{milliseconds}ms"),
    }
}

fn shape(parent: &Map<'_>, node: &Node, base: Rate) -> Option<Shape> {
    let context = parent.context;
    let [(key, value)] = context.entries(node) else {
        if matches!(node.kind, Kind::Mapping(_)) {
            let error = Diagnostic::error(node.span, "a shape has exactly one key, which says what it is")
                .note(format!("shapes: {}", list(&SHAPES, "and")));
            context.report(error);
        }
        return None;
    };
    if !SHAPES.contains(&key.key()) {
        let hint = suggestion(key.key(), SHAPES).map(|word| format!("did you mean {word:?}?"));
        let error = Diagnostic::error(key.span, format!("unknown shape {:?}", key.key()))
            .note(format!("shapes: {}", list(&SHAPES, "and")))
            .hint_if(hint);
        context.report(error);
        return None;
    }
    let found = context.found();
    let mut places = Places { all: value.span, keys: Vec::new(), windows: Vec::new() };
    let map = |what| Map::new(context, value, what);
    let shape = match key.key() {
        "burst" => Shape::Burst(burst(map("a burst"), &mut places)?),
        "sine" => Shape::Sine(sine(map("a wave"), &mut places)?),
        "ramp" => Shape::Ramp(ramp(map("a ramp"), &mut places)?),
        _ => {
            let mut schedule = Schedule { zone: "UTC".to_owned(), windows: Vec::new() };
            if matches!(value.kind, Kind::Sequence(_)) {
                schedule.windows = windows(parent, value, &mut places);
            } else {
                let mut map = map("a schedule");
                if let Some(zone) = map.optional("zone").and_then(|node| context.name(node, "a time zone")) {
                    places.keys.push(("zone", zone.span));
                    schedule.zone = zone.value;
                }
                if let Some(node) = map.required("windows") {
                    places.keys.push(("windows", node.span));
                    schedule.windows = windows(parent, node, &mut places);
                }
                map.finish();
            }
            Shape::Schedule(schedule)
        }
    };
    // What is missing or unreadable has been reported; further checks would only repeat it.
    if context.found() > found {
        return None;
    }
    if let Err(error) = shape.check(base) {
        let span = places.of(error.key, error.window);
        context.report(Diagnostic::error(span, error.message).hint(error.hint));
        return None;
    }
    Some(shape)
}

/// Where the keys of a shape are written.
struct Places {
    all: Span,
    keys: Vec<(&'static str, Span)>,
    windows: Vec<Vec<(&'static str, Span)>>,
}

impl Places {
    fn of(&self, key: &str, window: Option<usize>) -> Span {
        let keys = window.map_or(Some(&self.keys), |window| self.windows.get(window));
        let found = keys.into_iter().flatten().find(|(name, _)| *name == key);
        found.map_or(self.all, |(_, span)| *span)
    }
}

/// Getters that remember where they found something.
fn duration(
    map: &mut Map<'_>,
    key: &'static str,
    places: &mut Vec<(&'static str, Span)>,
) -> Option<Duration> {
    let found = map.duration(key)?;
    places.push((key, found.span));
    Some(found.value)
}

fn rate(map: &mut Map<'_>, key: &'static str, places: &mut Vec<(&'static str, Span)>) -> Option<Rate> {
    let found = map.rate(key)?;
    places.push((key, found.span));
    Some(found.value)
}

/// A duration that must be there.
fn needed(map: &mut Map<'_>, key: &'static str, places: &mut Vec<(&'static str, Span)>) -> Option<Duration> {
    map.required(key)?;
    duration(map, key, places)
}

fn burst(mut map: Map<'_>, places: &mut Places) -> Option<Burst> {
    let keys = &mut places.keys;
    let every = needed(&mut map, "every", keys);
    let length = needed(&mut map, "for", keys);
    let offset = duration(&mut map, "offset", keys).unwrap_or_default();
    let rows_per_minute = rate(&mut map, "rows_per_minute", keys);
    let multiplier = rate(&mut map, "multiplier", keys);
    map.finish();
    Some(Burst { every: every?, length: length?, offset, rows_per_minute, multiplier })
}

fn sine(mut map: Map<'_>, places: &mut Places) -> Option<Sine> {
    let keys = &mut places.keys;
    let period = needed(&mut map, "period", keys);
    let amplitude = rate(&mut map, "amplitude", keys);
    let (min, max) = (rate(&mut map, "min", keys), rate(&mut map, "max", keys));
    let phase = duration(&mut map, "phase", keys).unwrap_or_default();
    map.finish();
    Some(Sine { period: period?, amplitude, min, max, phase })
}

fn ramp(mut map: Map<'_>, places: &mut Places) -> Option<Ramp> {
    let keys = &mut places.keys;
    let from = rate(&mut map, "from", keys);
    let to = map.required("to").and_then(|_| rate(&mut map, "to", keys));
    let over = needed(&mut map, "over", keys);
    let then = map.one_of("then", &[("hold", Then::Hold), ("repeat", Then::Repeat)]);
    map.finish();
    Some(Ramp { from, to: to?, over: over?, then: then.map(|then| then.value).unwrap_or_default() })
}

fn windows(parent: &Map<'_>, node: &Node, places: &mut Places) -> Vec<ScheduleWindow> {
    let context = parent.context;
    let items = context.sequence(node);
    items
        .iter()
        .filter_map(|item| {
            let mut map = Map::new(context, item, "a window of a schedule");
            let mut keys = Vec::new();
            let at = map.required("at").and_then(|node| context.name(node, "when a window begins"));
            let length = duration(&mut map, "for", &mut keys);
            let rows = map.required("rows_per_minute");
            let rows_per_minute = rows.and_then(|_| rate(&mut map, "rows_per_minute", &mut keys));
            map.finish();
            let at = at?;
            keys.push(("at", at.span));
            places.windows.push(keys);
            Some(ScheduleWindow { at: at.value, length, rows_per_minute: rows_per_minute? })
        })
        .collect()
}
