//! Medians and paired ratios.

/// The median of `values`, or `None` when there are none.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.is_empty() {
        None
    } else if sorted.len() % 2 == 1 {
        Some(sorted[middle])
    } else {
        Some(f64::midpoint(sorted[middle - 1], sorted[middle]))
    }
}

/// A ratio and how far single rounds are from it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    /// Ratio of the medians.
    pub value: f64,
    /// Smallest ratio of one round.
    pub low: f64,
    /// Largest ratio of one round.
    pub high: f64,
}

impl Ratio {
    /// `ours` over `theirs`, paired by round. `None` without a complete pair
    /// or with a zero in `theirs`.
    pub fn of(ours: &[f64], theirs: &[f64]) -> Option<Self> {
        if ours.len() != theirs.len() || theirs.iter().any(|&t| t <= 0.0) {
            return None;
        }
        let value = median(ours)? / median(theirs)?;
        let single = ours.iter().zip(theirs).map(|(o, t)| o / t);
        let low = single.clone().fold(f64::INFINITY, f64::min);
        let high = single.fold(0.0, f64::max);
        Some(Self { value, low, high })
    }
}

/// The geometric mean, or `None` of nothing.
pub fn geometric_mean(values: &[f64]) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    Some((values.iter().map(|v| v.ln()).sum::<f64>() / values.len() as f64).exp())
}

#[cfg(test)]
mod tests {
    use super::{Ratio, geometric_mean, median};

    #[test]
    fn medians_of_odd_and_even_counts() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }

    #[test]
    fn ratios_are_paired_by_round() {
        let ratio = Ratio::of(&[2.0, 6.0, 4.0], &[4.0, 4.0, 4.0]);
        assert_eq!(
            ratio,
            Some(Ratio {
                value: 1.0,
                low: 0.5,
                high: 1.5
            })
        );
        assert_eq!(Ratio::of(&[1.0], &[]), None);
        assert_eq!(Ratio::of(&[1.0], &[0.0]), None);
    }

    #[test]
    fn the_geometric_mean_of_inverse_ratios_is_one() {
        let mean = geometric_mean(&[0.5, 2.0]).unwrap_or(0.0);
        assert!((mean - 1.0).abs() < 1e-12, "{mean}");
    }
}
