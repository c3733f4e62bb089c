//! `strftime_now`, with which some published templates write today's date into the prompt.

use std::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use minijinja::Error;

use super::budget::refused;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const SECONDS_PER_DAY: u64 = 86_400;
/// Longest format that is taken.
const FORMAT_LIMIT_BYTES: usize = 64;

/// The date now in Greenwich, in Python's notation; the directives for day, month, year, hour and
/// minute are known. Python takes the local time, which cannot be had without a C library.
pub(super) fn strftime_now(format: &str) -> Result<String, Error> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    formatted(format, now.map_or(0, |now| now.as_secs()))
}

fn formatted(format: &str, seconds: u64) -> Result<String, Error> {
    if format.len() > FORMAT_LIMIT_BYTES {
        return Err(refused("it asks for a date in too long a format"));
    }
    let (year, month, day) = civil_date(seconds / SECONDS_PER_DAY);
    let (hour, minute) = (seconds / 3_600 % 24, seconds / 60 % 60);
    let month_name = MONTHS[month as usize - 1];
    let mut text = String::new();
    let mut characters = format.chars();
    while let Some(character) = characters.next() {
        if character != '%' {
            text.push(character);
            continue;
        }
        // Writing to a string cannot fail.
        let _ = match characters.next() {
            Some('d') => write!(text, "{day:02}"),
            Some('m') => write!(text, "{month:02}"),
            Some('Y') => write!(text, "{year}"),
            Some('B') => write!(text, "{month_name}"),
            Some('b') => write!(text, "{}", &month_name[..3]),
            Some('H') => write!(text, "{hour:02}"),
            Some('M') => write!(text, "{minute:02}"),
            _ => return Err(refused("it asks for a date in a format that is not known")),
        };
    }
    Ok(text)
}

/// Year, month and day of a day counted from 1 January 1970, in the Gregorian calendar.
fn civil_date(days: u64) -> (u64, u64, u64) {
    let mut year = 1970;
    let mut left = days;
    while left >= year_days(year) {
        left -= year_days(year);
        year += 1;
    }
    let mut month = 1;
    while left >= month_days(year, month) {
        left -= month_days(year, month);
        month += 1;
    }
    (year, month, left + 1)
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn year_days(year: u64) -> u64 {
    365 + u64::from(is_leap(year))
}

fn month_days(year: u64, month: u64) -> u64 {
    match month {
        2 => 28 + u64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, date) in [
            (0, "01 January 1970"),
            (951_782_400, "29 February 2000"),
            (1_721_951_999, "25 July 2024"),
            (1_721_952_000, "26 July 2024"),
            (4_107_542_399, "28 February 2100"),
            (4_107_542_400, "01 March 2100"),
        ] {
            assert_eq!(formatted("%d %B %Y", seconds).unwrap(), date);
        }
        assert_eq!(
            formatted("%d %b %Y, %H:%M", 1_721_988_240).unwrap(),
            "26 Jul 2024, 10:04"
        );
    }

    #[test]
    fn an_unknown_directive_is_refused() {
        assert!(formatted("%Q", 0).is_err());
        assert!(formatted("%", 0).is_err());
    }
}
