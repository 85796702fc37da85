//! What goes on while a mountpoint is disabled, with a source that has a port.

use std::net::{Ipv4Addr, UdpSocket};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use super::*;
use crate::stream::{Frame, FrameSink};

/// Long enough for a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(20);
const SAID: &[u8] = b"said while nobody could listen";

const MICROPHONE: &str = r#"
[[mountpoint]]
id = 1
media = [{ type = "audio", mid = "a", codec = "opus", pt = 111, port = 0, bind = "127.0.0.1" }]
"#;

struct Sink(Sender<Vec<u8>>);

impl FrameSink for Sink {
    fn frame(&self, frame: &Arc<Frame>) {
        let _ = self.0.send(frame.packets.concat());
    }
}

/// Sends packets of Opus until the source has handed one on.
fn say(mountpoints: &Mountpoints) {
    let (heard, hears) = channel();
    let track = mountpoints
        .offering(MountpointId(1), &["a".to_owned()])
        .unwrap()
        .tracks
        .remove(0)
        .1;
    let _subscription = track.subscribe(Arc::new(Sink(heard)));
    let info = mountpoints.info(Instant::now(), &target(1, None), 0);
    let port = info.unwrap().media[0].port.unwrap() as u16;
    let microphone = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let header = [0x80, 111, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1];
    let datagram = [&header, SAID].concat();
    microphone
        .send_to(&datagram, (Ipv4Addr::LOCALHOST, port))
        .unwrap();
    assert_eq!(hears.recv_timeout(PATIENCE).unwrap(), SAID);
}

#[test]
fn a_recording_that_is_not_to_stop_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let config = MountpointsConfig {
        recordings: Some(directory.path().to_owned()),
        ..testing::parse(MICROPHONE)
    };
    let mountpoints = Mountpoints::start(config).unwrap();
    let media = vec![Recorded {
        kind: None,
        mid: Some("a".to_owned()),
        filename: Some("said".to_owned()),
    }];
    let start = RecordingAction::Start { media: Some(media) };
    mountpoints.record(&target(1, None), &start).unwrap();
    mountpoints.set_enabled(&target(1, None), false).unwrap();
    assert!(mountpoints.admit(&Watch::all(MountpointId(1))).is_err());
    say(&mountpoints);
    mountpoints.finish_recordings();
    let file = fs::read(directory.path().join("said.mp4")).unwrap();
    assert!(file.windows(SAID.len()).any(|window| window == SAID));
}
