//! Which frames a viewer may be given.

/// Lets through only what a decoder can use: nothing before a key frame, nothing twice, and after
/// a gap nothing before the next key frame.
#[derive(Debug, Default)]
pub(super) struct Gate {
    /// The number of the frame that a decoder can go on with.
    next: Option<u64>,
}

/// What to do with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Send it.
    Send,
    /// It was sent before.
    Seen,
    /// The decoder cannot use it: a key frame has to come first.
    Unusable,
}

impl Gate {
    /// Judges the frame `number`, and remembers it when it passes.
    pub(super) fn judge(&mut self, number: u64, idr: bool) -> Verdict {
        match self.next {
            Some(next) if number < next => Verdict::Seen,
            Some(next) if number == next || idr => self.pass(number),
            None if idr => self.pass(number),
            _ => {
                self.close();
                Verdict::Unusable
            }
        }
    }

    /// A frame that had passed was lost on the way: a key frame has to come.
    pub(super) fn close(&mut self) {
        self.next = None;
    }

    fn pass(&mut self, number: u64) -> Verdict {
        self.next = Some(number + 1);
        Verdict::Send
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_sent_before_a_key_frame() {
        let mut gate = Gate::default();
        assert_eq!(gate.judge(5, false), Verdict::Unusable);
        assert_eq!(gate.judge(6, true), Verdict::Send);
        assert_eq!(gate.judge(7, false), Verdict::Send);
    }

    #[test]
    fn a_frame_that_came_with_the_first_frames_is_not_sent_twice() {
        let mut gate = Gate::default();
        assert_eq!(gate.judge(6, true), Verdict::Send);
        assert_eq!(gate.judge(7, false), Verdict::Send);
        assert_eq!(gate.judge(6, true), Verdict::Seen);
        assert_eq!(gate.judge(7, false), Verdict::Seen);
        assert_eq!(gate.judge(8, false), Verdict::Send);
    }

    #[test]
    fn after_a_gap_the_next_key_frame_goes_on() {
        let mut gate = Gate::default();
        assert_eq!(gate.judge(1, true), Verdict::Send);
        assert_eq!(gate.judge(3, false), Verdict::Unusable);
        assert_eq!(gate.judge(4, false), Verdict::Unusable);
        assert_eq!(gate.judge(9, true), Verdict::Send);
        gate.close();
        assert_eq!(gate.judge(10, false), Verdict::Unusable);
    }
}
