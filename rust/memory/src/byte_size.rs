//! Sizes as people write and read them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::MemoryError;

/// A number of bytes that parses from `512MB`, `7GiB`, `1.5 GiB` or plain bytes
/// and prints as `7.0 GiB`.
///
/// `kB`, `MB`, `GB`, `TB`, `PB`, `EB` are powers of 1000; `KiB`, `MiB`, `GiB`,
/// `TiB`, `PiB`, `EiB` powers of 1024. Case does not matter. A bare `G` is refused, since tools disagree
/// on what it means. Serialised as plain bytes.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct ByteSize {
    bytes: u64,
}

impl ByteSize {
    /// The size of that many bytes.
    pub const fn from_bytes(bytes: u64) -> Self {
        Self { bytes }
    }

    /// The size in bytes.
    pub const fn bytes(self) -> u64 {
        self.bytes
    }
}

impl FromStr for ByteSize {
    type Err = MemoryError;

    /// # Errors
    /// [`MemoryError::InvalidByteSize`] if there is no number, if the unit is
    /// unknown, or if the size exceeds what 64 bits hold.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse_bytes(text.trim())
            .map(Self::from_bytes)
            .map_err(|reason| MemoryError::InvalidByteSize {
                text: text.to_owned(),
                reason,
            })
    }
}

fn parse_bytes(text: &str) -> Result<u64, &'static str> {
    let number_end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(number_end);
    let (whole, fraction) = match number.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (number, None),
    };
    let whole = parse_digits(whole)?;
    let bytes_per_unit = unit_in_bytes(unit.trim())?;
    let whole_bytes = whole.checked_mul(bytes_per_unit).ok_or(TOO_LARGE)?;
    let fraction_bytes = match fraction {
        None => 0,
        Some(_) if bytes_per_unit == 1 => return Err("bytes come in whole numbers"),
        Some(digits) => fraction_in_bytes(digits, bytes_per_unit)?,
    };
    whole_bytes.checked_add(fraction_bytes).ok_or(TOO_LARGE)
}

const TOO_LARGE: &str = "it is larger than 64 bits can hold";

fn parse_digits(digits: &str) -> Result<u64, &'static str> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("it does not begin with a number");
    }
    digits.parse().map_err(|_| TOO_LARGE)
}

/// The part behind the decimal point, rounded down to whole bytes. Integers
/// throughout, so that `0.3GB` is exactly 300,000,000.
fn fraction_in_bytes(digits: &str, bytes_per_unit: u64) -> Result<u64, &'static str> {
    const MOST_DIGITS: usize = 18;
    if digits.len() > MOST_DIGITS {
        return Err("it has more than 18 digits behind the decimal point");
    }
    let numerator = u128::from(parse_digits(digits)?);
    let denominator = 10_u128.pow(digits.len() as u32);
    let bytes = numerator * u128::from(bytes_per_unit) / denominator;
    u64::try_from(bytes).map_err(|_| TOO_LARGE)
}

fn unit_in_bytes(unit: &str) -> Result<u64, &'static str> {
    Ok(match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" => 1000,
        "mb" => 1000_u64.pow(2),
        "gb" => 1000_u64.pow(3),
        "tb" => 1000_u64.pow(4),
        "pb" => 1000_u64.pow(5),
        "eb" => 1000_u64.pow(6),
        "kib" => 1024,
        "mib" => 1024_u64.pow(2),
        "gib" => 1024_u64.pow(3),
        "tib" => 1024_u64.pow(4),
        "pib" => 1024_u64.pow(5),
        "eib" => 1024_u64.pow(6),
        "k" | "m" | "g" | "t" | "p" | "e" => return Err("a unit without B may mean 1000 or 1024"),
        _ => {
            return Err(
                "its unit is none of B, kB, MB, GB, TB, PB, EB, KiB, MiB, GiB, TiB, PiB, EiB",
            );
        }
    })
}

impl fmt::Display for ByteSize {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
        if self.bytes < 1024 {
            return formatter.pad(&format!("{} B", self.bytes));
        }
        let mut amount = self.bytes as f64 / 1024.0;
        let mut unit = 0;
        // 1023.95 would print as "1024.0": it belongs to the next unit.
        while amount >= 1023.95 {
            amount /= 1024.0;
            unit += 1;
        }
        formatter.pad(&format!("{amount:.1} {}", UNITS[unit]))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(text: &str) -> u64 {
        text.parse::<ByteSize>().unwrap().bytes()
    }

    fn refusal(text: &str) -> String {
        text.parse::<ByteSize>().unwrap_err().to_string()
    }

    #[test]
    fn reads_decimal_and_binary_units() {
        assert_eq!(parsed("0"), 0);
        assert_eq!(parsed("1048576"), 1 << 20);
        assert_eq!(parsed("12 B"), 12);
        assert_eq!(parsed("512MB"), 512_000_000);
        assert_eq!(parsed("7GiB"), 7 << 30);
        assert_eq!(parsed(" 7 gib "), 7 << 30);
        assert_eq!(parsed("2TiB"), 2 << 40);
        assert_eq!(parsed("64kb"), 64_000);
    }

    #[test]
    fn reads_fractions_exactly_and_rounds_down_to_bytes() {
        assert_eq!(parsed("1.5GiB"), 3 << 29);
        assert_eq!(parsed("0.3GB"), 300_000_000);
        assert_eq!(parsed("1.1KiB"), 1126);
    }

    #[test]
    fn holds_the_largest_size_and_refuses_one_byte_more() {
        assert_eq!(parsed("18446744073709551615"), u64::MAX);
        assert!(refusal("18446744073709551616").contains("64 bits"));
        assert!(refusal("16777216TiB").contains("64 bits"));
        assert!(refusal("18.5EB").contains("64 bits"));
    }

    #[test]
    fn refuses_what_is_not_a_size_with_the_reason() {
        assert!(refusal("").contains("begin with a number"));
        assert!(refusal("GiB").contains("begin with a number"));
        assert!(refusal("1.GiB").contains("begin with a number"));
        assert!(refusal(".5GiB").contains("begin with a number"));
        assert!(refusal("1.2.3GiB").contains("begin with a number"));
        assert!(refusal("-5GiB").contains("begin with a number"));
        assert!(refusal("8G").contains("1000 or 1024"));
        assert!(refusal("8 bananas").contains("unit is none of"));
        assert!(refusal("1.5").contains("whole numbers"));
        assert!(refusal("0.1234567890123456789GB").contains("18 digits"));
    }

    #[test]
    fn prints_one_decimal_in_the_largest_unit_that_fits() {
        let print = |bytes| ByteSize::from_bytes(bytes).to_string();
        assert_eq!(print(0), "0 B");
        assert_eq!(print(1023), "1023 B");
        assert_eq!(print(1024), "1.0 KiB");
        assert_eq!(print(7 << 30), "7.0 GiB");
        assert_eq!(print((1 << 30) - 1), "1.0 GiB");
        assert_eq!(print(u64::MAX), "16.0 EiB");
        assert_eq!(format!("{:>9}", ByteSize::from_bytes(1)), "      1 B");
    }

    proptest! {
        #[test]
        fn any_text_is_answered_without_a_panic(text in "\\PC{0,40}") {
            let _ = text.parse::<ByteSize>();
        }

        #[test]
        fn plain_bytes_survive_the_round_trip(bytes: u64) {
            prop_assert_eq!(parsed(&bytes.to_string()), bytes);
        }

        #[test]
        fn what_is_printed_reads_back_within_the_rounding(bytes in 0..u64::MAX / 2) {
            let again = parsed(&ByteSize::from_bytes(bytes).to_string());
            prop_assert!(again.abs_diff(bytes) as f64 <= 0.051 * bytes as f64);
        }
    }
}
