//! V4L2 capture devices: webcams, HDMI dongles and bridges.

mod discover;
mod dv_timings;
mod modes;
mod time;

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use v4l::Device;
use v4l::buffer::{self, Metadata};
use v4l::format::{Colorspace, Quantization};
use v4l::io::mmap::Stream as Buffers;
use v4l::io::traits::{CaptureStream, Stream as _};
use v4l::video::Capture;

use super::{Grab, Mode, Source, SourceError, SourceOptions};
use crate::picture::{JpegDecoder, Matrix, Packing, Picture, Size, full_to_limited, read_packed};
pub(super) use discover::first_device;
use dv_timings::Timings;
use modes::Pixels;

/// An open device with its buffers queued and its pictures on the way.
pub(super) struct Camera {
    path: PathBuf,
    device: Device,
    buffers: Buffers<'static>,
    mode: Mode,
    conversion: Conversion,
    signal: Option<Signal>,
    last_picture: Instant,
}

/// How to make a picture of what is in a buffer.
struct Conversion {
    size: Size,
    stride: usize,
    full_range: bool,
    matrix: Matrix,
    form: Form,
}

/// What is in a buffer.
enum Form {
    Packed(Packing),
    Jpeg(JpegDecoder),
}

/// The HDMI signal that the device was set up for.
struct Signal {
    timings: Timings,
    checked: Instant,
}

impl Camera {
    /// Few, so that none is old, and enough that the driver always has one to fill while one is
    /// read.
    const BUFFERS: u32 = 4;
    /// A camera in the dark gives a picture in a second; one that gives none for so long is stuck.
    const SILENCE: Duration = Duration::from_secs(5);

    /// Opens and starts a device.
    pub(super) fn open(path: &Path, options: &SourceOptions) -> Result<Camera, SourceError> {
        let failed = |doing| move |error| device_error(path, doing, error);
        let device = open_device(path)?;
        let signal = Signal::detect(path, &device)?;
        let offers = modes::list(&device).map_err(failed("list formats"))?;
        let timings = signal.as_ref().map(|signal| signal.timings);
        let Some(offer) = modes::choose(&offers, options, timings) else {
            return Err(SourceError::NoFormat {
                device: path.to_owned(),
                offers: modes::names(&device),
            });
        };

        let wanted = v4l::Format::new(offer.size.width, offer.size.height, offer.fourcc);
        let format = device
            .set_format(&wanted)
            .map_err(failed("set the format"))?;
        let Some(pixels) = Pixels::of(format.fourcc) else {
            return Err(SourceError::NoFormat {
                device: path.to_owned(),
                offers: format.fourcc.to_string(),
            });
        };
        let size = Size::new(format.width, format.height);
        let fps = match timings {
            Some(timings) => timings.fps(),
            None => modes::set_rate(&device, offer.fps),
        };
        let mode = Mode {
            size: size.even(),
            fps,
        };
        if options.size.is_some_and(|wanted| wanted != mode.size) {
            tracing::warn!(
                "{} gives {mode}, which is the nearest to what was asked for",
                path.display()
            );
        }

        let conversion = Conversion {
            size,
            stride: format.stride as usize,
            full_range: is_full_range(format.quantization, format.colorspace),
            matrix: matrix(format.colorspace),
            form: match pixels {
                Pixels::Packed(packing) => Form::Packed(packing),
                Pixels::Mjpeg => Form::Jpeg(JpegDecoder::new()?),
            },
        };
        let buffers = start(&device).map_err(failed("start"))?;
        Ok(Camera {
            path: path.to_owned(),
            device,
            buffers,
            mode,
            conversion,
            signal,
            last_picture: Instant::now(),
        })
    }

    /// Whether a buffer is full within `patience`.
    fn is_ready(&self, patience: Duration) -> Result<bool, SourceError> {
        let millis = i32::try_from(patience.as_millis()).unwrap_or(i32::MAX);
        match self.device.handle().poll(POLLIN, millis) {
            Ok(events) => Ok(events > 0),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(false),
            Err(error) => Err(device_error(&self.path, "wait for a picture", error)),
        }
    }

    fn check_signal(&mut self) -> Result<(), SourceError> {
        match &mut self.signal {
            Some(signal) if signal.checked.elapsed() >= Signal::INTERVAL => {
                signal.check(&self.path, &self.device)
            }
            _ => Ok(()),
        }
    }
}

impl Source for Camera {
    fn mode(&self) -> Mode {
        self.mode
    }

    fn is_live(&self) -> bool {
        true
    }

    fn next(
        &mut self,
        patience: Duration,
        picture: Option<&mut Picture>,
    ) -> Result<Grab, SourceError> {
        self.check_signal()?;
        if !self.is_ready(patience)? {
            let silent = self.last_picture.elapsed() > Camera::SILENCE;
            return if silent {
                Err(SourceError::Silent(self.path.clone()))
            } else {
                Ok(Grab::Nothing)
            };
        }
        let failed = |error| device_error(&self.path, "take a picture", error);
        let mut newer = 0;
        loop {
            let (bytes, meta) = CaptureStream::next(&mut self.buffers).map_err(failed)?;
            // If the encoder was busy for long, several wait. Only the newest is worth anything.
            newer += 1;
            if newer < Camera::BUFFERS
                && self
                    .device
                    .handle()
                    .poll(POLLIN, 0)
                    .is_ok_and(|events| events > 0)
            {
                continue;
            }
            self.last_picture = Instant::now();
            return Ok(match picture {
                Some(picture) => self.conversion.read(bytes, meta, picture),
                None => Grab::Picture(Duration::ZERO),
            });
        }
    }
}

impl Conversion {
    fn read(&mut self, buffer: &[u8], meta: &Metadata, picture: &mut Picture) -> Grab {
        let begun = Instant::now();
        let bytes = buffer.get(..meta.bytesused as usize).unwrap_or(buffer);
        if meta.flags.contains(buffer::Flags::ERROR) || bytes.is_empty() {
            return Grab::Damaged("the device marked it as damaged".to_owned());
        }
        picture.captured = time::captured(meta);
        let converted = match &mut self.form {
            Form::Jpeg(jpeg) => jpeg
                .decode(bytes, picture)
                .map_err(|error| error.to_string()),
            &mut Form::Packed(packing) => self.read_packed(packing, bytes, picture),
        };
        match converted {
            Ok(()) => Grab::Picture(begun.elapsed()),
            Err(reason) => Grab::Damaged(reason),
        }
    }

    fn read_packed(
        &self,
        packing: Packing,
        bytes: &[u8],
        picture: &mut Picture,
    ) -> Result<(), String> {
        read_packed(packing, bytes, self.size, self.stride, picture)
            .map_err(|error| error.to_string())?;
        if self.full_range {
            full_to_limited(&mut picture.reshape(self.size));
        }
        picture.matrix = self.matrix;
        Ok(())
    }
}

impl Signal {
    /// How often the signal is looked at. A computer that changes its resolution takes longer than
    /// that.
    const INTERVAL: Duration = Duration::from_secs(1);

    /// Sets the device up for the signal at its input. `None` for devices without such a thing.
    fn detect(path: &Path, device: &Device) -> Result<Option<Signal>, SourceError> {
        let failed = |error| signal_error(path, error);
        if !dv_timings::has_timings(device) {
            return Ok(None);
        }
        let timings = dv_timings::query(device).map_err(failed)?;
        if timings.is_interlaced() {
            return Err(SourceError::SignalOutOfRange(
                path.to_owned(),
                "it is interlaced".to_owned(),
            ));
        }
        dv_timings::set(device, &timings).map_err(failed)?;
        Ok(Some(Signal {
            timings,
            checked: Instant::now(),
        }))
    }

    fn check(&mut self, path: &Path, device: &Device) -> Result<(), SourceError> {
        self.checked = Instant::now();
        let timings = dv_timings::query(device).map_err(|error| signal_error(path, error))?;
        if timings.is_like(&self.timings) {
            Ok(())
        } else {
            Err(SourceError::SignalChanged(path.to_owned()))
        }
    }
}

/// As in `poll.h`.
const POLLIN: i16 = nix::libc::POLLIN;

/// Opens a device that can capture and stream.
fn open_device(path: &Path) -> Result<Device, SourceError> {
    let device = Device::with_path(path).map_err(|error| device_error(path, "open", error))?;
    if dv_timings::can_capture(&device) {
        Ok(device)
    } else {
        Err(SourceError::NotACamera(path.to_owned()))
    }
}

/// Maps the buffers, queues all but the first and starts the flow.
///
/// `v4l` queues the buffer that was read last whenever it is asked for the next. Keeping the first
/// back makes the start like any later moment, so that waiting with a time limit never loses a buffer.
fn start(device: &Device) -> io::Result<Buffers<'static>> {
    let mut buffers = Buffers::with_buffers(device, buffer::Type::VideoCapture, Camera::BUFFERS)?;
    for index in 1.. {
        // Drivers may grant more buffers or fewer; the first index that they refuse is the number.
        if CaptureStream::queue(&mut buffers, index).is_err() {
            break;
        }
    }
    buffers.start()?;
    Ok(buffers)
}

fn matrix(colours: Colorspace) -> Matrix {
    match colours {
        Colorspace::Rec709 | Colorspace::DCIP3 => Matrix::Bt709,
        _ => Matrix::Bt601,
    }
}

fn is_full_range(quantisation: Quantization, colours: Colorspace) -> bool {
    match quantisation {
        Quantization::FullRange => true,
        Quantization::LimitedRange => false,
        Quantization::Default => matches!(colours, Colorspace::JPEG),
    }
}

/// What a failed system call on a device means.
fn device_error(path: &Path, doing: &'static str, error: io::Error) -> SourceError {
    use nix::libc;
    let device = path.to_owned();
    match error.raw_os_error() {
        Some(libc::ENOENT | libc::ENXIO) => SourceError::NoDevice(device),
        Some(libc::EACCES | libc::EPERM) => SourceError::Permission(device),
        Some(libc::EBUSY) => SourceError::Busy(device),
        Some(libc::ENOSPC) => SourceError::Bandwidth(device),
        Some(libc::ENOTTY) => SourceError::NotACamera(device),
        Some(libc::ENODEV) if doing == "open" => SourceError::NoDevice(device),
        Some(libc::ENODEV) => SourceError::Unplugged(device),
        _ => SourceError::Device {
            device,
            doing,
            error,
        },
    }
}

/// What a failed question for the signal means.
fn signal_error(path: &Path, error: io::Error) -> SourceError {
    use nix::libc;
    match error.raw_os_error() {
        Some(libc::ENOLINK) => SourceError::NoSignal(path.to_owned()),
        Some(libc::ENOLCK) => SourceError::NoLock(path.to_owned()),
        Some(libc::ERANGE) => SourceError::SignalOutOfRange(
            path.to_owned(),
            "its resolution or rate is out of range".to_owned(),
        ),
        _ => device_error(path, "look for a signal", error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(path: &str) -> String {
        Camera::open(Path::new(path), &SourceOptions::default())
            .err()
            .unwrap()
            .to_string()
    }

    #[test]
    fn a_device_that_is_not_there_is_named() {
        assert_eq!(
            error("/dev/video-none"),
            "there is no /dev/video-none: is the camera plugged in?"
        );
    }

    #[test]
    fn what_is_no_camera_is_named() {
        assert_eq!(error("/dev/null"), "/dev/null is not a capture device");
    }

    #[test]
    fn system_errors_become_words_a_user_understands() {
        let words = |code| {
            device_error(
                Path::new("/dev/video0"),
                "start",
                io::Error::from_raw_os_error(code),
            )
            .to_string()
        };
        assert_eq!(
            words(nix::libc::EBUSY),
            "/dev/video0 is in use by another program"
        );
        assert_eq!(words(nix::libc::ENODEV), "/dev/video0 was unplugged");
        assert_eq!(
            words(nix::libc::EACCES),
            "no permission to open /dev/video0: add the user to the group `video`"
        );
        assert!(words(nix::libc::EIO).starts_with("/dev/video0: start: Input/output error"));
        let words = |code| {
            signal_error(Path::new("/dev/video0"), io::Error::from_raw_os_error(code)).to_string()
        };
        assert_eq!(
            words(nix::libc::ENOLINK),
            "/dev/video0 has no signal at its input"
        );
        assert_eq!(
            words(nix::libc::ENOLCK),
            "/dev/video0 cannot lock on to the signal at its input"
        );
    }
}
