//! Waits that grow, and the chance in them.

use std::time::Duration;

use super::Backoff;

/// Cheap random numbers (SplitMix64), all of one seed. Good enough to spread viewers over time, for
/// nothing else.
#[derive(Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A random part of `whole`.
    fn part_of(&mut self, whole: Duration) -> Duration {
        let fraction = self.next() >> 32;
        whole.mul_f64(fraction as f64 / (1_u64 << 32) as f64)
    }
}

impl Backoff {
    /// The wait after `tries` tries before this one.
    pub(super) fn wait(&self, tries: u32, random: &mut Random) -> Duration {
        let doubled = self.first.saturating_mul(1 << tries.min(20));
        let wait = doubled.min(self.longest);
        wait - random.part_of(wait / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKOFF: Backoff = Backoff {
        first: Duration::from_millis(250),
        longest: Duration::from_secs(5),
    };

    #[test]
    fn a_wait_is_at_least_half_and_at_most_all_of_what_doubling_gives() {
        let mut random = Random::new(1);
        for (tries, whole) in [(0, 250), (1, 500), (4, 4000), (5, 5000), (u32::MAX, 5000)] {
            for _ in 0..1000 {
                let wait = BACKOFF.wait(tries, &mut random).as_millis();
                assert!((whole / 2..=whole).contains(&wait), "{wait} of {whole}");
            }
        }
    }

    #[test]
    fn viewers_with_different_seeds_do_not_come_at_once() {
        let waits = (0..100).map(|seed| BACKOFF.wait(4, &mut Random::new(seed)));
        let hundredths = waits.map(|wait| (wait.as_millis() - 2000) / 20);
        let different: std::collections::HashSet<_> = hundredths.collect();
        assert!(different.len() > 50, "{} of 100", different.len());
    }
}
