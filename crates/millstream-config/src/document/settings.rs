//! How a run works: `config`, `on_error`, `state`, `checkpoint`, `processing`, and the buffer of an edge.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use millstream_generate::{OnRestart, Speed};

use super::python::check_imports;
use crate::decode::{Context, Map, Spanned, Text};
use crate::diagnostics::Diagnostic;
use crate::source_file::Span;

/// The defaults of generation.
#[derive(Debug, Clone)]
pub struct Config {
    /// `seed`, default 0.
    pub seed: u64,
    /// `locale`, default `en_US`.
    pub locale: Spanned<String>,
    /// The rest of `locale`, if it is a list.
    pub other_locales: Vec<String>,
    /// `start`: logical time zero; the moment of the first start unless given.
    pub start: Option<Spanned<DateTime<Utc>>>,
    /// `now`: what `datetime.now()` and relative dates mean; `start` unless given.
    pub now: Option<Spanned<DateTime<Utc>>>,
    /// `tick_interval`: how long one round of a cadence is, default 10 s.
    pub tick_interval: Duration,
    /// `on_restart`
    pub on_restart: OnRestart,
    /// `speed`: how fast logical time passes under `serve`, default 1.
    pub speed: Speed,
    /// `max_catch_up`: rows at most per tick when catching up, default 1 000 000.
    pub max_catch_up: u64,
    /// `infer_entity_attrs_by_name`: whether `data: auto` is inferred, default false.
    pub infers_attributes: bool,
}

/// What happens to a row that cannot pass, when there is no dead letter sink.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnError {
    /// The run fails.
    #[default]
    Fail,
    /// The row is left out and counted.
    Skip,
    /// The row is left out, and the run goes on.
    Continue,
}

/// Where checkpoints live.
#[derive(Debug, Clone)]
pub struct State {
    /// `type`
    pub kind: StateKind,
    /// `path`; `None` for memory.
    pub path: Option<Spanned<Text>>,
}

/// A kind of state store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateKind {
    /// Nothing survives the process.
    Memory,
    /// A folder of files.
    File,
    /// One SQLite database.
    Sqlite,
}

/// When epochs end.
#[derive(Debug, Clone, Copy)]
pub struct Checkpoint {
    /// `interval`, default 10 s.
    pub interval: Duration,
}

/// How much is in flight, and what happens when it is full.
#[derive(Debug, Clone)]
pub struct Processing {
    /// `chunk_size` in rows, default 2048.
    pub chunk_size: usize,
    /// `parallelism`: workers; as many as there are cores unless given.
    pub parallelism: Option<usize>,
    /// `buffer_size` of every edge in rows, default 8192.
    pub buffer_size: u64,
    /// `backpressure`
    pub backpressure: Backpressure,
    /// `timeout` of [`Backpressure::Block`]; waits without limit unless given.
    pub timeout: Option<Duration>,
    /// `backpressure_threshold` in rows, at most `buffer_size`; `buffer_size` unless given.
    pub backpressure_threshold: Option<u64>,
    /// `memory_limit` in bytes.
    pub memory_limit: Option<u64>,
    /// `max_retries` of an operation that may succeed later, default 3.
    pub max_retries: u32,
}

/// What a full edge does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Backpressure {
    /// The producer waits.
    #[default]
    Block,
    /// The incoming chunk is dropped and counted; also written `drop`.
    DropNewest,
    /// The oldest chunks are dropped and counted.
    DropOldest,
    /// The edge grows, up to the memory limit.
    Buffer,
}

/// What the edge into one sink does otherwise than `processing` says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EdgeBuffer {
    /// All of it.
    pub span: Span,
    /// `size` in rows.
    pub size: Option<u64>,
    /// `policy`
    pub policy: Option<Backpressure>,
    /// `timeout`
    pub timeout: Option<Duration>,
    /// `threshold` in rows.
    pub threshold: Option<u64>,
}

const POLICIES: [(&str, Backpressure); 5] = [
    ("block", Backpressure::Block),
    ("drop", Backpressure::DropNewest),
    ("drop_newest", Backpressure::DropNewest),
    ("drop_oldest", Backpressure::DropOldest),
    ("buffer", Backpressure::Buffer),
];

const DEFAULT_TICK_INTERVAL: Duration = Duration::from_secs(10);
const MAXIMUM_TICK_INTERVAL: Duration = Duration::from_hours(366 * 24);
const DEFAULT_CHECKPOINT_INTERVAL: Duration = Duration::from_secs(10);
const DEFAULT_BUFFER_SIZE: u64 = 8192;

/// A chunk beyond this is no unit of work any more.
const MAXIMUM_CHUNK_SIZE: u64 = 1 << 24;

pub(super) fn config(map: Option<Map<'_>>) -> Config {
    let mut config = Config {
        seed: 0,
        locale: Spanned::new("en_US".to_owned(), Span::default()),
        other_locales: Vec::new(),
        start: None,
        now: None,
        tick_interval: DEFAULT_TICK_INTERVAL,
        on_restart: OnRestart::default(),
        speed: Speed::default(),
        max_catch_up: 1_000_000,
        infers_attributes: false,
    };
    let Some(mut map) = map else { return config };
    config.locale.span = map.span;
    set(&mut config.seed, map.whole("seed", 0..=u64::MAX));
    if let Some(node) = map.optional("locale") {
        // One, or a list of them.
        let nodes = node.one_or_more();
        let mut locales = nodes.iter().filter_map(|node| map.context.name(node, "the locale"));
        if let Some(first) = locales.next() {
            config.locale = first;
            config.other_locales = locales.map(|locale| locale.value).collect();
        } else if nodes.is_empty() {
            map.context.report(
                Diagnostic::error(node.span, "the list of locales is empty").hint("write `locale: en_US`"),
            );
        }
    }
    config.start = map.text("start").and_then(|text| timestamp(&map, &text));
    config.now = map.text("now").and_then(|text| timestamp(&map, &text));
    let tick_interval = map.duration("tick_interval");
    if let Some(tick) = tick_interval.filter(|tick| tick.value > MAXIMUM_TICK_INTERVAL) {
        map.context.report(Diagnostic::error(tick.span, "a tick is at most 366 days long"));
    }
    set(&mut config.tick_interval, tick_interval);
    let words = [("continue", OnRestart::Continue), ("catch_up", OnRestart::CatchUp)];
    set(&mut config.on_restart, map.one_of("on_restart", &words));
    set(&mut config.speed, map.text("speed").and_then(|text| speed(&map, &text)));
    set(&mut config.max_catch_up, map.whole("max_catch_up", 1..=u64::MAX));
    set(&mut config.infers_attributes, map.boolean("infer_entity_attrs_by_name"));
    check_imports(&mut map);
    map.finish();
    config
}

fn speed(map: &Map<'_>, text: &Spanned<Text>) -> Option<Spanned<Speed>> {
    if let Ok(speed) = text.value.reveal().parse() {
        return Some(Spanned::new(speed, text.span));
    }
    let hint = "write a number up to a million, such as 60 or 0.5, or `max`".to_owned();
    map.context.unreadable(text, "how many times as fast as the clock", Some(hint))
}

/// An ISO 8601 date, or date and time; UTC unless it says otherwise.
pub fn parse_timestamp(written: &str) -> Option<DateTime<Utc>> {
    let time = DateTime::parse_from_rfc3339(written).map(|time| time.to_utc()).ok().or_else(|| {
        ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"]
            .iter()
            .find_map(|format| NaiveDateTime::parse_from_str(written, format).ok())
            .or_else(|| {
                let date = NaiveDate::parse_from_str(written, "%Y-%m-%d").ok()?;
                date.and_hms_opt(0, 0, 0)
            })
            .map(|time| time.and_utc())
    });
    // Years beyond these do not fit everywhere a timestamp goes.
    time.filter(|time| (-62_135_596_800..253_402_300_800).contains(&time.timestamp()))
}

/// A timestamp of the file.
fn timestamp(map: &Map<'_>, text: &Spanned<Text>) -> Option<Spanned<DateTime<Utc>>> {
    if let Some(time) = parse_timestamp(text.value.reveal()) {
        return Some(Spanned::new(time, text.span));
    }
    let hint = "write 2024-01-31 or 2024-01-31T08:30:00Z".to_owned();
    map.context.unreadable(text, "a date or a timestamp", Some(hint))
}

pub(super) fn on_error(map: &mut Map<'_>, dead_letter: Option<Span>) -> OnError {
    let words = [("fail", OnError::Fail), ("skip", OnError::Skip), ("continue", OnError::Continue)];
    let Some(node) = map.optional("on_error") else {
        return OnError::default();
    };
    if node.key() == "dead_letter" {
        let mut error = Diagnostic::error(node.span, "`on_error` is fail, skip or continue");
        error.hint = Some(if dead_letter.is_some() {
            "remove it: with a `dead_letter` sink, bad rows go there".to_owned()
        } else {
            "add a sink for bad rows: `dead_letter: {type: jsonl, path: dead.jsonl}`".to_owned()
        });
        map.context.report(error);
        return OnError::default();
    }
    let policy = map.context.one_of(node, &words);
    if let Some((policy, dead_letter)) = policy.zip(dead_letter) {
        let error = Diagnostic::error(policy.span, "`on_error` and `dead_letter` exclude each other")
            .related(dead_letter, "bad rows go here")
            .hint("remove one of them");
        map.context.report(error);
    }
    policy.map_or_else(OnError::default, |policy| policy.value)
}

pub(super) fn state(map: Option<Map<'_>>) -> State {
    let at = |path: &str, span: Span| Some(Spanned::new(Text::plain(path), span));
    let Some(mut map) = map else {
        return State { kind: StateKind::Sqlite, path: at("./.millstream/state.db", Span::default()) };
    };
    let words = [("memory", StateKind::Memory), ("file", StateKind::File), ("sqlite", StateKind::Sqlite)];
    let kind = match map.optional("type") {
        Some(node) if matches!(node.key(), "redis" | "postgres") => {
            let message = format!("the state store `{}` is not supported yet", node.key());
            let error = Diagnostic::error(node.span, message).note("state stores: memory, file and sqlite");
            map.context.report(error);
            None
        }
        Some(node) => map.context.one_of(node, &words).map(|kind| kind.value),
        None => Some(StateKind::Sqlite),
    };
    let path = map.text("path");
    if let Some(path) = path.as_ref().filter(|_| kind == Some(StateKind::Memory)) {
        let error = Diagnostic::error(path.span, "state in memory has no path")
            .hint("remove it, or write `type: file`");
        map.context.report(error);
    }
    refuse_empty_path(&map, path.as_ref());
    let span = map.span;
    map.finish();
    let kind = kind.unwrap_or(StateKind::Memory);
    let default = match kind {
        StateKind::Memory => None,
        StateKind::File => at("./.millstream/state", span),
        StateKind::Sqlite => at("./.millstream/state.db", span),
    };
    State { kind, path: path.or(default) }
}

/// An empty path is the current folder by accident.
pub(super) fn refuse_empty_path(map: &Map<'_>, path: Option<&Spanned<Text>>) {
    if let Some(path) = path.filter(|path| path.value.reveal().trim().is_empty()) {
        map.context.report(Diagnostic::error(path.span, "the path is empty"));
    }
}

pub(super) fn checkpoint(map: Option<Map<'_>>) -> Checkpoint {
    let mut checkpoint = Checkpoint { interval: DEFAULT_CHECKPOINT_INTERVAL };
    if let Some(mut map) = map {
        set(&mut checkpoint.interval, map.duration("interval"));
        map.finish();
    }
    checkpoint
}

pub(super) fn processing(map: Option<Map<'_>>) -> Processing {
    let mut processing = Processing {
        chunk_size: 2048,
        parallelism: None,
        buffer_size: DEFAULT_BUFFER_SIZE,
        backpressure: Backpressure::default(),
        timeout: None,
        backpressure_threshold: None,
        memory_limit: None,
        max_retries: 3,
    };
    let Some(mut map) = map else { return processing };
    if let Some(rows) = map.whole("chunk_size", 1..=MAXIMUM_CHUNK_SIZE) {
        processing.chunk_size = rows.value as usize;
    }
    processing.parallelism = map.whole("parallelism", 1..=1024).map(|n| n.value as usize);
    set(&mut processing.buffer_size, map.whole("buffer_size", 1..=u64::MAX));
    let policy = map.one_of("backpressure", &POLICIES);
    set(&mut processing.backpressure, policy);
    let timeout = map.duration("timeout");
    processing.timeout = timeout.map(|timeout| timeout.value);
    check_timeout(&map, timeout, policy.map(|policy| policy.value).unwrap_or_default());
    let threshold = map.whole("backpressure_threshold", 1..=u64::MAX);
    processing.backpressure_threshold = threshold.map(|threshold| threshold.value);
    check_threshold(&map, threshold, processing.buffer_size);
    processing.memory_limit = map.size("memory_limit").map(|size| size.value);
    if let Some(retries) = map.whole("max_retries", 0..=u64::from(u32::MAX)) {
        processing.max_retries = retries.value as u32;
    }
    map.finish();
    processing
}

/// The `buffer` of one edge. What it leaves out comes from `processing`: [`check_edge`] puts both together.
pub(super) fn edge_buffer(mut map: Map<'_>) -> EdgeBuffer {
    let size = map.whole("size", 1..=u64::MAX);
    let policy = map.one_of("policy", &POLICIES);
    let timeout = map.duration("timeout");
    if let Some(policy) = policy {
        check_timeout(&map, timeout, policy.value);
    }
    let threshold = map.whole("threshold", 1..=u64::MAX);
    if let Some(size) = size {
        check_threshold(&map, threshold, size.value);
    }
    let span = map.span;
    map.finish();
    EdgeBuffer {
        span,
        size: size.map(|size| size.value),
        policy: policy.map(|policy| policy.value),
        timeout: timeout.map(|timeout| timeout.value),
        threshold: threshold.map(|threshold| threshold.value),
    }
}

/// Refuses what makes no sense only together with what `processing` says.
pub(super) fn check_edge(context: &Context<'_>, processing: &Processing, edge: &EdgeBuffer) {
    if edge.timeout.is_some() && edge.policy.is_none() && processing.backpressure != Backpressure::Block {
        let error =
            Diagnostic::error(edge.span, "only the policy `block` waits, and `processing` has another one")
                .hint("add `policy: block`, or remove the timeout");
        context.report(error);
    }
    if edge.size.is_none() && edge.threshold.is_some_and(|threshold| threshold > processing.buffer_size) {
        let error = Diagnostic::error(edge.span, "the threshold is above the buffer size of `processing`")
            .hint("add a `size`, or lower the threshold");
        context.report(error);
    }
}

fn check_timeout(map: &Map<'_>, timeout: Option<Spanned<Duration>>, policy: Backpressure) {
    if let Some(timeout) = timeout.filter(|_| policy != Backpressure::Block) {
        let error =
            Diagnostic::error(timeout.span, "only the policy `block` waits, so only it has a timeout")
                .hint("remove the timeout, or write `block`");
        map.context.report(error);
    }
}

fn check_threshold(map: &Map<'_>, threshold: Option<Spanned<u64>>, size: u64) {
    if let Some(threshold) = threshold.filter(|threshold| threshold.value > size) {
        map.context
            .report(Diagnostic::error(threshold.span, "the threshold is above the size of the buffer"));
    }
}

fn set<T>(field: &mut T, value: Option<Spanned<T>>) {
    if let Some(value) = value {
        *field = value.value;
    }
}
