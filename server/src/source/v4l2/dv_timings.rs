//! What the crate `v4l` has no safe function for: timings of HDMI inputs (V4L2's "DV timings"), and
//! a look at a device's capabilities that does not panic on a card's odd name.
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::io;
use std::mem::size_of;
use v4l::Device;
use v4l::v4l_sys::{
    V4L2_CAP_STREAMING, V4L2_CAP_VIDEO_CAPTURE, V4L2_DV_INTERLACED, V4L2_IN_CAP_DV_TIMINGS,
    v4l2_bt_timings, v4l2_capability, v4l2_dv_timings, v4l2_input,
};
use v4l::v4l2::vidioc::{_IOC_TYPE, VIDIOC_ENUMINPUT, VIDIOC_G_INPUT, VIDIOC_QUERYCAP};

const VIDIOC_S_DV_TIMINGS: _IOC_TYPE =
    nix::request_code_readwrite!(b'V', 87, size_of::<v4l2_dv_timings>());
const VIDIOC_QUERY_DV_TIMINGS: _IOC_TYPE =
    nix::request_code_read!(b'V', 99, size_of::<v4l2_dv_timings>());

/// A signal at an HDMI input: its resolution and clocks.
#[derive(Clone, Copy)]
pub(super) struct Timings(v4l2_dv_timings);

/// Whether the device captures single-planar video into mapped buffers.
pub(super) fn can_capture(device: &Device) -> bool {
    let need = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
    read::<v4l2_capability>(device, VIDIOC_QUERYCAP, zeroed())
        .is_ok_and(|it| it.device_caps & need == need)
}

/// Whether the device's current input takes its resolution from a signal.
pub(super) fn has_timings(device: &Device) -> bool {
    let index = read::<c_int>(device, VIDIOC_G_INPUT, 0)
        .ok()
        .and_then(|index| index.try_into().ok());
    let Some(index) = index else { return false };
    let input = read(device, VIDIOC_ENUMINPUT, v4l2_input { index, ..zeroed() });
    input.is_ok_and(|input| input.capabilities & V4L2_IN_CAP_DV_TIMINGS != 0)
}

/// Looks at the signal. `ENOLINK`: there is none; `ENOLCK`: it is not stable; `ERANGE`: it is out
/// of range.
pub(super) fn query(device: &Device) -> io::Result<Timings> {
    read(device, VIDIOC_QUERY_DV_TIMINGS, zeroed()).map(Timings)
}

/// Sets the device up for a signal.
pub(super) fn set(device: &Device, timings: &Timings) -> io::Result<()> {
    read(device, VIDIOC_S_DV_TIMINGS, timings.0).map(drop)
}

impl Timings {
    pub(super) fn width(&self) -> u32 {
        self.bt().width
    }

    pub(super) fn height(&self) -> u32 {
        self.bt().height
    }

    pub(super) fn is_interlaced(&self) -> bool {
        self.bt().interlaced == V4L2_DV_INTERLACED
    }

    /// Pictures a second.
    pub(super) fn fps(&self) -> f32 {
        let bt = self.bt();
        let sum = |parts: [u32; 4]| parts.into_iter().map(f64::from).sum::<f64>();
        let columns = sum([bt.width, bt.hfrontporch, bt.hsync, bt.hbackporch]);
        let rows = sum([bt.height, bt.vfrontporch, bt.vsync, bt.vbackporch]);
        let clock = bt.pixelclock as f64;
        if clock > 0.0 && columns > 0.0 && rows > 0.0 {
            (clock / (columns * rows)) as f32
        } else {
            30.0
        }
    }

    /// Whether it is the same signal. Measured clocks waver a little.
    pub(super) fn is_like(&self, other: &Timings) -> bool {
        let same_size = (self.width(), self.height()) == (other.width(), other.height());
        same_size
            && self.is_interlaced() == other.is_interlaced()
            && (self.fps() - other.fps()).abs() < 0.5
    }

    fn bt(&self) -> v4l2_bt_timings {
        // SAFETY: the union's other member is an array of integers in the same bytes, and every
        // pattern of bits is a valid `v4l2_bt_timings`, which has integers only.
        unsafe { self.0.__bindgen_anon_1.bt }
    }
}

/// The structures that the calls above take. All are made of integers (and a union of such), for
/// which zeros and whatever a kernel writes are values.
///
/// # Safety
/// Only types of which that is true.
unsafe trait Argument: Copy {}
// SAFETY: see above; the definitions are in `videodev2.h`.
unsafe impl Argument for v4l2_capability {}
// SAFETY: the same.
unsafe impl Argument for v4l2_input {}
// SAFETY: the same.
unsafe impl Argument for v4l2_dv_timings {}
// SAFETY: the same.
unsafe impl Argument for c_int {}

fn zeroed<T: Argument>() -> T {
    // SAFETY: zeros are a value of every `Argument`.
    unsafe { std::mem::zeroed() }
}

/// Calls the driver with `argument` and returns what it made of it.
fn read<T: Argument>(device: &Device, request: _IOC_TYPE, mut argument: T) -> io::Result<T> {
    // SAFETY: the descriptor is open for as long as `device` lives; `request` has the size of its
    // argument in it, and each caller above passes the type that `videodev2.h` defines it with; the
    // kernel keeps no pointer.
    unsafe { v4l::v4l2::ioctl(device.handle().fd(), request, (&raw mut argument).cast()) }?;
    Ok(argument)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timings(width: u32, height: u32, blanking: [u32; 2], pixelclock: u64) -> Timings {
        let bt = v4l2_bt_timings {
            width,
            height,
            hfrontporch: blanking[0],
            vfrontporch: blanking[1],
            pixelclock,
            // SAFETY: integers only.
            ..unsafe { std::mem::zeroed() }
        };
        let mut timings: v4l2_dv_timings = zeroed();
        timings.__bindgen_anon_1.bt = bt;
        Timings(timings)
    }

    #[test]
    fn the_rate_of_a_signal_follows_from_its_clocks() {
        assert!((timings(1920, 1080, [280, 45], 148_500_000).fps() - 60.0).abs() < 0.001);
        assert!((timings(1280, 720, [370, 30], 74_176_000).fps() - 59.94).abs() < 0.01);
        assert_eq!(timings(0, 0, [0, 0], 0).fps(), 30.0);
    }

    #[test]
    fn a_wavering_clock_is_the_same_signal_and_another_size_is_not() {
        let signal = timings(1920, 1080, [280, 45], 148_500_000);
        assert!(signal.is_like(&timings(1920, 1080, [280, 45], 148_352_000)));
        assert!(!signal.is_like(&timings(1920, 1080, [280, 45], 74_250_000)));
        assert!(!signal.is_like(&timings(1280, 720, [370, 30], 74_250_000)));
    }
}
