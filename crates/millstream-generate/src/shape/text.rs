//! Durations as text: `500ms`, `10s`, `5m`, `2h`, `1d`.

use std::time::Duration;

const UNITS: [(&str, u128); 6] = [
    ("d", 86_400_000_000),
    ("h", 3_600_000_000),
    ("m", 60_000_000),
    ("s", 1_000_000),
    ("ms", 1_000),
    ("us", 1),
];

fn write(duration: Duration) -> String {
    let microseconds = duration.as_micros();
    if microseconds == 0 {
        return "0s".to_owned();
    }
    let (unit, length) =
        UNITS.into_iter().find(|(_, length)| microseconds.is_multiple_of(*length)).unwrap_or(("us", 1));
    format!("{}{unit}", microseconds / length)
}

fn read(text: &str) -> Result<Duration, String> {
    let wrong =
        || format!("{text:?} is no duration: write a whole number and its unit, such as 500ms, 10s or 5m");
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let (_, length) = UNITS.into_iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
    let microseconds = u128::from(number) * length;
    u64::try_from(microseconds).map(Duration::from_micros).map_err(|_| wrong())
}

/// A duration as text.
pub(super) mod duration {
    use std::time::Duration;

    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(in super::super) fn serialize<S: Serializer>(
        duration: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::write(*duration))
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        super::read(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// A duration as text, or nothing.
pub(super) mod optional_duration {
    use std::time::Duration;

    use serde::{Deserialize as _, Deserializer, Serializer};

    #[allow(clippy::ref_option, reason = "serde asks for this signature")]
    pub(in super::super) fn serialize<S: Serializer>(
        duration: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match duration {
            Some(duration) => serializer.serialize_str(&super::write(*duration)),
            None => serializer.serialize_none(),
        }
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| super::read(&text)).transpose().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_round_trip() {
        for (text, microseconds) in [
            ("0s", 0),
            ("1us", 1),
            ("1500us", 1_500),
            ("2ms", 2_000),
            ("90s", 90_000_000),
            ("2d", 172_800_000_000),
        ] {
            assert_eq!(read(text), Ok(Duration::from_micros(microseconds)));
            assert_eq!(write(Duration::from_micros(microseconds)), text);
        }
        for text in ["", "5", "s", "-1s", "1.5s", "1w", "99999999999999999999d"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
