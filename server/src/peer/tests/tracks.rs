//! Several tracks over one connection.
use super::*;

impl World {
    /// A world with picture and sound.
    pub(super) fn with_sound() -> (Self, Arc<Stub>) {
        let mut world = Self::new();
        let format = Format {
            codec: Codec::Opus,
            fmtp: String::new(),
        };
        let sound = Stub::of("microphone", format);
        world.tracks.push(offered("a", &sound));
        (world, sound)
    }

    pub(super) fn sound(&mut self, from: &Stub, number: u64) {
        from.emit(&sound(number, self.captured()));
        self.exchange();
    }
}

#[test]
fn picture_and_sound_arrive_each_with_its_own_numbers() {
    let (world, microphone) = World::with_sound();
    let (mut world, _) = world.connect();
    world.emit(1, true);
    world.sound(&microphone, 7);
    world.sound(&microphone, 8);
    world.emit(2, false);
    assert_eq!(world.frames(0), [1, 1, 1, 2, 2, 2]);
    assert_eq!(world.frames_of(0, SOUND), [7, 8]);

    let packets = world.viewers[0].packets.iter();
    let sound: Vec<_> = packets.filter(|p| p.header.ssrc == SOUND).collect();
    let step = |of: fn(&rtc::rtp::Packet) -> u32| of(sound[1]).wrapping_sub(of(sound[0]));
    assert_eq!(step(|p| u32::from(p.header.sequence_number)), 1);
    assert_eq!(step(|p| p.header.timestamp), 960);
    for packet in sound {
        assert_eq!(packet.header.payload_type, 111);
        assert!(!packet.header.marker && packet.header.get_extension(2).is_none());
    }
}

#[test]
fn a_track_that_was_refused_is_not_watched() {
    let (mut world, microphone) = World::with_sound();
    world.join_with(1, Habits::default(), |answer| {
        answer.replace("m=audio 9", "m=audio 0")
    });
    assert!(world.stream.is_subscribed() && !microphone.is_subscribed());
    world.run(Duration::from_secs(1));
    world.emit(1, true);
    assert_eq!(world.frames(0), [1, 1, 1]);
}

#[test]
fn feedback_reaches_the_track_that_it_is_about() {
    let (world, microphone) = World::with_sound();
    let (mut world, _) = world.connect();
    world.emit(1, true);
    world.sound(&microphone, 1);
    microphone.key_frames_wanted();
    let now = world.now;
    let lost = world.viewers[0].packets.last().unwrap().header.clone();
    let pli = PictureLossIndication {
        sender_ssrc: 1,
        media_ssrc: MEDIA,
    };
    world.viewers[0].send_rtcp(now, pli);
    let nack = TransportLayerNack {
        sender_ssrc: 1,
        media_ssrc: SOUND,
        nacks: nack_pairs_from_sequence_numbers(&[lost.sequence_number]),
    };
    world.viewers[0].send_rtcp(now, nack);
    world.exchange();
    assert_eq!(world.stream.key_frames_wanted(), 1);
    assert_eq!(microphone.key_frames_wanted(), 0);
    assert_eq!(world.set.counters.resent, 1);
}

#[test]
fn each_track_has_sender_reports_of_its_own() {
    let (world, microphone) = World::with_sound();
    let (mut world, _) = world.connect();
    world.emit(1, true);
    world.sound(&microphone, 1);
    let of_sound =
        world.count(|datagram| datagram[1] == 200 && datagram[4..8] == SOUND.to_be_bytes());
    world.run(Duration::from_secs(3));
    assert_eq!(of_sound.load(Ordering::SeqCst), 3);
}

#[test]
fn a_jam_of_pictures_costs_no_sound() {
    let (world, microphone) = World::with_sound();
    let (mut world, _) = world.connect();
    world.emit(1, true);
    let captured = world.captured();
    world.stream.emit(&frame_at(2, false, captured));
    world.set.collect();
    while world.set.fan_out(world.now) {}
    microphone.emit(&sound(1, captured));
    world.stream.emit(&frame_at(3, false, captured));
    world.exchange();
    assert_eq!(world.frames(0), [1, 1, 1, 2, 2, 2]);
    assert_eq!(world.frames_of(0, SOUND), [1]);
}

#[test]
fn viewers_of_other_codecs_start_with_their_key_frames() {
    let mut world = World::new();
    let format = Format {
        codec: Codec::Vp8,
        fmtp: String::new(),
    };
    let vp8 = Stub::of("vp8", format);
    world.tracks = vec![offered("v", &vp8)];
    let (mut world, _) = world.connect();
    vp8.key_frames_wanted();
    world.emit_from(&vp8, 1, false);
    assert_eq!(vp8.key_frames_wanted(), 1);
    world.emit_from(&vp8, 2, true);
    assert_eq!(world.frames(0), [2, 2, 2]);
}

#[test]
fn long_packets_of_passed_through_video_arrive_whole() {
    let (mut world, _) = World::connected();
    let mut long = Arc::into_inner(frame_at(1, true, world.captured())).unwrap();
    for payload in &mut long.packets {
        let mut bytes = payload.to_vec();
        bytes.resize(1450, 7);
        *payload = bytes.into();
    }
    world.stream.emit(&long.into());
    world.exchange();
    assert_eq!(world.frames(0), [1, 1, 1]);
    assert!(
        world.viewers[0]
            .packets
            .iter()
            .all(|p| p.payload.len() == 1450)
    );
}
