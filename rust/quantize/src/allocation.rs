//! Which matrix gets how many bytes, so that the loss rises least for a size.
//!
//! Each matrix has some choices, and their rises are taken to add up. This is the multiple-choice
//! knapsack problem. It is solved greedily over the lower convex hull of each matrix's choices, best
//! gain per byte first: that is the optimum of the relaxed problem (Sinha and Zoltners, 1979) but for
//! the last upgrade that no longer fits. An exact solution could gain no more than that one upgrade,
//! which is less than measured rises are in doubt by, and its table grows with the size of the model.

/// What one choice for a matrix costs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cost {
    /// Bytes that are stored.
    pub(crate) bytes: u64,
    /// By how much the loss rises; not below zero.
    pub(crate) rise: f64,
}

/// For each matrix the number of its choice, such that all of them take at most `budget_bytes`; `None`
/// when the smallest of all take more, or a matrix has no choice.
pub(crate) fn allocate(matrices: &[Vec<Cost>], budget_bytes: u64) -> Option<Vec<usize>> {
    let hulls: Vec<_> = matrices.iter().map(|costs| hull(costs)).collect();
    let smallest = hulls.iter().map(|hull| hull.first().copied());
    let mut chosen = smallest.collect::<Option<Vec<usize>>>()?;
    let taken_bytes = chosen.iter().zip(matrices);
    let taken_bytes: u64 = taken_bytes
        .map(|(&choice, costs)| costs[choice].bytes)
        .sum();
    let mut left_bytes = budget_bytes.checked_sub(taken_bytes)?;
    for upgrade in upgrades(matrices, &hulls) {
        let is_next = chosen[upgrade.matrix] == upgrade.from;
        if is_next && upgrade.bytes <= left_bytes {
            left_bytes -= upgrade.bytes;
            chosen[upgrade.matrix] = upgrade.to;
        }
    }
    Some(chosen)
}

/// From one choice of a matrix to its next larger one on the hull.
struct Upgrade {
    matrix: usize,
    from: usize,
    to: usize,
    bytes: u64,
    gain_per_byte: f64,
}

/// All upgrades, best first; those of one matrix in their order, because its hull is convex.
fn upgrades(matrices: &[Vec<Cost>], hulls: &[Vec<usize>]) -> Vec<Upgrade> {
    let pairs = hulls.iter().enumerate();
    let pairs = pairs.flat_map(|(matrix, hull)| hull.windows(2).map(move |pair| (matrix, pair)));
    let upgrade = |(matrix, pair): (usize, &[usize])| {
        let (from, to) = (matrices[matrix][pair[0]], matrices[matrix][pair[1]]);
        Upgrade {
            matrix,
            from: pair[0],
            to: pair[1],
            bytes: to.bytes - from.bytes,
            gain_per_byte: -slope(from, to),
        }
    };
    let mut upgrades: Vec<_> = pairs.map(upgrade).collect();
    upgrades.sort_by(|one, other| other.gain_per_byte.total_cmp(&one.gain_per_byte));
    upgrades
}

/// The choices on the lower convex hull of bytes and rise, smallest first, each with less rise than the
/// one before it.
fn hull(costs: &[Cost]) -> Vec<usize> {
    let mut by_size: Vec<usize> = (0..costs.len()).collect();
    by_size.sort_by(|&one, &other| {
        let (one, other) = (costs[one], costs[other]);
        one.bytes
            .cmp(&other.bytes)
            .then(one.rise.total_cmp(&other.rise))
    });
    let mut hull: Vec<usize> = Vec::new();
    for choice in by_size {
        let is_better = |&last: &usize| costs[choice].rise < costs[last].rise;
        if !hull.last().is_none_or(is_better) {
            continue;
        }
        while let [.., before, last] = hull[..] {
            let is_above = slope(costs[before], costs[last]) >= slope(costs[last], costs[choice]);
            if !is_above {
                break;
            }
            hull.pop();
        }
        hull.push(choice);
    }
    hull
}

/// Rise for each byte more.
fn slope(from: Cost, to: Cost) -> f64 {
    (to.rise - from.rise) / (to.bytes as f64 - from.bytes as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn costs(pairs: &[(u64, f64)]) -> Vec<Cost> {
        let pairs = pairs.iter();
        pairs.map(|&(bytes, rise)| Cost { bytes, rise }).collect()
    }

    #[test]
    fn bytes_go_where_they_save_most() {
        let matrices = [
            costs(&[(2, 1.0), (4, 0.1), (8, 0.0)]),
            costs(&[(2, 0.2), (4, 0.1), (8, 0.0)]),
        ];
        assert_eq!(allocate(&matrices, 4), Some(vec![0, 0]));
        assert_eq!(allocate(&matrices, 6), Some(vec![1, 0]));
        assert_eq!(allocate(&matrices, 8), Some(vec![1, 1]));
        assert_eq!(allocate(&matrices, 16), Some(vec![2, 2]));
        assert_eq!(allocate(&matrices, 3), None);
    }

    #[test]
    fn a_larger_choice_that_saves_nothing_is_not_taken() {
        let matrices = [costs(&[(2, 0.0), (4, 0.0), (8, 0.3)])];
        assert_eq!(allocate(&matrices, 100), Some(vec![0]));
        assert_eq!(allocate(&[Vec::new()], 100), None);
    }

    fn total(matrices: &[Vec<Cost>], chosen: &[usize]) -> Cost {
        let chosen = matrices.iter().zip(chosen).map(|(costs, &it)| costs[it]);
        chosen.fold(
            Cost {
                bytes: 0,
                rise: 0.0,
            },
            |sum, cost| Cost {
                bytes: sum.bytes + cost.bytes,
                rise: sum.rise + cost.rise,
            },
        )
    }

    /// The least rise that any choice within the budget has.
    fn optimum(matrices: &[Vec<Cost>], budget: u64) -> Option<f64> {
        let Some((first, rest)) = matrices.split_first() else {
            return Some(0.0);
        };
        let rises = first.iter().filter_map(|cost| {
            let left = budget.checked_sub(cost.bytes)?;
            Some(cost.rise + optimum(rest, left)?)
        });
        rises.min_by(f64::total_cmp)
    }

    proptest! {
        #[test]
        fn no_choice_is_better_by_more_than_one_upgrade(
            matrices in prop::collection::vec(
                prop::collection::vec((1u64..40, 0.0f64..1.0), 1..5), 1..5),
            budget in 0u64..160,
        ) {
            let matrices: Vec<_> = matrices.iter().map(|pairs| costs(pairs)).collect();
            let best = optimum(&matrices, budget);
            let found = allocate(&matrices, budget);
            prop_assert_eq!(found.is_some(), best.is_some());
            if let (Some(found), Some(best)) = (found, best) {
                let total = total(&matrices, &found);
                let hulls: Vec<_> = matrices.iter().map(|costs| hull(costs)).collect();
                let gains = upgrades(&matrices, &hulls).into_iter();
                let largest = gains.map(|upgrade| upgrade.gain_per_byte * upgrade.bytes as f64);
                let largest = largest.fold(0.0, f64::max);
                prop_assert!(total.bytes <= budget);
                prop_assert!(total.rise <= best + largest + 1e-9, "{} {best} {largest}", total.rise);
            }
        }
    }
}
