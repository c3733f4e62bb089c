//! An order that a seed decides, the same on every machine.

/// SplitMix64 (Steele, Lea and Flood, 2014): small, and good enough to order rows.
#[derive(Clone, Debug)]
pub(crate) struct Shuffle(u64);

impl Shuffle {
    /// From numbers that together say what is ordered.
    pub(crate) fn of(numbers: &[u64]) -> Self {
        let mut shuffle = Self(0);
        for number in numbers {
            shuffle.0 ^= *number;
            shuffle.0 = shuffle.next();
        }
        shuffle
    }

    /// Fisher and Yates's shuffle. A remainder favours small places by one in 2^64 over the length.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let place = self.next() % (last as u64 + 1);
            items.swap(last, place as usize);
        }
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(numbers: &[u64]) -> Vec<u32> {
        let mut items: Vec<u32> = (0..100).collect();
        Shuffle::of(numbers).shuffle(&mut items);
        items
    }

    #[test]
    fn the_same_numbers_give_the_same_order_and_others_another() {
        assert_eq!(order(&[1, 2]), order(&[1, 2]));
        assert_ne!(order(&[1, 2]), order(&[2, 1]));
        assert_ne!(order(&[0]), order(&[0, 0]));
        let mut items = order(&[7]);
        items.sort_unstable();
        assert_eq!(items, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn the_numbers_are_those_of_the_reference() {
        let mut reference = Shuffle(0);
        assert_eq!(reference.next(), 0xE220_A839_7B1D_CDAF);
        assert_eq!(reference.next(), 0x6E78_9E6A_A1B9_65F4);
    }
}
