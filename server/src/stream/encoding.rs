//! The encoder thread: newest picture in, one frame for all viewers out.

use std::sync::Arc;
use std::time::Instant;

use super::frame::Frame;
use super::meter::{Meter, Second, Stages};
use super::packetise::Packetiser;
use super::shared::Shared;
use super::slot::Grabbed;
use super::supervise::{Throttle, supervise};
use crate::encode::{EncodeError, Encoder, EncoderSettings, OpenH264};

/// Runs until the stream stops.
pub(super) fn run(shared: &Shared) {
    // Viewers go by the numbers of frames and packets: these outlive an encoder that panics.
    let mut packetiser = Packetiser::new(shared.epoch);
    supervise(&shared.name, "the encoder", || {
        shared.break_off();
        let mut encoding = Encoding::new(shared, &mut packetiser);
        while let Some(grabbed) = shared.slot.take() {
            encoding.picture(&grabbed);
            shared.slot.give_back(grabbed.picture);
        }
    });
}

struct Encoding<'a> {
    shared: &'a Shared,
    packetiser: &'a mut Packetiser,
    encoder: Option<Box<dyn Encoder>>,
    kbps: u32,
    /// What the encoder was told last.
    fps: f32,
    access_unit: Vec<u8>,
    meter: Meter,
    failures: Throttle,
}

impl<'a> Encoding<'a> {
    fn new(shared: &'a Shared, packetiser: &'a mut Packetiser) -> Encoding<'a> {
        Encoding {
            shared,
            packetiser,
            encoder: None,
            kbps: shared.kbps(),
            fps: 30.0,
            access_unit: Vec::new(),
            meter: Meter::default(),
            failures: Throttle::default(),
        }
    }

    fn picture(&mut self, grabbed: &Grabbed) {
        let begun = Instant::now();
        let key = self.shared.key_frame_is_due(begun);
        if let Err(error) = self.encode(grabbed, key) {
            self.fail(&error);
            return;
        }
        let encoded = Instant::now();
        let frame = self
            .packetiser
            .frame(&self.access_unit, grabbed.picture.captured);
        // An encoder may leave a picture out; key frames stay wanted then.
        let Some(frame) = frame.map(Arc::new) else {
            return;
        };
        if frame.idr {
            self.shared.key_frame_made(begun);
        }
        let done = Instant::now();
        self.shared.counters.frame(&frame);
        self.shared.publish(&frame);
        self.measure(
            done,
            &frame,
            Stages {
                grab: grabbed.took,
                encode: encoded - begun,
                packetise: done - encoded,
            },
        );
    }

    /// Leaves the access unit of one picture in `self.access_unit`.
    fn encode(&mut self, grabbed: &Grabbed, key: bool) -> Result<(), EncodeError> {
        let kbps = self.shared.kbps();
        let encoder = match &mut self.encoder {
            Some(encoder) => encoder,
            none => {
                let settings = EncoderSettings {
                    kbps,
                    ..self.shared.settings.clone()
                };
                self.kbps = kbps;
                self.fps = self.shared.condition.promised_fps().unwrap_or(self.fps);
                none.insert(Box::new(OpenH264::new(&settings, self.fps)?))
            }
        };
        if kbps != self.kbps {
            encoder.set_kbps(kbps)?;
            self.kbps = kbps;
        }
        let at = grabbed
            .picture
            .captured
            .at
            .saturating_duration_since(self.shared.epoch);
        self.access_unit.clear();
        encoder.encode(&grabbed.picture, at, key, &mut self.access_unit)
    }

    /// The next picture gets a new encoder.
    fn fail(&mut self, error: &EncodeError) {
        self.encoder = None;
        self.shared.encoder_failed(error.to_string());
        self.shared.counters.failed();
        if self.failures.allows(Instant::now()) {
            tracing::error!(
                stream = self.shared.name,
                "a picture was not encoded: {error}"
            );
        }
    }

    fn measure(&mut self, now: Instant, frame: &Frame, stages: Stages) {
        let Some(second) = self.meter.add(now, frame, stages) else {
            return;
        };
        tracing::debug!(stream = self.shared.name, "{second}");
        self.follow_rate(&second);
    }

    /// Cameras do not keep to the rate they promise (in the dark they halve it), and the rate
    /// control shares out its bits by pictures a second.
    fn follow_rate(&mut self, second: &Second) {
        if (second.fps - self.fps).abs() < self.fps * 0.1 {
            return;
        }
        self.fps = second.fps;
        let set = self
            .encoder
            .as_mut()
            .map_or(Ok(()), |encoder| encoder.set_fps(second.fps));
        if let Err(error) = set {
            self.fail(&error);
        }
    }
}
