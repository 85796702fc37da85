//! Whole sources, over real UDP on the loopback interface.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use super::testing::Rtp;
use super::*;
use crate::stream::{Codec, Frame, FrameSink};

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Long enough for a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(20);
const IDR: [u8; 3] = [0x65, 0x88, 1];
const SLICE: [u8; 3] = [0x61, 0x88, 1];
const SPROP: &str = "sprop-parameter-sets=Z0LAH9o=,aM48gA==";

struct Sink(Sender<Arc<Frame>>);

impl FrameSink for Sink {
    fn frame(&self, frame: &Arc<Frame>) {
        let _ = self.0.send(frame.clone());
    }
}

fn watch(track: &RtpTrack) -> (Receiver<Arc<Frame>>, impl Sized) {
    let (sender, receiver) = channel();
    let subscription = track.track.subscribe(Arc::new(Sink(sender)));
    (receiver, subscription)
}

fn video() -> RtpMediaConfig {
    RtpMediaConfig {
        bind: Some(LOOPBACK),
        fmtp: SPROP.into(),
        ..RtpMediaConfig::new("v", Codec::H264, 96)
    }
}

fn start(media: Vec<RtpMediaConfig>) -> RtpSource {
    let config = RtpConfig {
        media,
        ..RtpConfig::default()
    };
    RtpSource::start("test", &config).unwrap()
}

/// A sender to one port.
struct Encoder {
    socket: UdpSocket,
    to: SocketAddr,
    header: Rtp,
}

impl Encoder {
    fn new(track: &RtpTrack) -> Encoder {
        Encoder {
            socket: UdpSocket::bind((LOOPBACK, 0)).unwrap(),
            to: SocketAddr::new(LOOPBACK, track.port),
            header: Rtp {
                marker: true,
                ..Rtp::default()
            },
        }
    }

    /// Sends a frame of one packet.
    fn send(&mut self, payload: &[u8]) {
        self.header.sequence += 1;
        self.header.timestamp += 3_000;
        let datagram = self.header.with(payload);
        self.socket.send_to(&datagram, self.to).unwrap();
    }
}

#[test]
fn what_an_encoder_sends_comes_out_as_frames() {
    let audio = RtpMediaConfig {
        bind: Some(LOOPBACK),
        ..RtpMediaConfig::new("a", Codec::Opus, 111)
    };
    let source = start(vec![audio, video()]);
    let [audio, video] = source.tracks() else {
        panic!("two media, two tracks");
    };
    assert_eq!(audio.track.name(), "test/a");
    assert_eq!(video.track.name(), "test/v");
    assert_eq!(video.age(), None);
    let (audio_frames, _of_audio) = watch(audio);
    let (video_frames, _of_video) = watch(video);
    let mut encoder = Encoder::new(video);
    encoder.send(&IDR);
    encoder.send(&SLICE);
    let mut microphone = Encoder::new(audio);
    microphone.header.payload_type = 111;
    microphone.send(&[1, 2, 3]);

    let first = video_frames.recv_timeout(PATIENCE).unwrap();
    let second = video_frames.recv_timeout(PATIENCE).unwrap();
    assert!(first.idr && !second.idr);
    assert_eq!((first.number, second.number), (0, 1));
    assert_eq!((first.timestamp, second.timestamp), (0, 3_000));
    assert_eq!((first.packets.len(), second.first_packet), (3, 3));
    let heard = audio_frames.recv_timeout(PATIENCE).unwrap();
    assert!(heard.idr);
    assert_eq!(heard.packets, [[1, 2, 3].as_slice()]);
    assert!(video.age().unwrap() < PATIENCE);
    assert_eq!(video.track.first_frames().len(), 2);
}

#[test]
fn a_source_that_is_dropped_frees_its_ports_and_ends_its_thread() {
    let source = start(vec![video()]);
    let track = source.tracks()[0].clone();
    let (frames, subscription) = watch(&track);
    drop(source);
    let again = RtpMediaConfig {
        port: track.port,
        ..video()
    };
    start(vec![again]);
    // Neither the thread nor the track holds the sink any more.
    drop(subscription);
    assert!(frames.recv().is_err());
}

#[test]
fn a_viewer_that_needs_a_key_frame_asks_the_encoder() {
    let media = RtpMediaConfig {
        rtcp_port: Some(0),
        ..video()
    };
    let source = start(vec![media]);
    let track = &source.tracks()[0];
    let (frames, _subscription) = watch(track);
    let mut encoder = Encoder::new(track);
    encoder.send(&SLICE);
    frames.recv_timeout(PATIENCE).unwrap();
    // A report of the encoder's says where it takes RTCP: 1 is its SSRC.
    let rtcp = UdpSocket::bind((LOOPBACK, 0)).unwrap();
    rtcp.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut report = vec![0x80, 200, 0, 6, 0, 0, 0, 1];
    report.extend([0; 20]);
    let to = SocketAddr::new(LOOPBACK, track.rtcp_port.unwrap());
    let mut asked = [0; 200];
    let length = loop {
        rtcp.send_to(&report, to).unwrap();
        track.track.request_key_frame();
        // Until it is read, we are asked at another port.
        rtcp.set_read_timeout(Some(Duration::from_millis(400)))
            .unwrap();
        if let Ok(length) = rtcp.recv(&mut asked) {
            break length;
        }
    };
    // The last of the compound packet is a PLI about SSRC 1.
    let pli = &asked[length - 12..length];
    assert_eq!((pli[0], pli[1]), (0x81, 206));
    assert_eq!(pli[8..], [0, 0, 0, 1]);
    assert!(track.stats().key_frame_requests > 0);
}

#[test]
fn a_group_is_joined_at_an_interface() {
    let group = "239.255.77.1".parse().unwrap();
    let media = RtpMediaConfig {
        multicast: Some(group),
        interface: Some("127.0.0.1".into()),
        bind: None,
        ..video()
    };
    let source = start(vec![media]);
    let track = &source.tracks()[0];
    let (frames, _subscription) = watch(track);
    let mut encoder = Encoder::new(track);
    let socket = socket2::SockRef::from(&encoder.socket);
    socket.set_multicast_if_v4(&Ipv4Addr::LOCALHOST).unwrap();
    encoder.to.set_ip(group);
    encoder.send(&IDR);
    assert!(frames.recv_timeout(PATIENCE).unwrap().idr);
}

#[test]
fn what_cannot_work_is_refused_with_the_reason() {
    let refused = |media: Vec<RtpMediaConfig>| {
        let config = RtpConfig {
            media,
            ..RtpConfig::default()
        };
        RtpSource::start("test", &config).unwrap_err().to_string()
    };
    assert_eq!(refused(vec![]), "test: there is no medium");
    assert_eq!(
        refused(vec![video(), video()]),
        "test: two media are called `v`"
    );
    let with = |change: fn(&mut RtpMediaConfig)| {
        let mut media = video();
        change(&mut media);
        refused(vec![media])
    };
    assert_eq!(
        with(|media| media.payload_type = 128),
        "test/v: 128 is no payload type: write 0 to 127"
    );
    assert_eq!(
        with(|media| media.abs_capture_time = Some(15)),
        "test/v: 15 is no id of a header extension: write 1 to 14"
    );
    assert_eq!(
        with(|media| media.multicast = Some(LOOPBACK)),
        "test/v: 127.0.0.1 is not a multicast address"
    );
    assert_eq!(
        with(|media| media.multicast = Some([239, 1, 2, 3].into())),
        "test/v: what is sent to 239.1.2.3 does not come to 127.0.0.1: leave `bind` out, and name \
         the interface with `iface`"
    );
    assert_eq!(
        with(|media| {
            media.bind = None;
            media.multicast = Some("ff02::1".parse().unwrap());
        }),
        "test/v: each network has a ff02::1 of its own: name the interface with `iface`"
    );
    assert_eq!(
        with(|media| media.interface = Some("none0".into())),
        "test/v: there is no network interface `none0` with a suitable address"
    );
    let taken = start(vec![video()]);
    let media = RtpMediaConfig {
        port: taken.tracks()[0].port,
        ..video()
    };
    let error = refused(vec![media]);
    assert!(
        error.starts_with("test/v: cannot receive RTP at 127.0.0.1:"),
        "{error}"
    );
}
