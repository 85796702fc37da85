//! Which of a device's modes to use.

use std::io;
use v4l::frameinterval::FrameIntervalEnum;
use v4l::framesize::FrameSizeEnum;
use v4l::video::Capture;
use v4l::video::capture::Parameters;
use v4l::{Device, FourCC, Fraction};

use super::dv_timings::Timings;
use crate::picture::{Packing, Size};
use crate::source::SourceOptions;

/// A form of pixels that Fanlight takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pixels {
    Packed(Packing),
    Mjpeg,
}

impl Pixels {
    pub(super) fn of(fourcc: FourCC) -> Option<Pixels> {
        match &fourcc.repr {
            b"YUYV" => Some(Pixels::Packed(Packing::Yuyv)),
            b"UYVY" => Some(Pixels::Packed(Packing::Uyvy)),
            // Some drivers call single JPEGs one thing, some the other; the bytes are the same.
            b"MJPG" | b"JPEG" => Some(Pixels::Mjpeg),
            _ => None,
        }
    }
}

/// A size in a form of pixels, and the highest rate that the device has for it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Offer {
    pub(super) fourcc: FourCC,
    pub(super) pixels: Pixels,
    pub(super) size: Size,
    pub(super) fps: f32,
}

/// Everything a device offers that Fanlight can use.
pub(super) fn list(device: &Device) -> io::Result<Vec<Offer>> {
    let mut offers = Vec::new();
    for format in device.enum_formats()? {
        let Some(pixels) = Pixels::of(format.fourcc) else {
            continue;
        };
        for size in sizes(device, format.fourcc) {
            let fps = highest_rate(device, format.fourcc, size);
            offers.push(Offer {
                fourcc: format.fourcc,
                pixels,
                size,
                fps,
            });
        }
    }
    Ok(offers)
}

/// The names of all formats of a device, usable or not.
pub(super) fn names(device: &Device) -> String {
    let formats = device.enum_formats().unwrap_or_default();
    let names: Vec<_> = formats
        .iter()
        .map(|format| format.fourcc.to_string())
        .collect();
    if names.is_empty() {
        "nothing".to_owned()
    } else {
        names.join(", ")
    }
}

/// The mode to use: that of the signal, that nearest to the size and rate wanted, or the best.
///
/// The best is the largest up to 1280x720 that is smooth (25 pictures a second or more), with the
/// highest rate up to 60, and uncompressed if there is a choice. More pixels would cost more time
/// for each picture, and at the default bit rate they would not look better. Only a device without
/// any such mode gets another.
pub(super) fn choose(
    offers: &[Offer],
    options: &SourceOptions,
    signal: Option<Timings>,
) -> Option<Offer> {
    let signal = signal.map(|signal| Size::new(signal.width(), signal.height()));
    if let Some(size) = signal {
        // Bridges list the sizes that they can have, not the one that they have now.
        let offer = offers
            .iter()
            .min_by_key(|offer| offer.pixels == Pixels::Mjpeg)?;
        return Some(Offer { size, ..*offer });
    }
    let fps = options.fps.map(|fps| fps as f32);
    let capped = |offer: &Offer| fps.map_or(offer.fps.min(60.0), |wanted| offer.fps.min(wanted));
    let smooth = |offer: &Offer| capped(offer) >= fps.unwrap_or(25.0).min(25.0) * 0.98;
    let rank = |offer: &Offer| {
        let fit = match options.size {
            Some(wanted) => {
                -(offer.size.width.abs_diff(wanted.width) as i64
                    + offer.size.height.abs_diff(wanted.height) as i64)
            }
            None if offer.size.width > 1280 || offer.size.height > 720 => {
                -(offer.size.pixels() as i64)
            }
            None => offer.size.pixels() as i64,
        };
        let rate = (capped(offer) * 100.0) as i64;
        let raw = offer.pixels != Pixels::Mjpeg;
        // A wanted size comes before smoothness, the best one after it.
        if options.size.is_some() {
            (fit, smooth(offer) as i64, rate, raw)
        } else {
            (smooth(offer) as i64, fit, rate, raw)
        }
    };
    let mut best = offers
        .iter()
        .filter(|offer| offer.size.even().is_encodable())
        .max_by_key(|offer| rank(offer))
        .copied()?;
    best.fps = capped(&best);
    Some(best)
}

/// Sets the rate and returns what the driver made of it.
pub(super) fn set_rate(device: &Device, fps: f32) -> f32 {
    // In thousandths, so that 12.5 and 29.97 can be said.
    let interval = Fraction::new(1_000, (fps * 1_000.0).round().max(1.0) as u32);
    let set = device
        .set_params(&Parameters::new(interval))
        .or_else(|_| device.params());
    set.ok()
        .and_then(|params| rate(params.interval))
        .unwrap_or(fps)
}

/// The sizes of a format. Of a range those that people use; without any list the one that is set.
fn sizes(device: &Device, fourcc: FourCC) -> Vec<Size> {
    const USUAL: [Size; 6] = [
        Size::new(320, 240),
        Size::new(640, 480),
        Size::new(800, 600),
        Size::new(1280, 720),
        Size::new(1920, 1080),
        Size::new(3840, 2160),
    ];
    let mut sizes = Vec::new();
    for offered in device.enum_framesizes(fourcc).unwrap_or_default() {
        match offered.size {
            FrameSizeEnum::Discrete(size) => sizes.push(Size::new(size.width, size.height)),
            FrameSizeEnum::Stepwise(range) => {
                let fits = |size: &Size| {
                    (range.min_width..=range.max_width).contains(&size.width)
                        && (range.min_height..=range.max_height).contains(&size.height)
                };
                sizes.extend(USUAL.into_iter().filter(fits));
                sizes.push(Size::new(range.max_width, range.max_height));
            }
        }
    }
    if sizes.is_empty() {
        sizes.extend(
            device
                .format()
                .map(|format| Size::new(format.width, format.height)),
        );
    }
    sizes
}

/// The highest rate for a size; if the driver does not say, what is set, or what most cameras have.
fn highest_rate(device: &Device, fourcc: FourCC, size: Size) -> f32 {
    let intervals = device
        .enum_frameintervals(fourcc, size.width, size.height)
        .unwrap_or_default();
    let rates = intervals
        .into_iter()
        .filter_map(|offered| match offered.interval {
            FrameIntervalEnum::Discrete(interval) => rate(interval),
            FrameIntervalEnum::Stepwise(range) => rate(range.min),
        });
    let set = || {
        device
            .params()
            .ok()
            .and_then(|params| rate(params.interval))
    };
    rates.reduce(f32::max).or_else(set).unwrap_or(30.0)
}

fn rate(interval: Fraction) -> Option<f32> {
    let fps = interval.denominator as f32 / interval.numerator as f32;
    (fps.is_finite() && fps > 0.0).then_some(fps)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(fourcc: &[u8; 4], width: u32, height: u32, fps: f32) -> Offer {
        let fourcc = FourCC::new(fourcc);
        Offer {
            fourcc,
            pixels: Pixels::of(fourcc).unwrap(),
            size: Size::new(width, height),
            fps,
        }
    }

    /// A webcam as they are sold: raw pictures are slow where they are large.
    fn webcam() -> Vec<Offer> {
        vec![
            offer(b"YUYV", 640, 480, 30.0),
            offer(b"YUYV", 1280, 720, 10.0),
            offer(b"YUYV", 1920, 1080, 5.0),
            offer(b"MJPG", 640, 480, 30.0),
            offer(b"MJPG", 1280, 720, 30.0),
            offer(b"MJPG", 1920, 1080, 30.0),
        ]
    }

    fn chosen(offers: &[Offer], size: Option<(u32, u32)>, fps: Option<u32>) -> String {
        let size = size.map(|(width, height)| Size::new(width, height));
        let offer = choose(
            offers,
            &SourceOptions {
                size,
                fps,
                ..SourceOptions::default()
            },
            None,
        )
        .unwrap();
        format!("{} {}@{}", offer.fourcc, offer.size, offer.fps)
    }

    #[test]
    fn a_webcams_best_is_720p_even_if_it_has_to_be_mjpeg() {
        assert_eq!(chosen(&webcam(), None, None), "MJPG 1280x720@30");
    }

    #[test]
    fn the_wanted_size_is_taken_at_its_highest_rate() {
        assert_eq!(
            chosen(&webcam(), Some((1920, 1080)), None),
            "MJPG 1920x1080@30"
        );
        assert_eq!(chosen(&webcam(), Some((640, 480)), None), "YUYV 640x480@30");
    }

    #[test]
    fn a_size_that_is_not_offered_gets_the_nearest() {
        assert_eq!(chosen(&webcam(), Some((800, 600)), None), "YUYV 640x480@30");
        assert_eq!(
            chosen(&webcam(), Some((3840, 2160)), None),
            "MJPG 1920x1080@30"
        );
    }

    #[test]
    fn a_low_wanted_rate_lets_uncompressed_pictures_win() {
        assert_eq!(
            chosen(&webcam(), Some((1280, 720)), Some(10)),
            "YUYV 1280x720@10"
        );
        assert_eq!(chosen(&webcam(), None, Some(5)), "YUYV 1280x720@5");
    }

    #[test]
    fn uncompressed_pictures_of_either_order_come_before_mjpeg() {
        for raw in [b"YUYV", b"UYVY"] {
            let raw = offer(raw, 1280, 720, 30.0);
            let mjpeg = offer(b"MJPG", 1280, 720, 30.0);
            for offers in [[raw, mjpeg], [mjpeg, raw]] {
                assert_eq!(choose(&offers, &SourceOptions::default(), None), Some(raw));
            }
        }
    }

    #[test]
    fn forms_that_nothing_here_reads_are_not_taken() {
        for fourcc in [b"RGB3", b"NV12", b"H264"] {
            assert_eq!(Pixels::of(FourCC::new(fourcc)), None);
        }
    }

    #[test]
    fn a_wanted_rate_is_not_exceeded() {
        assert_eq!(
            chosen(&[offer(b"YUYV", 640, 480, 120.0)], None, Some(50)),
            "YUYV 640x480@50"
        );
    }

    #[test]
    fn smooth_is_better_than_large() {
        let offers = [
            offer(b"YUYV", 640, 480, 25.0),
            offer(b"YUYV", 1280, 720, 12.5),
        ];
        assert_eq!(chosen(&offers, None, None), "YUYV 640x480@25");
    }

    #[test]
    fn a_device_with_large_pictures_only_gives_the_smallest_of_them() {
        let offers = [
            offer(b"MJPG", 3840, 2160, 30.0),
            offer(b"MJPG", 1920, 1080, 60.0),
        ];
        assert_eq!(chosen(&offers, None, None), "MJPG 1920x1080@60");
    }

    #[test]
    fn what_cannot_be_encoded_is_no_choice() {
        assert_eq!(choose(&[], &SourceOptions::default(), None), None);
        assert_eq!(
            choose(
                &[offer(b"YUYV", 8000, 6000, 30.0)],
                &SourceOptions::default(),
                None
            ),
            None
        );
    }
}
