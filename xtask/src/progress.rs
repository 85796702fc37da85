//! One line for each step: what is done, why it takes its time, and how long it took.

use std::time::{Duration, Instant};

/// A step under way. Dropped without [`Step::done`], it has failed, and the error says why.
pub(crate) struct Step {
    began: Instant,
    name: &'static str,
}

impl Step {
    /// Announces a step. `what` also tells how long it may take and why, if it is not quick.
    pub(crate) fn begin(name: &'static str, what: &str) -> Self {
        println!("[{name}] {what}");
        Self {
            began: Instant::now(),
            name,
        }
    }

    pub(crate) fn done(self) {
        println!("[{}] done in {}", self.name, duration(self.began.elapsed()));
    }
}

/// A remark that belongs to no step that takes time.
pub(crate) fn note(name: &str, what: &str) {
    println!("[{name}] {what}");
}

/// Whole minutes and seconds for people; tenths below ten seconds.
pub(crate) fn duration(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 9.95 {
        format!("{seconds:.1} s")
    } else if seconds < 59.5 {
        format!("{seconds:.0} s")
    } else {
        let seconds = seconds.round() as u64;
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_rounded_as_people_say_them() {
        assert_eq!(duration(Duration::from_millis(240)), "0.2 s");
        assert_eq!(duration(Duration::from_millis(9_960)), "10 s");
        assert_eq!(duration(Duration::from_millis(59_700)), "1 min 00 s");
        assert_eq!(duration(Duration::from_secs(125)), "2 min 05 s");
    }
}
