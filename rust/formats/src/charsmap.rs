//! The precompiled character map of a SentencePiece normaliser: base64 of a trie and the text it
//! points into.
//!
//! The library that reads it trusts the trie's length field (four bytes that can ask for 8 GiB) and
//! follows every offset unchecked, so the length is compared and the trie is walked here first.

/// Longest map that is read, decoded; real ones have some 300 kB.
const CHARSMAP_LIMIT_BYTES: usize = 2 << 20;

/// Checks a map as it stands in `tokenizer.json`; the error completes "its character map ...".
pub(crate) fn check_charsmap(base64: &str) -> Result<(), &'static str> {
    if base64.len() > CHARSMAP_LIMIT_BYTES / 3 * 4 {
        return Err("is longer than 2 MiB");
    }
    let bytes = decode_base64(base64).ok_or("is not base64")?;
    let (length, rest) = bytes.split_first_chunk().ok_or("is cut off")?;
    let trie_bytes = u32::from_le_bytes(*length) as usize;
    if trie_bytes == 0 || !trie_bytes.is_multiple_of(4) || trie_bytes > rest.len() {
        return Err("gives its trie a length that it does not have");
    }
    let (trie, text) = rest.split_at(trie_bytes);
    let text = std::str::from_utf8(text).map_err(|_| "replaces by text that is not UTF-8")?;
    let units = trie
        .chunks_exact(4)
        .map(|unit| u32::from_le_bytes([unit[0], unit[1], unit[2], unit[3]]))
        .collect();
    Trie { units }.check_every_walk(text)
}

/// A double array: a unit holds the label that leads to it, and where its children lie.
struct Trie {
    units: Vec<u32>,
}

impl Trie {
    /// Follows every byte from every node that can be reached, and checks that no step leaves the
    /// array and every value is the start of a text.
    fn check_every_walk(&self, text: &str) -> Result<(), &'static str> {
        const OUTSIDE: &str = "has a trie that points outside itself";
        let root = offset(self.units[0]);
        let mut is_seen = vec![false; self.units.len()];
        let mut nodes = vec![root];
        while let Some(node) = nodes.pop() {
            match is_seen.get_mut(node) {
                None => return Err(OUTSIDE),
                Some(true) => continue,
                Some(seen) => *seen = true,
            }
            for byte in 1..=255 {
                let child = node ^ byte;
                let unit = *self.units.get(child).ok_or(OUTSIDE)?;
                if label(unit) != byte {
                    continue;
                }
                let next = child ^ offset(unit);
                if has_leaf(unit) {
                    let value = *self.units.get(next).ok_or(OUTSIDE)? & 0x7fff_ffff;
                    if !text.is_char_boundary(value as usize) {
                        return Err("has a trie that points outside its text");
                    }
                }
                nodes.push(next);
            }
        }
        Ok(())
    }
}

fn offset(unit: u32) -> usize {
    ((unit >> 10) as usize) << ((unit & (1 << 9)) >> 6)
}

fn label(unit: u32) -> usize {
    (unit & (1 << 31 | 0xff)) as usize
}

fn has_leaf(unit: u32) -> bool {
    unit >> 8 & 1 == 1
}

/// Decodes padded standard base64 in its one canonical form.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let text = text.as_bytes();
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let padding = text.iter().rev().take_while(|byte| **byte == b'=').count();
    if padding > 2 {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in &text[..text.len() - padding] {
        bits = bits << 6 | sextet(*byte)?;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    (bits == 0).then_some(bytes)
}

fn sextet(byte: u8) -> Option<u32> {
    let value = match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode_base64(bytes: &[u8]) -> String {
        const ALPHABET: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut text = String::new();
        for chunk in bytes.chunks(3) {
            let padded = [
                chunk[0],
                *chunk.get(1).unwrap_or(&0),
                *chunk.get(2).unwrap_or(&0),
            ];
            let bits = u32::from_be_bytes([0, padded[0], padded[1], padded[2]]);
            for place in 0..4 {
                let digit = ALPHABET[(bits >> (18 - 6 * place) & 63) as usize];
                text.push(if place > chunk.len() {
                    '='
                } else {
                    digit as char
                });
            }
        }
        text
    }

    fn map(length: u32, units: &[u32], text: &[u8]) -> String {
        let mut bytes = length.to_le_bytes().to_vec();
        bytes.extend(units.iter().flat_map(|unit| unit.to_le_bytes()));
        bytes.extend_from_slice(text);
        encode_base64(&bytes)
    }

    /// A trie of two blocks in which the byte `a` leads to the first unit as its value.
    fn units(value: u32) -> Vec<u32> {
        let mut units = vec![0; 512];
        let child = 256 ^ usize::from(b'a');
        // A child at `child ^ child`, which is 0.
        units[child] = ((child as u32) << 10) | (1 << 8) | u32::from(b'a');
        units[0] = (256 << 10) | value;
        units
    }

    fn check(length: u32, units: &[u32], text: &[u8]) -> Result<(), &'static str> {
        check_charsmap(&map(length, units, text))
    }

    #[test]
    fn base64_round_trips_and_is_canonical() {
        for length in 0..20_u8 {
            let bytes: Vec<u8> = (0..length).map(|byte| byte.wrapping_mul(91)).collect();
            assert_eq!(decode_base64(&encode_base64(&bytes)), Some(bytes));
        }
        for text in [
            "A", "AA", "AB==", "A===", "AAAA====", "AA=A", "AA\n=", "-_AA",
        ] {
            assert_eq!(decode_base64(text), None, "{text}");
        }
    }

    #[test]
    fn a_consistent_map_is_accepted() {
        // Offset and value share the first unit, so its text lies far in.
        let text = vec![b' '; 256 << 10];
        assert_eq!(check(2048, &units(0), &text), Ok(()));
        assert!(check(2048, &units(0), &text[1..]).is_err());
    }

    #[test]
    fn the_length_field_must_be_true() {
        for length in [u32::MAX, u32::MAX - 3, 2052, 0, 2047] {
            let error = check(length, &units(0), b"").expect_err("a refusal");
            assert!(error.contains("length"), "{length}: {error}");
        }
        assert_eq!(check_charsmap("AAA="), Err("is cut off"));
        assert_eq!(check_charsmap("!"), Err("is not base64"));
    }

    #[test]
    fn steps_out_of_the_trie_are_found() {
        let mut hostile = units(0);
        hostile[0] = 0x3f_ffff << 10;
        assert!(check(2048, &hostile, b"").is_err());
        let short = &units(0)[..400];
        assert!(check(1600, short, b"").is_err());
    }

    #[test]
    fn values_must_be_starts_of_text() {
        let text = "é".as_bytes();
        let mut hostile = units(0);
        let child = 256 ^ usize::from(b'a');
        hostile[child] = (3 << 10) | (1 << 8) | u32::from(b'a');
        let value_node = child ^ 3;
        for (value, is_allowed) in [(0, true), (1, false), (2, true), (3, false)] {
            hostile[value_node] = value;
            assert_eq!(check(2048, &hostile, text).is_ok(), is_allowed, "{value}");
        }
    }

    #[test]
    fn text_must_be_utf8() {
        assert!(check(2048, &units(0), &[0xff]).is_err());
    }
}
