//! How the rate of a cadence varies over time: bursts, waves, ramps and timetables.
//!
//! The text forms of durations and rates are those of the configuration, so that a shape reads the same in a file, in
//! a recorded history and over HTTP.

mod calendar;
mod cron;
mod curve;
mod text;

use std::time::Duration;

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::Rate;
use calendar::{Calendar, Window};
use cron::Cron;
pub(crate) use curve::{Curve, GRAINS};

/// A rate that varies over logical time. Time counts from the tick at which the table got the shape; that of a
/// [`Schedule`] is the calendar's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Shape {
    /// The cadence's own rate, and another one for a while at regular intervals.
    Burst(Burst),
    /// A wave.
    Sine(Sine),
    /// From one rate to another.
    Ramp(Ramp),
    /// Windows of the calendar with rates of their own; the cadence's outside of them.
    Schedule(Schedule),
}

/// See [`Shape::Burst`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Burst {
    /// From the beginning of a burst to that of the next.
    #[serde(with = "text::duration")]
    pub every: Duration,
    /// How long a burst is; shorter than `every`.
    #[serde(rename = "for", with = "text::duration")]
    pub length: Duration,
    /// When the first burst begins, counted from the beginning; shorter than `every`.
    #[serde(default, with = "text::duration", skip_serializing_if = "Duration::is_zero")]
    pub offset: Duration,
    /// The rate in a burst.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows_per_minute: Option<Rate>,
    /// Instead of a rate: how many times the cadence's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multiplier: Option<Rate>,
}

/// See [`Shape::Sine`]. The wave is a polygon of 64 corners per period, which lie on the sine, so that its area is
/// exact and the same everywhere. It is at most 0.13 % of the amplitude below the sine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sine {
    /// From one crest to the next.
    #[serde(with = "text::duration")]
    pub period: Duration,
    /// How far the rate goes above and below the cadence's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amplitude: Option<Rate>,
    /// Instead of an amplitude: the lowest rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<Rate>,
    /// With `min`: the highest rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Rate>,
    /// The wave begins as far on as it otherwise would be after this time; without it, at the middle and rising.
    #[serde(default, with = "text::duration", skip_serializing_if = "Duration::is_zero")]
    pub phase: Duration,
}

/// See [`Shape::Ramp`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ramp {
    /// The first rate; the cadence's own unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Rate>,
    /// The last rate.
    pub to: Rate,
    /// How long it takes.
    #[serde(with = "text::duration")]
    pub over: Duration,
    /// What comes after it.
    #[serde(default)]
    pub then: Then,
}

/// What comes after a ramp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// The last rate, for ever.
    #[default]
    Hold,
    /// The ramp again.
    Repeat,
}

/// See [`Shape::Schedule`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// A zone of the IANA database: `Europe/Berlin`. Windows are those of its clocks, summer time included.
    #[serde(default = "utc")]
    pub zone: String,
    /// Where windows overlap, the first one counts.
    pub windows: Vec<ScheduleWindow>,
}

/// A window of a [`Schedule`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleWindow {
    /// When it begins: minute, hour, day of the month, month and weekday, as in a crontab.
    pub at: String,
    /// How long it is, in whole minutes, at most a day. Unless given: an hour if `at` has one minute, else a minute.
    #[serde(
        rename = "for",
        default,
        with = "text::optional_duration",
        skip_serializing_if = "Option::is_none"
    )]
    pub length: Option<Duration>,
    /// The rate in it.
    pub rows_per_minute: Rate,
}

fn utc() -> String {
    "UTC".to_owned()
}

/// What is wrong with a shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShapeError {
    /// The key that it is about, as it is spelled in a file.
    pub key: &'static str,
    /// The window of a schedule that it is in.
    pub window: Option<usize>,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub hint: &'static str,
}

impl ShapeError {
    fn new(key: &'static str, message: impl Into<String>, hint: &'static str) -> Self {
        Self { key, window: None, message: message.into(), hint }
    }
}

/// No stretch of a shape is longer than this, so that all products stay within 128 bits.
const LONGEST: Duration = Duration::from_hours(366 * 24);

impl Shape {
    /// What it is called.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Burst(_) => "burst",
            Self::Sine(_) => "sine",
            Self::Ramp(_) => "ramp",
            Self::Schedule(_) => "schedule",
        }
    }

    /// Whether it makes sense on a cadence of `base`.
    pub fn check(&self, base: Rate) -> Result<(), ShapeError> {
        self.curve(base, 0).map(drop)
    }

    /// The curve on a cadence of `base`, with time zero at `origin` (microseconds since the Unix epoch).
    pub(crate) fn curve(&self, base: Rate, origin: i64) -> Result<Curve, ShapeError> {
        match self {
            Self::Burst(burst) => burst.curve(base),
            Self::Sine(sine) => sine.curve(base),
            Self::Ramp(ramp) => ramp.curve(base),
            Self::Schedule(schedule) => schedule.curve(base, origin),
        }
    }
}

/// A stretch in microseconds.
fn stretch(key: &'static str, duration: Duration) -> Result<u64, ShapeError> {
    if duration.is_zero() || duration > LONGEST || !duration.subsec_nanos().is_multiple_of(1_000_000) {
        return Err(ShapeError::new(
            key,
            format!("`{key}` is some whole milliseconds, at most 366 days"),
            "write a duration such as 30s, 10m or 1d",
        ));
    }
    Ok(crate::timeline::microseconds(duration))
}

impl Burst {
    fn curve(&self, base: Rate) -> Result<Curve, ShapeError> {
        let (every, length) = (stretch("every", self.every)?, stretch("for", self.length)?);
        if length >= every {
            return Err(ShapeError::new(
                "for",
                "a burst is shorter than the time from one to the next",
                "shorten `for`, or write the burst's rate as the cadence's `rows_per_minute`",
            ));
        }
        let offset = crate::timeline::microseconds(self.offset);
        if offset >= every {
            return Err(ShapeError::new(
                "offset",
                "`offset` is shorter than `every`",
                "write when the first burst begins, counted from the start",
            ));
        }
        let low = curve::grains(base);
        let high = match (self.rows_per_minute, self.multiplier) {
            (Some(rate), None) => curve::grains(rate),
            (None, Some(multiplier)) => curve::times(base, multiplier).ok_or_else(|| {
                ShapeError::new(
                    "multiplier",
                    "so many times the cadence's rate cannot be counted exactly",
                    "use fewer decimals, or a lower multiplier; or write `rows_per_minute` of the burst",
                )
            })?,
            _ => {
                return Err(ShapeError::new(
                    "rows_per_minute",
                    "a burst has a rate, or a multiplier of the cadence's own",
                    "write either `rows_per_minute` or `multiplier`",
                ));
            }
        };
        // A burst that goes on past the end of `every` begins the next round.
        let wrapped = (offset + length).saturating_sub(every);
        let stretches = if wrapped > 0 {
            [(wrapped, high), (offset - wrapped, low), (every - offset, high)]
        } else {
            [(offset, low), (length, high), (every - offset - length, low)]
        };
        Ok(Curve::steps(&stretches))
    }
}

impl Sine {
    fn curve(&self, base: Rate) -> Result<Curve, ShapeError> {
        let period = stretch("period", self.period)?;
        let wrong = |key, message: &str, hint| Err(ShapeError::new(key, message, hint));
        // Both doubled, so that the middle of two rates is whole.
        let (middle, amplitude) = match (self.amplitude, self.min, self.max) {
            (Some(amplitude), None, None) => {
                let (middle, amplitude) = (curve::grains(base), curve::grains(amplitude));
                if amplitude > middle {
                    return wrong(
                        "amplitude",
                        "the wave would fall below zero",
                        "the amplitude is at most the cadence's `rows_per_minute`",
                    );
                }
                (2 * middle, 2 * amplitude)
            }
            (None, Some(min), Some(max)) => {
                let (min, max) = (curve::grains(min), curve::grains(max));
                if min > max {
                    return wrong("min", "`min` is above `max`", "exchange them");
                }
                (min + max, max - min)
            }
            _ => {
                return wrong(
                    "amplitude",
                    "a wave has an amplitude, or a lowest and a highest rate",
                    "write either `amplitude`, or `min` and `max`",
                );
            }
        };
        Ok(Curve::wave(period, middle, amplitude, crate::timeline::microseconds(self.phase) % period))
    }
}

impl Ramp {
    fn curve(&self, base: Rate) -> Result<Curve, ShapeError> {
        let over = stretch("over", self.over)?;
        let (from, to) = (curve::grains(self.from.unwrap_or(base)), curve::grains(self.to));
        Ok(Curve::ramp(from, to, over, self.then == Then::Repeat))
    }
}

impl Schedule {
    fn curve(&self, base: Rate, origin: i64) -> Result<Curve, ShapeError> {
        let zone: Tz = self.zone.parse().map_err(|_| {
            ShapeError::new(
                "zone",
                format!("there is no time zone `{}`", self.zone),
                "write a name of the IANA database, such as UTC or Europe/Berlin",
            )
        })?;
        if self.windows.is_empty() {
            return Err(ShapeError::new(
                "windows",
                "a schedule has at least one window",
                "write `windows: [{at: \"0 9-17 * * mon-fri\", rows_per_minute: 6000}]`",
            ));
        }
        let windows = self.windows.iter().enumerate().map(|(index, window)| {
            let in_window = |error: ShapeError| ShapeError { window: Some(index), ..error };
            let cron: Cron =
                window.at.parse().map_err(|message: String| {
                    in_window(ShapeError::new("at", message, "write minute, hour, day, month and weekday: `0 9-17 * * mon-fri` are the hours from 9 to 18 of working days"))
                })?;
            let length = match window.length {
                None if cron.has_one_minute() => 60,
                None => 1,
                Some(length) => {
                    let minutes = length.as_secs() / 60;
                    if length.subsec_nanos() > 0 || length.as_secs() % 60 > 0 || !(1..=1440).contains(&minutes) {
                        return Err(in_window(ShapeError::new(
                            "for",
                            "a window is some whole minutes long, at most a day",
                            "write a duration such as 30m or 8h",
                        )));
                    }
                    minutes as usize
                }
            };
            Ok(Window { cron, length, rate: curve::grains(window.rows_per_minute) })
        });
        let windows = windows.collect::<Result<Vec<_>, ShapeError>>()?;
        Ok(Curve::calendar(Calendar::new(zone, windows, curve::grains(base), origin)))
    }
}

#[cfg(test)]
mod tests;
