use super::*;

fn calendar(zone: &str, at: &str, length: usize, origin: i64) -> Calendar {
    let window = Window { cron: at.parse().unwrap(), length, rate: 7 };
    Calendar::new(zone.parse().unwrap(), vec![window], 0, origin)
}

fn origin(text: &str) -> i64 {
    DateTime::parse_from_rfc3339(text).unwrap().timestamp_micros()
}

#[test]
fn an_hour_that_is_skipped_has_no_windows_and_one_that_comes_twice_has_two() {
    // In Berlin the clocks go from 2:00 to 3:00, and from 3:00 to 2:00.
    for (day, minutes) in
        [("2024-03-30T23:00:00Z", 0), ("2024-10-26T22:00:00Z", 120), ("2024-06-01T22:00:00Z", 60)]
    {
        let calendar = calendar("Europe/Berlin", "0 2 * * *", 60, origin(day));
        assert_eq!(calendar.area(23 * 60 * MINUTE), 7 * u128::from(minutes * MINUTE), "{day}");
    }
}

#[test]
fn a_window_goes_on_into_the_next_day_month_and_year() {
    let calendar = calendar("UTC", "0 18 31 12 *", 1440, origin("2023-12-31T00:00:00Z"));
    let hour = 60 * MINUTE;
    for (hours, expected) in
        [(18, 0), (19, 1), (24, 6), (41, 23), (42, 24), (43, 24), (366 * 24 + 41, 24 + 23)]
    {
        assert_eq!(calendar.area(hours * hour), 7 * u128::from(expected * hour), "{hours}");
    }
    assert_eq!(calendar.reach(7 * u128::from(hour)), Some(19 * hour));
    assert_eq!(calendar.reach(7 * u128::from(24 * hour) + 1), Some((366 * 24 + 18) * hour + 1));
    // A hundred whole windows, and six hours of the one in which the century ends.
    let all = 100 * 24 + 6;
    assert_eq!(calendar.area(DAYS * DAY), 7 * u128::from(all * hour));
    assert_eq!(calendar.area(u64::MAX), 7 * u128::from(all * hour));
    assert_eq!(calendar.reach(7 * u128::from(all * hour) + 1), None);
}

#[test]
fn far_and_ancient_starts_are_no_problem() {
    for start in ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1900-01-01T00:00:00Z"] {
        let calendar = calendar("America/St_Johns", "* * * * *", 1, origin(start));
        assert_eq!(calendar.area(DAYS * DAY), 7 * u128::from(DAYS * DAY), "{start}");
        assert_eq!(calendar.reach(7 * 12_345), Some(12_345));
    }
}
