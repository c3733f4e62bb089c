//! Thrift's compact encoding, as far as a Parquet page header needs it: only its numbers are told.

/// Deepest nesting of any header that Parquet defines is three.
const DEPTH: usize = 8;

/// Walks over encoded values without keeping any.
pub(super) struct Thrift<'b> {
    bytes: &'b [u8],
    at: usize,
    path: Vec<i64>,
}

impl<'b> Thrift<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            path: Vec::new(),
        }
    }

    /// Walks over one structure and tells each of its numbers with the field numbers that lead to it.
    /// Gives its length in bytes; `None` if the bytes end before, or are none that Parquet writes.
    pub(super) fn structure(mut self, tell: &mut dyn FnMut(&[i64], i64)) -> Option<usize> {
        self.fields(tell)?;
        Some(self.at)
    }

    fn fields(&mut self, tell: &mut dyn FnMut(&[i64], i64)) -> Option<()> {
        if self.path.len() >= DEPTH {
            return None;
        }
        let mut field = 0_i64;
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Some(());
            }
            field = match head >> 4 {
                0 => self.number()?,
                step => field.checked_add(i64::from(step))?,
            };
            self.path.push(field);
            self.value(head & 0xF, tell)?;
            self.path.pop();
        }
    }

    fn value(&mut self, kind: u8, tell: &mut dyn FnMut(&[i64], i64)) -> Option<()> {
        match kind {
            // Truth values of a field lie in its head.
            1 | 2 => Some(()),
            3 => self.byte().map(drop),
            4..=6 => {
                let number = self.number()?;
                tell(&self.path, number);
                Some(())
            }
            7 => self.skip(8),
            8 => {
                let length = self.varint()?;
                self.skip(length)
            }
            9 | 10 => self.list(tell),
            12 => self.fields(tell),
            _ => None,
        }
    }

    fn list(&mut self, tell: &mut dyn FnMut(&[i64], i64)) -> Option<()> {
        let head = self.byte()?;
        let count = match head >> 4 {
            15 => self.varint()?,
            count => u64::from(count),
        };
        let kind = match head & 0xF {
            // In a list, each truth value is a byte.
            1 | 2 => 3,
            kind => kind,
        };
        // Every element takes a byte at least, so the bytes end before a false count does.
        (0..count).try_for_each(|_| self.value(kind, tell))
    }

    fn byte(&mut self) -> Option<u8> {
        let byte = self.bytes.get(self.at).copied()?;
        self.at += 1;
        Some(byte)
    }

    fn skip(&mut self, count: u64) -> Option<()> {
        let end = self.at.checked_add(usize::try_from(count).ok()?)?;
        self.at = Some(end).filter(|end| *end <= self.bytes.len())?;
        Some(())
    }

    fn varint(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    /// A signed number: its sign is its last bit.
    fn number(&mut self) -> Option<i64> {
        let number = self.varint()?;
        Some((number >> 1) as i64 ^ -((number & 1) as i64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Paths of field numbers, and the number that each leads to.
    type Told = Vec<(Vec<i64>, i64)>;

    fn walk(bytes: &[u8]) -> Option<(usize, Told)> {
        let mut told = Vec::new();
        let length =
            Thrift::new(bytes).structure(&mut |path, number| told.push((path.to_vec(), number)))?;
        Some((length, told))
    }

    #[test]
    fn numbers_are_told_with_the_fields_that_lead_to_them() {
        // Field 2 is 150; field 5 a structure with -1 in field 1 and text in field 2; a list in 6.
        let bytes = [
            0x25, 0xAC, 0x02, 0x3C, 0x15, 0x01, 0x18, 2, b'h', b'i', 0, 0x19, 0x25, 2, 4, 0, 9,
        ];
        let expected = vec![(vec![2], 150), (vec![5, 1], -1), (vec![6], 1), (vec![6], 2)];
        assert_eq!(walk(&bytes), Some((16, expected)));
    }

    #[test]
    fn bytes_that_end_early_or_nest_without_end_are_refused() {
        for length in 0..16 {
            let bytes = [
                0x25, 0xAC, 0x02, 0x3C, 0x15, 0x01, 0x18, 2, b'h', b'i', 0, 0x19, 0x25, 2, 4, 0,
            ];
            assert_eq!(walk(&bytes[..length]), None);
        }
        assert_eq!(walk(&[0x1C; 100]), None);
        assert_eq!(walk(&[0x19, 0xFC, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0]), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_fail(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            walk(&bytes);
        }
    }
}
