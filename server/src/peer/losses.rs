//! When so much is lost on the way to a viewer that it is to be told.
use super::rtcp::Feedback;

/// So many packets lost in a second are worth a word: Janus' `slowlink_threshold` unless it is set.
const THRESHOLD: u32 = 4;

/// What a viewer has missed of a track in this second.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Losses {
    /// By its requests for packets.
    missed: u32,
    /// By its reports, which count from the beginning.
    reported: u32,
    total: u32,
}

impl Losses {
    /// The viewer told something.
    pub(super) fn add(&mut self, feedback: &Feedback) {
        let missed = u32::try_from(feedback.lost.len()).unwrap_or(u32::MAX);
        self.missed = self.missed.saturating_add(missed);
        if let Some(reception) = feedback.reception {
            let news = reception.total_lost.saturating_sub(self.total);
            self.reported = self.reported.saturating_add(news);
            self.total = reception.total_lost;
        }
    }

    /// The second is over. Tells how many packets were lost when they are too many: requests and
    /// reports are about the same packets.
    pub(super) fn take(&mut self) -> Option<u32> {
        let missed = std::mem::take(&mut self.missed);
        let lost = missed.max(std::mem::take(&mut self.reported));
        (lost >= THRESHOLD).then_some(lost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peer::rtcp::Reception;

    fn reported(total_lost: u32) -> Feedback {
        Feedback {
            reception: Some(Reception {
                total_lost,
                ..Reception::default()
            }),
            ..Feedback::default()
        }
    }

    #[test]
    fn a_few_losses_are_no_news_and_many_are_told_once() {
        let mut losses = Losses::default();
        losses.add(&reported(3));
        assert_eq!(losses.take(), None);
        losses.add(&reported(10));
        losses.add(&reported(12));
        assert_eq!(losses.take(), Some(9));
        losses.add(&reported(12));
        assert_eq!(losses.take(), None);
    }

    #[test]
    fn packets_that_are_asked_for_and_reported_count_once() {
        let mut losses = Losses::default();
        losses.add(&Feedback {
            lost: vec![1, 2, 3, 4, 5],
            ..reported(4)
        });
        assert_eq!(losses.take(), Some(5));
    }
}
