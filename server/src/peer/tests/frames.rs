//! What a connected viewer gets.
use super::*;

#[test]
fn a_late_viewer_starts_with_the_frames_of_the_cache() {
    let (mut world, _) = World::connected();
    world.emit(1, true);
    world.emit(2, false);
    let captured = Captured {
        at: world.now,
        wall: SystemTime::now(),
    };
    world.stream.keep(vec![
        frame_at(1, true, captured),
        frame_at(2, false, captured),
    ]);
    world.join(2);
    world.run(Duration::from_secs(1));
    assert_eq!(world.frames(1), [1, 1, 1, 2, 2, 2]);
    // The frames of the cache may come by the inbox as well.
    world.emit(2, false);
    world.emit(3, false);
    assert_eq!(world.frames(1)[6..], [3, 3, 3]);
    assert_eq!(world.frames(0)[6..], [3, 3, 3]);
}

#[test]
fn a_viewer_that_finds_no_key_frame_makes_the_stream_make_one() {
    let (mut world, _) = World::connected();
    world.emit(1, false);
    assert!(world.frames(0).is_empty());
    assert_eq!(world.stream.key_frames_wanted(), 1);
}

impl World {
    /// The first viewer can make nothing of what it gets.
    fn lose_picture(&mut self) {
        let pli = PictureLossIndication {
            sender_ssrc: 1,
            media_ssrc: MEDIA,
        };
        self.viewers[0].send_rtcp(self.now, pli);
        self.exchange();
    }
}

#[test]
fn a_pli_asks_the_stream_for_a_key_frame() {
    let (mut world, _) = World::connected();
    world.emit(1, true);
    world.lose_picture();
    assert_eq!(world.stream.key_frames_wanted(), 1);
}

#[test]
fn a_viewer_that_lost_its_beginning_gets_it_once_more() {
    let mut world = World::new();
    let captured = world.captured();
    let kept = (1..=3).map(|number| frame_at(number, number == 1, captured));
    world.stream.keep(kept.collect());
    world.lose = Box::new(|datagram| demux::kind(datagram) == Some(Kind::Rtp));
    world.join(1);
    world.run(Duration::from_secs(1));
    world.lose = Box::new(|_| false);
    world.emit(3, false);
    assert!(world.frames(0).is_empty());
    world.emit(4, false);
    assert_eq!(world.frames(0), [4, 4, 4]);

    world.stream.keep(
        (1..=4)
            .map(|number| frame_at(number, number == 1, captured))
            .collect(),
    );
    world.lose_picture();
    world.emit(4, false);
    world.emit(5, false);
    let again = [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 5];
    assert_eq!(world.frames(0)[3..], again);
    assert_eq!(world.stream.key_frames_wanted(), 0);

    // One that still sees nothing has another trouble.
    world.lose_picture();
    assert_eq!(world.frames(0)[3..], again);
    assert_eq!(world.stream.key_frames_wanted(), 1);
}

#[test]
fn a_viewer_that_loses_its_picture_later_is_not_thrown_back() {
    let mut world = World::new();
    world.stream.keep(vec![frame_at(1, true, world.captured())]);
    world.join(1);
    world.run(Duration::from_secs(4));
    assert_eq!(world.frames(0), [1, 1, 1]);
    world.lose_picture();
    assert_eq!(world.frames(0), [1, 1, 1]);
    assert_eq!(world.stream.key_frames_wanted(), 1);
}

#[test]
fn a_packet_that_a_viewer_missed_is_sent_again() {
    let (mut world, _) = World::connected();
    world.emit(1, true);
    let lost = world.viewers[0].packets[1]
        .header
        .sequence_number
        .wrapping_add(3);
    let mut count = 0;
    world.lose = Box::new(move |_| {
        count += 1;
        count == 2
    });
    world.emit(2, false);
    assert_eq!(world.frames(0), [1, 1, 1, 2, 2]);
    world.lose = Box::new(|_| false);

    let nacks = nack_pairs_from_sequence_numbers(&[lost]);
    let now = world.now;
    world.viewers[0].send_rtcp(
        now,
        TransportLayerNack {
            sender_ssrc: 1,
            media_ssrc: MEDIA,
            nacks,
        },
    );
    world.exchange();
    let again = world.viewers[0].packets.last().unwrap();
    assert_eq!(again.header.sequence_number, lost);
    assert_eq!(world.set.counters.resent, 1);
}

#[test]
fn sender_reports_come_every_second() {
    let (mut world, _) = World::connected();
    world.emit(1, true);
    let reports = world.count(|datagram| datagram[0] == 0x80 && datagram[1] == 200);
    world.run(Duration::from_secs(3));
    assert_eq!(reports.load(Ordering::SeqCst), 3);
}

#[test]
fn a_viewer_that_loses_much_is_told_once_a_second() {
    let (mut world, peer) = World::connected();
    world.emit(1, true);
    let told = |world: &mut World, total_lost, wait| {
        let report = ReceptionReport {
            ssrc: MEDIA,
            total_lost,
            ..ReceptionReport::default()
        };
        let report = ReceiverReport {
            reports: vec![report],
            ..ReceiverReport::default()
        };
        let now = world.now;
        world.viewers[0].send_rtcp(now, report);
        world.run(Duration::from_millis(wait));
        std::mem::take(&mut world.events)
    };
    assert_eq!(told(&mut world, 3, 1100), []);
    assert_eq!(told(&mut world, 10, 100), []);
    let slow = PeerEvent::SlowLink {
        mid: "v".into(),
        kind: MediaKind::Video,
        lost: 17,
    };
    assert_eq!(told(&mut world, 20, 1000), [(peer, slow)]);
    assert_eq!(told(&mut world, 20, 2000), []);
}

#[test]
fn what_has_been_sent_is_counted() {
    let (mut world, peer) = World::connected();
    world.emit(1, true);
    world.emit(2, false);
    let lost = world.viewers[0].packets[1].header.sequence_number;
    let now = world.now;
    let nack = TransportLayerNack {
        sender_ssrc: 1,
        media_ssrc: MEDIA,
        nacks: nack_pairs_from_sequence_numbers(&[lost]),
    };
    world.viewers[0].send_rtcp(now, nack);
    let pli = PictureLossIndication {
        sender_ssrc: 1,
        media_ssrc: MEDIA,
    };
    world.viewers[0].send_rtcp(now, pli);
    world.exchange();
    let info = world.set.info(peer).unwrap();
    let counters = info.media[0].counters;
    assert_eq!((counters.packets, counters.bytes), (6, 4200));
    assert_eq!((counters.nacks, counters.resent), (1, 1));
    assert_eq!(counters.key_frames_asked, 1);
    world.run(Duration::from_millis(500));
    assert_eq!(
        world.set.info(peer).unwrap().media[0]
            .counters
            .bytes_last_second,
        4200
    );
    world.run(Duration::from_secs(1));
    assert_eq!(
        world.set.info(peer).unwrap().media[0]
            .counters
            .bytes_last_second,
        0
    );
}

#[test]
fn a_viewer_whose_last_frame_still_waits_loses_whole_frames_only() {
    let (mut world, _) = World::connected();
    let emit = |world: &mut World, number, idr| {
        let captured = Captured {
            at: world.now,
            wall: SystemTime::now(),
        };
        world.stream.emit(&frame_at(number, idr, captured));
        world.set.collect();
        while world.set.fan_out(world.now) {}
    };
    emit(&mut world, 1, true);
    emit(&mut world, 2, false);
    emit(&mut world, 3, false);
    world.exchange();
    assert_eq!(world.frames(0), [1, 1, 1]);
    world.emit(4, false);
    assert_eq!(world.stream.key_frames_wanted(), 1);
    world.emit(5, true);
    assert_eq!(world.frames(0), [1, 1, 1, 5, 5, 5]);
}

#[test]
fn after_too_many_frames_at_once_the_picture_goes_on_with_a_key_frame() {
    let (mut world, _) = World::connected();
    world.emit(1, true);
    let captured = Captured {
        at: world.now,
        wall: SystemTime::now(),
    };
    for number in 2..30 {
        world.stream.emit(&frame_at(number, false, captured));
    }
    world.exchange();
    assert!(world.stream.key_frames_wanted() > 0);
    world.emit(30, false);
    world.emit(31, true);
    world.emit(32, false);
    assert!(world.frames(0).ends_with(&[31, 31, 31, 32, 32, 32]));
}
